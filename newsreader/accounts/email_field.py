"""The library's field for email addresses reads them as our own forms do; addresses of accounts are in lower case."""

from __future__ import annotations

from typing import Any

from allauth.account.fields import EmailField
from allauth.account.models import EmailAddress
from django import forms
from django.db.models.signals import pre_save

from newsreader.kit import email_addresses


def install() -> None:
    """Change the field itself: the library has no setting for it, and a dozen forms use it."""
    EmailField.to_python = _to_python
    EmailField.default_validators = [email_addresses.validate]
    EmailField.widget_attrs = _widget_attrs
    pre_save.connect(_lower, sender=EmailAddress, dispatch_uid="addresses in lower case")


def _lower(sender: type[EmailAddress], instance: EmailAddress, **_: Any) -> None:
    """Store an address as the library looks for it, whoever makes the row: `email=address.lower()` reads an index.

    It has no index for `iexact`, which read the addresses of all accounts for each guest's post.
    """
    instance.email = instance.email.lower()


def _to_python(field: EmailField, value: Any) -> str:
    return email_addresses.tidy_email(forms.EmailField.to_python(field, value) or "")


def _widget_attrs(field: EmailField, widget: forms.Widget) -> dict[str, Any]:
    """Leave it to us to say what is wrong: browsers refuse `＠` in a field of the type `email`."""
    if isinstance(widget, forms.TextInput):
        widget.input_type = "text"
    attributes = forms.EmailField.widget_attrs(field, widget)
    return attributes | {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
