"""Why something cannot be done to an article."""

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Conflict, FieldError, Invalid


class AddressTaken(Conflict):
    code, sentence = "address_taken", _("Another article of that day has the same address. Please change the slug.")


class NeedsTime(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("scheduled_for", "required", _("Please say when it shall be published."))])


class AddressFixed(Conflict):
    code, sentence = "address_fixed", _("This article has been published; its address does not change any more.")


class StateUnknown(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("state", "invalid_choice", _("There is no such state."))])


class StillPublished(Conflict):
    code, sentence = "still_published", _("Readers see this article. Withdraw it first.")


class HeadlineMissing(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("headline", "required", _("Please give it a headline."))])
