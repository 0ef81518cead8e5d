"""Codes of reasons and refusals -> sentences, in the language of whoever reads them."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comments.models import Comment
from comments.reasons import label_of
from comments.settling import standing_decision

# What rules give as reasons, without what they found: for filters and figures.
KINDS = {
    "first_comment": gettext_lazy("first comment of a person"),
    "trust_lost": gettext_lazy("trust lost by refusals"),
    "held_words": gettext_lazy("words on the list"),
    "spam_words": gettext_lazy("words on the spam list"),
    "refused_words": gettext_lazy("words on the list of refusals"),
    "listed_pattern": gettext_lazy("regular expressions on the list"),
    "listed_agent": gettext_lazy("browsers on the list"),
    "listed_network": gettext_lazy("networks on the list"),
    "too_many_links": gettext_lazy("too many links"),
    "too_fast": gettext_lazy("sent too fast"),
    "honeypot": gettext_lazy("a field that no person sees"),
    "reserved_name": gettext_lazy("name of somebody here"),
    "hold_everything": gettext_lazy("every comment is held"),
    "surge": gettext_lazy("surge"),
    "quiet_ban": gettext_lazy("banned without being told"),
    "reported": gettext_lazy("reported by readers"),
}


def kind_of(code: str) -> str:
    """Name a reason without its parameters; an unknown code stands for itself."""
    return str(KINDS[code]) if code in KINDS else _reason(code, {})


def worded(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """Return each reason as a sentence; an unknown code stands for itself."""
    return [_reason(reason["code"], reason.get("params") or {}) for reason in reasons]


def _reason(code: str, params: dict[str, Any]) -> str:
    match code:
        case "first_comment":
            return _("first comment of this person")
        case "trust_lost":
            return _("several of this person’s comments were refused of late")
        case "hold_everything":
            return _("every comment is held")
        case "surge":
            return _("very many were writing under this article")
        case "quiet_ban":
            return _("banned without being told")
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
        case "listed_pattern":
            return _("regular expressions on the list: %s") % ", ".join(params.get("patterns", []))
        case "listed_agent":
            return _("browsers on the list: %s") % ", ".join(params.get("agents", []))
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
        case "erased":
            return _("its personal data was erased")
        case "undone":
            return _("an earlier decision was undone")
        case "reported":
            return _("reported by %s readers") % params.get("count", "")
        case "appeal_granted":
            return _("the author's appeal was granted")
    return label_of(code) or code


def shown_status(comment: Comment) -> str:
    """The status as its author is told it: what a rule made spam or trash looks like waiting until a person decides."""
    if comment.status in {Comment.Status.PENDING, Comment.Status.APPROVED}:
        return comment.status
    decision = standing_decision(comment)
    return Comment.Status.PENDING if decision is None or decision.rule else comment.status
