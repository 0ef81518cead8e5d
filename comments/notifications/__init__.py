"""Who is told what: mails, in the site's outbox, once per event and address; and messages to chat rooms.

recipients: who gets a mail about a decision
reports:    mails to members who reported a comment
handover:   the mail to a colleague to whom a comment was handed
held_up_articles: the mail to editors about a scheduled article that does not appear
log_alarm:  the mail to those who run the site when the audit log does not verify
mail_alarm: the same when strangers ask for very many mails
subscriptions: what an address is told, and how; asking it once to confirm itself
sending_times: when a mail may be sent, by the reader's hour, quiet hours and zone
fan_out:    from what has happened to notices: who is to be told what
mailings:   from notices to mails and digests, and what their templates need
links:      addresses in mails, and the signed ones that let a moderator decide
outbox:     the outbox of the release before, which moves into the site's
contexts:   what their templates need, and whether a letter is still right when it is sent
letter_names: which letters there are
pace:       how fast somebody is told: one by one or gathered, at most so many an hour, quiet hours
moderators: comments that wait, to moderators: at once or in a digest
authors:    comments that appear, to the authors of their articles
alarm:      the reminder that the oldest comment has waited for too long
choices:    what people of the newsroom choose to be mailed
address_facts: what subscriptions know of one address, for staff who are asked why no mail comes
chat:       chat rooms, and what they are to be told
chat_words: what they read
chat_delivery: posting it to them
"""

from collections.abc import Iterable

from django.db.models import Q

from comments.models import Appeal, Comment, Decision, Delivery
from comments.notifications.alarm import sound_alarm
from comments.notifications.authors import tell_authors
from comments.notifications.chat import tell_report
from comments.notifications.chat_delivery import deliver
from comments.notifications.handover import not_handed_over, queue_handed_over
from comments.notifications.held_up_articles import queue_held_up
from comments.notifications.letter_names import COMMENT, DECISION
from comments.notifications.log_alarm import verify_and_tell
from comments.notifications.moderators import note as note_waiting
from comments.notifications.moderators import send_digests, tell_moderators
from comments.notifications.outbox import take_over
from comments.notifications.recipients import Recipient, recipients, rejected
from comments.notifications.reports import no_outcome, queue_outcomes, queue_receipt
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import drop, enqueue
from newsreader.mailing.outbox import forget as forget_about

__all__ = [
    "deliver",
    "enqueue",
    "forget",
    "letters",
    "no_outcome",
    "not_any_more",
    "not_handed_over",
    "note_waiting",
    "queue",
    "queue_handed_over",
    "queue_held_up",
    "queue_outcomes",
    "queue_receipt",
    "queue_rejection",
    "send_digests",
    "sound_alarm",
    "take_back",
    "take_over",
    "tell_authors",
    "tell_moderators",
    "tell_report",
    "verify_and_tell",
]


def queue(decided: Iterable[tuple[Comment, Decision]]) -> int:
    """Queue the mails about these decisions, and wake the worker. Returns how many."""
    return enqueue(letters(decided))


def letters(decided: Iterable[tuple[Comment, Decision]]) -> list[Letter]:
    """Return the mails about these decisions, for `enqueue`."""
    return _letters(recipients(decided))


def queue_rejection(appeal: Appeal) -> int:
    """Queue the mail that an appeal was rejected. Returns how many: one or none.

    When an appeal is granted, the author gets the mail that the comment is published.
    """
    return enqueue(_letters(rejected(appeal)))


def _letters(wanted: Iterable[Recipient]) -> list[Letter]:
    return [
        Letter(name=name, about=DECISION, about_id=decision.pk, address=address, language=language)
        for decision, name, address, language in wanted
    ]


def take_back(comment: Comment) -> int:
    """Drop the unsent mails about a comment that its author has withdrawn. Returns how many."""
    decisions = list(comment.decisions.values_list("pk", flat=True))
    return drop(DECISION, decisions, tried=True) + drop(COMMENT, [comment.pk], tried=True)


def forget(*comment_ids: int) -> int:
    """Delete all mails about comments that are erased, and about the decisions on them. Returns how many."""
    decisions = list(Decision.objects.filter(comment__in=comment_ids).values_list("pk", flat=True))
    before = Delivery.objects.filter(Q(decision__in=decisions) | Q(comment__in=comment_ids)).delete()[0]
    return before + forget_about(DECISION, decisions) + forget_about(COMMENT, comment_ids)


def not_any_more(decisions: Iterable[Decision]) -> int:
    """Drop the unsent mails about decisions that were undone. Returns how many."""
    return drop(DECISION, [row.pk for row in decisions])
