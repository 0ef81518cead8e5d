"""The editors' site: Django's admin, opening on the moderation queue, behind the same sign-in as everything else."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from comments.models import Comment
from newsreader.kit.keys import SoundLists


class Desk(AdminSite):
    """Django's admin with the moderation queue first."""

    site_header = site_title = _("Newsroom")
    index_title = _("Everything else")
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin"):
        super().__init__(name)
        # allauth's sign-in, with its limits and emailed codes, in place of the admin's own form.
        self.login = secure_admin_login(self.login)  # type: ignore[method-assign]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As in Django, and every admin, a library's as well, bears any key that a browser sends."""
        admin_class = admin_class or ModelAdmin
        sound = type(admin_class.__name__, (SoundLists, admin_class), {"__module__": admin_class.__module__})
        super().register(model_or_iterable, sound, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("moderation/", self.admin_view(self.moderation), name="moderation"), *super().get_urls()]

    def moderation(self, request: HttpRequest) -> HttpResponse:
        """The queue of waiting comments; the comments' admin knows how."""
        return self._registry[Comment].queue_view(request)  # type: ignore[attr-defined]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        if request.user.has_perm("comments.moderate_comment"):
            return self.moderation(request)
        return super().index(request, extra_context)
