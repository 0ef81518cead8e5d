"""Why a reply or a decision is refused. The codes are WordPress' where it has one, so that programs understand both."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Sentence, TooMany


class NoSuchArticle(DomainError):
    """Unknown, draft, scheduled or withdrawn: one answer for all, so that nobody learns which."""

    code, status, sentence = "not_found", 404, _("There is no such article.")


class CommentsClosed(Forbidden):
    code, sentence = "comment_closed", _("Comments are closed. Your text is below, so that you can keep it.")


class NotLoggedIn(Forbidden):
    code, sentence = "not_logged_in", _("Please sign in to reply. Your text is kept below.")


class Banned(Forbidden):
    """`appeal_url` leads to the private page on which the banned may object; empty where there is none."""

    code, sentence = "banned", _("This account cannot reply here. Your text is below, so that you can keep it.")

    def __init__(self, sentence: str | None = None, *, appeal_url: str = ""):
        self.appeal_url = appeal_url
        super().__init__(sentence)


class NetworkBanned(Banned):
    sentence = _("Nobody can reply here from your network. Your text is below, so that you can keep it.")


class ReplyToUnapproved(Forbidden):
    code = "comment_reply_to_unapproved_comment"
    sentence = _(
        "The comment you are answering is not there any more. Your text is kept; sent again, it stands on its own."
    )


class ForgeryRefused(Forbidden):
    code = "forgery_refused"
    sentence = _("We could not make sure that this came from you. Please look it over and send it again.")


class ParentMismatch(Invalid):
    def __init__(self) -> None:
        sentence = _("The comment you are answering stands under another article; sent again, yours stands on its own.")
        super().__init__([FieldError("parent", "comment_parent_mismatch", sentence)])


class KeyReused(Invalid):
    def __init__(self) -> None:
        sentence = _("This form was already sent with something else in it. Please send it again.")
        super().__init__([FieldError("key", "idempotency_key_reused", sentence)])


class Duplicate(Conflict):
    """The same text by the same person; `url` leads to the first where that is approved, else it is empty."""

    code, sentence = "comment_duplicate", _("It looks as though you have already said that.")

    def __init__(self, url: str = ""):
        self.url = url
        super().__init__()


class Flood(TooMany):
    code = "comment_flood"
    sentence: Sentence = _("You are replying very fast. Please wait a moment and send it again.")


class SlowMode(Flood):
    """Too soon after one's last comment under an article in slow mode; `pause` is worded."""

    def __init__(self, retry_after: int, pause: str):
        super().__init__(retry_after, pause=pause)
        said = _("This discussion is in slow mode: %s between two comments of one person. Please send it again then.")
        self.sentence = str(said) % pause


class Withdrawn(Conflict):
    code = "comment_withdrawn"
    sentence = _("Its author has withdrawn this comment, so it stays removed.")


class ReasonRequired(Invalid):
    """A person removes a comment without a reason, or gives one that is not `offered` (code -> label)."""

    def __init__(self, given: str, offered: Mapping[str, str]):
        if not offered:
            said = _("No reason is offered at the moment. An editor can add one to the list of reasons.")
        elif given:
            said = _("“%(given)s” is not one of the reasons to choose from. Please choose one of these: %(offered)s.")
        else:
            said = _("Please choose why this comment is moved to the trash: %(offered)s.")
        listed = ", ".join(f"{label} ({code})" for code, label in offered.items())
        sentence = str(said) % {"given": given[:40], "offered": listed} if offered else said
        super().__init__([FieldError("reason", "reason_required", sentence)])


class NotYours(Forbidden):
    code, sentence = "not_yours", _("Only its author may do this.")


class EditingOver(Forbidden):
    code, sentence = "editing_over", _("A comment can be changed for 15 minutes after it was left.")


class EditedTooOften(EditingOver):
    sentence = _("This comment has been changed so often that it has to stay as it is.")


class Removed(Forbidden):
    code, sentence = "comment_removed", _("An editor has removed this comment.")


class DecidedMeanwhile(Conflict):
    """Somebody has decided about this comment since it was shown; `decision` is theirs."""

    code = "decided_meanwhile"

    def __init__(self, decision: Any):
        self.decision = decision
        who = decision.by.shown_name if decision.by else _("A rule")
        said = _("%(who)s decided meanwhile: %(status)s. Nothing was changed.")
        super().__init__(said % {"who": who, "status": decision.get_after_display()})


class TooManyPatterns(Conflict):
    """More regular expressions would be looked for together than a comment can be made to wait for."""

    code = "too_many_patterns"

    def __init__(self, most: int):
        said = _(
            "At most %d regular expressions may be in force, and together they must not become too large. "
            "Put others out of force first, or write several as one: this|that."
        )
        super().__init__(said % most)


class NoSuchComment(DomainError):
    """Unknown, waiting, removed, or under an article that readers do not see: one answer for all."""

    code, status, sentence = "not_found", 404, _("There is no such comment, or not any more.")


class OwnComment(Forbidden):
    code = "own_comment"
    sentence = _("This comment is your own. On its private page you can change it or take it back.")


class AlreadyReported(Conflict):
    """Reported before by the same account or network; `url` is the receipt where the first is surely theirs."""

    code = "report_twice"
    sentence = _(
        "You have reported this comment already, or somebody in your network has. The editors will look at it."
    )

    def __init__(self, url: str = ""):
        self.url = url
        super().__init__()


class ReportFlood(TooMany):
    code, sentence = "report_flood", _("You are reporting very fast. Please wait a moment and send it again.")


class NotRefused(Conflict):
    code, sentence = "not_refused", _("No editor has refused this comment, so there is nothing to object to.")


class AppealedTwice(Conflict):
    code, sentence = "appeal_twice", _("You have objected already. That is possible once.")


class AppealOpen(Conflict):
    """Somebody else's appeal against the same ban is open."""

    code, sentence = "appeal_open", _("An objection to this is being looked at already. Please come back later.")


class AppealFlood(TooMany):
    code, sentence = "appeal_flood", _("You are objecting very fast. Please wait a moment and send it again.")


class BanOver(Conflict):
    code, sentence = "ban_over", _("This is over: replies are possible again.")


class NotKept(Conflict):
    code, sentence = "not_kept", _("No editor has decided that this comment stays, so there is nothing to object to.")


class ObjectedTwice(AppealedTwice):
    code = "objection_twice"


class AppealSettled(Conflict):
    code, sentence = "appeal_settled", _("Somebody has decided about this appeal meanwhile.")


class OwnDecision(Forbidden):
    code, sentence = (
        "own_decision",
        _("This appeal is against a decision of yours. Another moderator decides about it."),
    )
