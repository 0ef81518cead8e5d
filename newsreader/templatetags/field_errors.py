"""`{% for sentence in field|said_wrong %}`: what is wrong with a field, in words. To reword a code, add a line.

Forms of Django and of allauth say "This field is required." whatever is missing; here it is named. Codes are theirs, as
is what programs are told. What our own forms and adapters say comes as it is.
"""

from __future__ import annotations

from django import template
from django.core.exceptions import ValidationError
from django.forms import BoundField, ChoiceField, Field, ModelChoiceField
from django.utils.translation import gettext_lazy as _

register = template.Library()
# By the names that fields have in forms about accounts.
_MISSING = {
    "login": _("Please enter your email address or username."),
    "email": _("Please enter your email address."),
    "username": _("Please choose a username."),
    "password": _("Please enter your password."),
    "oldpassword": _("Please enter your current password."),
    "password1": _("Please enter a password."),
    "password2": _("Please repeat the password."),
    "code": _("Please enter the code."),
    "name": _("Please enter a name."),
}
# By code, with what Django's own sentence is filled with.
_WORDED = {
    "required": _("Please fill this in."),
    "max_length": _("This is too long: %(show_value)s characters. The limit is %(limit_value)s."),
    "min_length": _("This is too short: it needs at least %(limit_value)s characters."),
    "null_characters_not_allowed": _("This has a character in it that cannot be stored. Please type it again."),
    "invalid_choice": _("Please choose one from the list."),
    "password_too_short": _("This password is too short: it needs at least %(min_length)s characters."),
    "password_too_similar": _("This password is too much like your name or address. Please choose another one."),
    "password_too_common": _("Many people use this password, so it is easy to guess. Please choose another one."),
    "password_entirely_numeric": _("A password needs more than digits."),
}
# Theirs, of codes that our own forms give sentences of their own.
_THEIRS = [
    Field.default_error_messages["required"],
    ChoiceField.default_error_messages["invalid_choice"],
    ModelChoiceField.default_error_messages["invalid_choice"],
]


@register.filter
def said_wrong(field: BoundField) -> list[str]:
    """Return a sentence for each error of a field, in their order."""
    return [_sentence(field, error) for error in field.errors.as_data()]


def _sentence(field: BoundField, error: ValidationError) -> str:
    if error.code in {"required", "invalid_choice"} and not any(error.message is each for each in _THEIRS):
        return " ".join(error.messages)
    if error.code == "required" and field.name in _MISSING:
        return str(_MISSING[field.name])
    if field.name == "password2":  # Of the library, and without a code.
        return str(_("The two passwords are not the same."))
    if error.code in _WORDED:
        return str(_WORDED[error.code]) % (error.params or {})
    return " ".join(error.messages)
