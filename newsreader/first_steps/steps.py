"""The steps from an empty site to a newspaper. To add one, write its function and its line in STEPS.

Whether a step is done is seen by looking at what the site holds, never remembered. That an editor does not want one is
an event of the audit log; the last one about a step counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.models.origins import ImportRun
from articles.models.site import Site
from articles.models.taxonomy import Section
from comments.audit import audit_log
from comments.models import AuditEntry
from newsreader.accounts.models import User
from newsreader.first_steps import providers

KIND = "first_step"  # of the events in the audit log
Anybody = User | AnonymousUser


@dataclass(frozen=True)
class Step:
    """One step: how it is called, what it is about, where it is done, and who may do it there."""

    name: str
    title: Promise
    text: Promise
    link: Promise
    where: Callable[[Any], str]  # the address, for somebody
    is_done: Callable[[], bool]
    permission: str = "articles.change_site"


@dataclass(frozen=True)
class Shown:
    """A step as somebody sees it."""

    step: Step
    done: bool
    dismissed: bool
    address: str  # empty: somebody else has to do it

    @property
    def is_open(self) -> bool:
        return not self.done and not self.dismissed


def colleagues_address(user: Any) -> str:
    """Return where a colleague is invited."""
    return reverse("admin:accounts_invitation_add")


def _site() -> str:
    return reverse("admin:articles_site_change", args=[1])


def _is_named() -> bool:
    return Site.objects.current().name != Site._meta.get_field("name").default


def _has_colleagues() -> bool:
    return User.objects.filter(is_staff=True, is_active=True).count() > 1


STEPS = (
    Step(
        "name",
        _("Name your newspaper"),
        _(
            "The name and the line under it stand at the top of every page; a logo can stand in place of the name. "
            "Colour and how dates are written are chosen there, too."
        ),
        _("Name, colour and logo"),
        lambda user: _site(),
        _is_named,
    ),
    Step(
        "sections",
        _("Make sections"),
        _("Town, Sport, Opinion: each gets a page, a feed and a place in the menu."),
        _("Add a section"),
        lambda user: reverse("admin:articles_section_add"),
        lambda: Section.objects.exists(),
        "articles.add_section",
    ),
    Step(
        "language",
        _("Set language and time zone"),
        _("They are settings of the server: whoever runs it sets them, and starts the site again."),
        _("What is set now"),
        lambda user: reverse("first-steps") + "#language",
        lambda: {"LANGUAGE_CODE", "TIME_ZONE"} <= settings.CHOSEN,
    ),
    Step(
        "colleague",
        _("Invite a colleague"),
        _("Authors write, moderators look after the comments, editors do both and publish."),
        _("Colleagues"),
        colleagues_address,
        _has_colleagues,
        "accounts.add_invitation",
    ),
    Step(
        "import",
        _("Bring your WordPress site along"),
        _("Articles, pages and every comment. You see what would come in before anything changes."),
        _("Import from WordPress"),
        lambda user: reverse("import-start"),
        lambda: ImportRun.objects.filter(undone_at=None).exclude(finished_at=None).exists(),
        "articles.publish_article",
    ),
    Step(
        "providers",
        _("Let readers sign in with accounts they have"),
        _("Google, Apple, Facebook and others, each with a key of your own. Email codes and passkeys need none."),
        _("What to register where"),
        lambda user: reverse("sign-in-providers"),
        lambda: any(row.is_on for row in providers.rows()),
    ),
    Step(
        "article",
        _("Write the first article"),
        _("Save it as a draft, look at it as readers will, then publish."),
        _("New article"),
        lambda user: reverse("admin:articles_article_add"),
        lambda: has_own_articles(),
        "articles.add_article",
    ),
)
_BY_NAME = {step.name: step for step in STEPS}


def has_own_articles() -> bool:
    """Say whether anything here was written here, or is the demonstration's: not imported."""
    return Article.objects.filter(origin_id="").exists()


def may_see(user: Any) -> bool:
    return bool(user.has_perm("articles.change_site"))


def shown_to(user: Any) -> list[Shown]:
    """Return all steps, in order. A fixed number of queries."""
    dismissed = _dismissed()
    return [
        Shown(step, step.is_done(), step.name in dismissed, step.where(user) if user.has_perm(step.permission) else "")
        for step in STEPS
    ]


def open_at_first(user: Any) -> list[Shown]:
    """Return the steps for the newsroom's first page: all as long as one is open and the site has no own articles.

    None for those who may not change the site. One query where the site has own articles.
    """
    if not may_see(user) or has_own_articles():
        return []
    found = shown_to(user)
    return found if any(row.is_open for row in found) else []


def dismiss(name: str, *, on: bool, by: User) -> bool:
    """Do not show a step any more, or show it again (`on=False`). Returns False for a step that there is not.

    Raises PermissionDenied.
    """
    if not may_see(by):
        raise PermissionDenied
    if name not in _BY_NAME:
        return False
    audit_log.note(KIND, f"step:{name}", by=by, facts={"dismissed": on})
    return True


def _dismissed() -> set[str]:
    """Return the names of the steps whose last event says so."""
    last = dict(AuditEntry.objects.filter(kind=KIND).order_by("pk").values_list("subject", "facts"))
    return {subject.removeprefix("step:") for subject, facts in last.items() if facts.get("dismissed")}
