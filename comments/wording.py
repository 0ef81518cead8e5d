"""Codes of reasons and refusals -> sentences, in the language of whoever reads them."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comments.models import Comment

# What a moderator may give as a reason; the codes are what is stored.
CHOICES = {
    "": gettext_lazy("no reason"),
    "spam": gettext_lazy("spam or advertising"),
    "off_topic": gettext_lazy("not about the article"),
    "abuse": gettext_lazy("insulting or abusive"),
    "personal_data": gettext_lazy("gives away personal data"),
    "illegal": gettext_lazy("against the law"),
    "duplicate": gettext_lazy("said before"),
    "mistake": gettext_lazy("an earlier decision was a mistake"),
}


def worded(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """Return each reason as a sentence; an unknown code stands for itself."""
    return [_reason(reason["code"], reason.get("params") or {}) for reason in reasons]


def _reason(code: str, params: dict[str, Any]) -> str:
    if code in CHOICES:
        return str(CHOICES[code])
    match code:
        case "first_comment":
            return _("first comment of this person")
        case "hold_everything":
            return _("every comment is held")
        case "too_many_links":
            return _("%(links)s links, %(allowed)s allowed") % {
                "links": params.get("links"),
                "allowed": params.get("allowed"),
            }
        case "held_words":
            return _("words on the list: %s") % ", ".join(params.get("words", []))
        case "spam_words":
            return _("words on the spam list: %s") % ", ".join(params.get("words", []))
        case "refused_words":
            return _("words on the list of refusals: %s") % ", ".join(params.get("words", []))
        case "listed_network":
            return _("from a network on the list")
        case "honeypot":
            return _("filled in a field that no person sees")
        case "too_fast":
            return _("sent %s seconds after the form was touched") % params.get("seconds", "")
        case "address_confirmed":
            return _("the address was confirmed by its owner")
        case "reserved_name":
            return _("the name looks like “%s”") % params.get("name", "")
        case "imported":
            return _("imported")
        case "withdrawn":
            return _("withdrawn by its author")
    return code


def shown_status(comment: Comment) -> str:
    """The status as its author is told it: what a rule made spam or trash looks like waiting until a person decides."""
    if comment.status in {Comment.Status.PENDING, Comment.Status.APPROVED}:
        return comment.status
    last = comment.decisions.order_by("-number").first()
    return Comment.Status.PENDING if last is None or last.rule else comment.status
