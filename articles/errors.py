"""Errors about articles."""

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Conflict, FieldError, Invalid


class AddressTaken(Conflict):
    code, sentence = "address_taken", _("Another article of that day has the same address. Please change the slug.")


class NeedsTime(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("scheduled_for", "required", _("Please say when to publish it."))])


class AddressFixed(Conflict):
    code, sentence = "address_fixed", _("This article has been published, so its address cannot change.")


class StateUnknown(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("state", "invalid_choice", _("There is no such state."))])


class StillPublished(Conflict):
    code, sentence = "still_published", _("Readers can see this article. Withdraw it first.")


class HeadlineMissing(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("headline", "required", _("Please give it a headline."))])
