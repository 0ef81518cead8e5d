"""The newsroom: Django's admin, which opens on the moderation queue and uses the site's own sign-in."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from articles import publishing, submissions
from articles.current_site import current_site
from comments.desk import mail_choices_views, queue_views, stats_views
from comments.models.permissions import may_moderate
from newsreader.first_steps import steps
from newsreader.kit import page_language
from newsreader.kit.admin_conflicts import KeepsNewer
from newsreader.kit.admin_inputs import SoundLists
from newsreader.kit.admin_lists import SaysWhatGoes

ROOMS = {"account": _("Sign-in addresses"), "auth": _("Rights")}  # of libraries, by their app


class NewsroomSite(AdminSite):
    """Django's admin with the moderation queue first."""

    site_header = site_title = _("Newsroom")
    index_title = _("Everything else")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return super().has_permission(request) and user.acts_as_staff

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Use allauth's sign-in, with its rate limits and emailed codes, instead of the admin's own form."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As in Django. A page that answers a form is in the site's language: with this, every page of ours begins."""
        if page_language.is_open(request):
            page_language.settle(request, current_site(request).language)
        return super().each_context(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """As in Django; the rooms of libraries, and lists that say so (`listed`), are called what is in them."""
        found = super().get_app_list(request, app_label)
        for room in found:
            room["name"] = ROOMS.get(room["app_label"], room["name"])
            for row in room["models"]:
                row["name"] = capfirst(getattr(self._registry[row["model"]], "listed", row["name"]))
        return sorted(found, key=lambda room: str(room["name"]).lower())

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As in Django, and make every ModelAdmin, a library's too, accept any key and overwrite nothing newer.

        What would be deleted is named without rows that only connect.
        """
        admin_class = admin_class or ModelAdmin
        kinds = (SoundLists, KeepsNewer, SaysWhatGoes, admin_class)
        sound = type(admin_class.__name__, kinds, {"__module__": admin_class.__module__})
        super().register(model_or_iterable, sound, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("", self.admin_view(self.opening), name="index"),
            path("moderation/", self.admin_view(queue_views.queue), name="moderation"),
            path("moderation/figures/", self.admin_view(stats_views.figures_view), name="moderation-figures"),
            path("moderation/mails/", self.admin_view(mail_choices_views.mail_choices), name="moderation-mails"),
            path("moderation/<int:comment_id>/", self.admin_view(queue_views.tools), name="moderation-comment"),
            path("moderation/<int:comment_id>/alike/", self.admin_view(queue_views.alike), name="moderation-alike"),
        ]
        return [*own, *super().get_urls()]

    def opening(self, request: HttpRequest) -> HttpResponse:
        """Show moderators the queue, everybody else Django's index; above it, the first steps of a new site."""
        if may_moderate(request.user):
            page = queue_views.queue(request)
        elif request.user.has_perm("articles.publish_article"):
            shown = {"held_up": publishing.held_up(), "waiting_articles": submissions.waiting().count()}
            page = self.index(request, shown)
        else:
            page = self.index(request)
        if request.method == "GET" and isinstance(page, TemplateResponse) and page.context_data is not None:
            page.context_data["first_steps"] = steps.open_at_first(request.user)
        return page
