"""The record in sentences: who did what with a comment, and when, for people who read it.

To word a new kind of audit entry, add its sentence to EVENTS; a kind without one is shown by its name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from comments.audit.reason_codes import ERASED, UNDONE, WITHDRAWN
from comments.audit.reason_texts import kind_of, worded
from comments.models import AuditEntry, Comment, Decision, Label
from newsreader.accounts.models import User

Status = Comment.Status
Sentence = str | Promise

BY_PERSON: dict[str, Sentence] = {
    Status.APPROVED: gettext_lazy("%(name)s approved this"),
    Status.PENDING: gettext_lazy("%(name)s sent this back to the queue"),
    Status.SPAM: gettext_lazy("%(name)s sent this to spam"),
    Status.TRASH: gettext_lazy("%(name)s moved this to the trash"),
}
BY_RULE: dict[str, Sentence] = {
    Status.APPROVED: gettext_lazy("Published without review"),
    Status.PENDING: gettext_lazy("Held for review"),
    Status.SPAM: gettext_lazy("Sent to spam by a rule"),
    Status.TRASH: gettext_lazy("Moved to the trash by a rule"),
}
AGAIN: dict[str, Sentence] = {  # Undone: what it is once more.
    Status.APPROVED: gettext_lazy("%(name)s undid a decision: published again"),
    Status.PENDING: gettext_lazy("%(name)s undid a decision: waiting again"),
    Status.SPAM: gettext_lazy("%(name)s undid a decision: in spam again"),
    Status.TRASH: gettext_lazy("%(name)s undid a decision: in the trash again"),
}


def of_decision(row: Decision) -> str:
    """Return a decision as a sentence with its reasons: "Ana Ruiz sent this to spam: advertising". `by` is loaded."""
    reasons = worded(row.reasons)
    if row.reason == WITHDRAWN and not row.source:
        return _("Its author withdrew this")
    if row.source or (row.by_id is None and not row.before):
        said = _by_rule(row.after, row.source)
    else:
        name = row.by.shown_name if row.by else _("Somebody")
        undone = row.reason == UNDONE
        said = str((AGAIN if undone else BY_PERSON)[row.after]) % {"name": name}
        reasons = reasons[1:] if undone or row.reason == ERASED else reasons
    return f"{said}: {' · '.join(reasons)}" if reasons else said


def _by_rule(after: str, source: str) -> str:
    """Word a rule's decision; the rule is named where it is not simply the checks at posting."""
    said = str(BY_RULE[after])
    return f"{said} ({source})" if source and source != "posting" else said


def moment(at: dt.datetime) -> str:
    """Return a time in short, in the language in use: "3 March, 14:05"; with the year where it is another."""
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime().year
    return f"{date_format(local, 'MONTH_DAY_FORMAT' if this_year else 'DATE_FORMAT')}, {time_format(local)}"


# --- The audit log ------------------------------------------------------------------------------------------------

EVENTS: dict[str, str] = {
    "account_added": noop("%(name)s added an account"),
    "account_changed": noop("%(name)s changed an account"),
    "account_deleted": noop("%(name)s deleted an account"),
    "appeal": noop("Its author appealed"),
    "appeal_settled": noop("%(name)s decided an appeal: %(outcome)s"),
    "ban": noop("%(name)s banned somebody"),
    "ban_appeal": noop("Somebody appealed against a ban"),
    "ban_appeal_settled": noop("%(name)s decided an appeal against a ban: %(outcome)s"),
    "ban_lifted": noop("%(name)s lifted a ban"),
    "chat_added": noop("%(name)s added a chat webhook"),
    "chat_changed": noop("%(name)s changed a chat webhook"),
    "chat_removed": noop("%(name)s removed a chat webhook"),
    "chat_switched_off": noop("A chat webhook was switched off: it had not answered for days"),
    "demonstration_loaded": noop("The demonstration was loaded"),
    "discussion_changed": noop("%(name)s changed the settings of one discussion"),
    "edit": noop("%(name)s edited the text"),
    "erasure": noop("%(name)s erased personal data"),
    "first_step": noop("%(name)s put off a first step, or took it up again"),
    "group_added": noop("%(name)s added a group"),
    "group_changed": noop("%(name)s changed a group"),
    "group_deleted": noop("%(name)s deleted a group"),
    "handed_over": noop("%(name)s handed this to %(to)s"),
    "import": noop("%(name)s imported a site"),
    "import_begun": noop("%(name)s started an import"),
    "import_undone": noop("%(name)s undid an import"),
    "import_uploaded": noop("%(name)s uploaded a file to import"),
    "invitation_accepted": noop("Somebody accepted an invitation"),
    "invitation_cleared": noop("An old invitation was cleared"),
    "invitation_revoked": noop("%(name)s revoked an invitation"),
    "invitation_sent": noop("%(name)s invited somebody"),
    "label": noop("%(name)s set the label “%(label)s”"),
    "label_off": noop("%(name)s removed the label “%(label)s”"),
    "log_opened": noop("The log was started"),
    "mail_sent_again": noop("%(name)s sent an email again that had been given up"),
    "note": noop("%(name)s left a note"),
    "own_appeal_settled": noop("%(name)s decided an appeal against their own decision: nobody else could"),
    "person_erased": noop("A person was erased, on request"),
    "pick": noop("%(name)s picked this"),
    "pick_off": noop("%(name)s removed the pick"),
    "reason_added": noop("%(name)s added a reason"),
    "reason_changed": noop("%(name)s changed a reason"),
    "reopened": noop("%(name)s undid a decision: reports and appeals are open again"),
    "report": noop("A reader reported this: %(reason)s"),
    "report_objection": noop("The reader who reported this asked for a second look"),
    "report_settled": noop("%(name)s closed a report: %(outcome)s"),
    "rule_added": noop("%(name)s added an entry to the block list"),
    "rule_changed": noop("%(name)s changed an entry of the block list"),
    "rule_deleted": noop("%(name)s deleted an entry of the block list"),
    "rule_switched": noop("%(name)s switched an entry of the block list on or off"),
    "rules_changed": noop("%(name)s changed the comment settings"),
    "second_factor_added": noop("%(name)s added a second factor to an account"),
    "second_factor_removed": noop("%(name)s removed a second factor from an account"),
    "suppression_lifted": noop("%(name)s had emails sent again to an address that got none"),
    "surge": noop("A surge changed how a discussion works"),
}


def events() -> dict[str, str]:
    """Return what each kind of entry is about, in a few words without names, by kind."""
    left_out = dict.fromkeys(("name", "to", "label", "outcome", "reason"), "…")
    told = {kind: (_(said) % left_out).removeprefix("… ").removesuffix(": …") for kind, said in EVENTS.items()}
    return {kind: capfirst(said) for kind, said in told.items()} | {"decision": _("A decision about a comment")}


def of_entry(entry: AuditEntry, names: Mapping[int, str]) -> str:
    """Return an audit entry as a sentence. `names` are those of the accounts in it (`names_in`)."""
    facts, kind = entry.facts or {}, entry.kind
    name = names.get(entry.by_account or 0) or (_("A deleted account") if entry.by_account else _("The site"))
    if kind == "decision":
        return _decided(facts, name if entry.by_account else "")
    if kind == "handed_over" and not facts.get("to"):
        return _("%(name)s handed this to nobody in particular") % {"name": name}
    if kind in {"label", "pick"} and not facts.get("on"):
        kind += "_off"
    if kind not in EVENTS:
        return f"{name}: {kind}"
    labels = dict(Label.Kind.choices)
    values = {
        "name": name,
        "to": names.get(facts.get("to") or 0) or _("a deleted account"),
        "label": labels.get(facts.get("kind", ""), facts.get("kind", "")),
        "outcome": facts.get("outcome", ""),
        "reason": facts.get("reason", ""),
    }
    return _(EVENTS[kind]) % values


def _decided(facts: Mapping[str, Any], name: str) -> str:
    """Word a decision from what its audit entry holds: codes, without their parameters."""
    codes, after = list(facts.get("codes", [])), facts.get("after", "")
    if after not in BY_RULE:
        return str(after)
    if codes == [WITHDRAWN] and not facts.get("source"):
        return _("Its author withdrew this")
    if not name:
        said = _by_rule(after, facts.get("source", ""))
    else:
        undone = codes[:1] == [UNDONE]
        said = str((AGAIN if undone else BY_PERSON)[after]) % {"name": name}
        codes = codes[1:] if undone else codes
    return f"{said}: {' · '.join(kind_of(code) for code in codes)}" if codes else said


def names_in(entries: Iterable[AuditEntry]) -> dict[int, str]:
    """Return the names of all accounts that these entries speak of. One query."""
    found: set[int] = set()
    for entry in entries:
        found |= {pk for pk in (entry.by_account, (entry.facts or {}).get("to")) if isinstance(pk, int)}
    return {user.pk: user.shown_name for user in User.objects.filter(pk__in=found)}
