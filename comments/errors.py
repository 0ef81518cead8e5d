"""Why a reply or a decision is refused. Codes are those of WordPress where it has one, so that programs know them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Sentence, TooMany


class NoSuchArticle(DomainError):
    """Unknown, draft, scheduled or withdrawn: the answer is the same, so that nobody learns which."""

    code, status, sentence = "not_found", 404, _("There is no such article.")


class CommentsClosed(Forbidden):
    code, sentence = "comment_closed", _("Comments are closed. You can still copy your text below.")


class NotLoggedIn(Forbidden):
    code, sentence = "not_logged_in", _("Please sign in to reply. Your text is kept below.")


class Banned(Forbidden):
    """`appeal_url` is the private page where the banned person can appeal; empty: there is none."""

    code, sentence = "banned", _("This account cannot reply here. You can still copy your text below.")

    def __init__(self, sentence: str | None = None, *, appeal_url: str = ""):
        self.appeal_url = appeal_url
        super().__init__(sentence)


class NetworkBanned(Banned):
    sentence = _("Replies from your network are blocked. You can still copy your text below.")


class ReplyToUnapproved(Forbidden):
    code = "comment_reply_to_unapproved_comment"
    sentence = _(
        "The comment you are replying to is no longer there. "
        "Your text is kept: post it again, and it becomes a comment of its own."
    )


class ForgeryRefused(Forbidden):
    code = "forgery_refused"
    sentence = _("We could not confirm that this came from you. Please check it and send it again.")


class ParentMismatch(Invalid):
    def __init__(self) -> None:
        sentence = _(
            "The comment you are replying to belongs to another article. "
            "Post yours again, and it becomes a comment of its own."
        )
        super().__init__([FieldError("parent", "comment_parent_mismatch", sentence)])


class Duplicate(Conflict):
    """The same person has posted the same text; `url` is the first comment's address if it is approved, else empty."""

    code, sentence = "comment_duplicate", _("You have already posted this.")

    def __init__(self, url: str = ""):
        self.url = url
        super().__init__()


class Flood(TooMany):
    code = "comment_flood"
    sentence: Sentence = _("Just a moment: please wait a few seconds, then post again.")


class SlowMode(Flood):
    """Too soon after the same person's last comment under an article in slow mode; `pause` is in words."""

    def __init__(self, retry_after: int, pause: str):
        super().__init__(retry_after, pause=pause)
        said = _("This discussion is in slow mode. Please wait %s between comments, then post again.")
        self.sentence = str(said) % pause


class Withdrawn(Conflict):
    code = "comment_withdrawn"
    sentence = _("The author has withdrawn this comment, so it stays removed.")


class ReasonRequired(Invalid):
    """A person removes a comment without a reason, or gives one that is not `offered` (code -> label)."""

    def __init__(self, given: str, offered: Mapping[str, str]):
        if not offered:
            said = _("No reason is offered at the moment. An editor can add one to the list of reasons.")
        elif given:
            said = _("“%(given)s” is not one of the reasons to choose from. Please choose one of these: %(offered)s.")
        else:
            said = _("Please choose why this comment is moved to the trash: %(offered)s.")
        listed = ", ".join(offered.values())
        sentence = str(said) % {"given": given[:40], "offered": listed} if offered else said
        super().__init__([FieldError("reason", "reason_required", sentence, choices=tuple(offered))])


class NotYours(Forbidden):
    code, sentence = "not_yours", _("Only the author of a comment can do this.")


class EditingOver(Forbidden):
    code, sentence = "editing_over", _("The time to edit this comment is over.")


class EditedTooOften(EditingOver):
    sentence = _("This comment has been edited too often and can no longer be changed.")


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
    """So many regular expressions, or such large ones, that checking a comment would take too long."""

    code = "too_many_patterns"

    def __init__(self, most: int):
        said = _(
            "At most %d regular expressions can be in force, and their total size is limited. "
            "Put others out of force first, or combine several into one: this|that."
        )
        super().__init__(said % most)


class NoSuchComment(DomainError):
    """Unknown, waiting, removed, or under an article that readers do not see: the answer is the same."""

    code, status, sentence = "not_found", 404, _("This comment does not exist, or is no longer available.")


class OwnComment(Forbidden):
    code = "own_comment"
    sentence = _("This is your own comment. You can edit or withdraw it on its status page.")


class AlreadyReported(Conflict):
    """The same account or network has reported it before; `url` is the receipt, if that report is certainly theirs."""

    code = "report_twice"
    sentence = _(
        "You have already reported this comment, or somebody on your network has. The editors will look at it."
    )

    def __init__(self, url: str = ""):
        self.url = url
        super().__init__()


class ReportFlood(TooMany):
    code, sentence = "report_flood", _("You are sending reports too fast. Please wait a moment, then send it again.")


class NotRefused(Conflict):
    code, sentence = "not_refused", _("No editor has refused this comment, so there is nothing to appeal.")


class AppealedTwice(Conflict):
    code, sentence = "appeal_twice", _("You have already appealed. You can appeal once.")


class AppealOpen(Conflict):
    """Somebody else's appeal against the same ban is open."""

    code, sentence = "appeal_open", _("An appeal against this ban is already being looked at. Please come back later.")


class AppealFlood(TooMany):
    code, sentence = "appeal_flood", _("You are sending appeals too fast. Please wait a moment, then send it again.")


class BanOver(Conflict):
    code, sentence = "ban_over", _("This ban has ended. You can reply again.")


class NotKept(Conflict):
    code, sentence = "not_kept", _("No editor has decided to keep this comment, so there is nothing to appeal.")


class ObjectedTwice(AppealedTwice):
    code = "objection_twice"


class AppealSettled(Conflict):
    code, sentence = "appeal_settled", _("Somebody has already decided this appeal.")


class OwnDecision(Forbidden):
    code, sentence = (
        "own_decision",
        _("This appeal is against your own decision. Another moderator has to decide it."),
    )
