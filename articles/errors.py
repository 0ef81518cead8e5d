"""Errors about articles."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Conflict, DomainError, FieldError, Invalid, Sentence
from newsreader.kit.times import NoTime


class AddressTaken(Conflict):
    code = "address_taken"
    sentence = _("Another article of that day has the same address, or is scheduled to get it. Please change the slug.")


class NeedsTime(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("scheduled_for", "required", _("Please say when to publish it."))])


class TimeRefused(Invalid):
    """It cannot be scheduled for this time: see newsreader.kit.times."""

    def __init__(self, none: NoTime) -> None:
        super().__init__([FieldError("scheduled_for", none.code, none.sentence)])


class TimePassed(Invalid):
    """It cannot be scheduled for a time that has passed."""

    def __init__(self) -> None:
        sentence = _("This time has passed. Please choose a later one.")
        super().__init__([FieldError("scheduled_for", "time_passed", sentence)])


class AddressFixed(Conflict):
    code, sentence = "address_fixed", _("This article has been published, so its address cannot change.")


class StateUnknown(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("state", "invalid_choice", _("There is no such state."))])


class StillPublished(Conflict):
    code, sentence = "still_published", _("Readers can see this article. Withdraw it first.")


class NotADraft(Conflict):
    code, sentence = "not_a_draft", _("Only a draft can be sent to the editors.")


class NoteMissing(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("note", "required", _("Please tell the author what is missing."))])


class NeverPublished(Conflict):
    code, sentence = "never_published", _("Readers have not seen this article yet, so there is nothing to correct.")


class CorrectionMissing(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("text", "required", _("Please say what was wrong."))])


class CorrectionTooLong(Invalid):
    def __init__(self, limit: int) -> None:
        said = str(_("A correction can be up to %d characters long.")) % limit
        super().__init__([FieldError("text", "too_long", said)])


class HeadlineMissing(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("headline", "required", _("Please give it a headline."))])


class NotATag(Invalid):
    """A text that cannot be the name of a tag, in this field of the form."""

    def __init__(self, sentence: Sentence, field: str) -> None:
        super().__init__([FieldError(field, "invalid_tag", sentence)])

    @classmethod
    def without_name(cls, field: str) -> NotATag:
        return cls(_("A tag needs a name that can be seen."), field)

    @classmethod
    def too_long(cls, name: str, limit: int, field: str) -> NotATag:
        said = _("“%(start)s…” cannot be a tag: a name can be up to %(limit)d characters long.")
        return cls(str(said) % {"start": name[:40], "limit": limit}, field)


class Withdrawn(DomainError):
    """Readers have seen this article, and will not again. What was never published is simply not there."""

    code, status = "article_withdrawn", 410
    title, sentence = _("Withdrawn"), _("What was here has been withdrawn by the newsroom.")

    def __init__(self, reason: str = "") -> None:
        told = _("What was here has been withdrawn by the newsroom. The reason: %s")
        super().__init__(str(told) % reason if reason else None)
