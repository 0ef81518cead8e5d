"""allauth's forms where ours differ, and the form of the account page."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
    SignupWebAuthnForm,
)
from allauth.socialaccount.forms import DisconnectForm
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from newsreader.accounts import pictures, reauthentication
from newsreader.accounts.identities import IN_SESSION, public_name, shown_name
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit import languages
from newsreader.kit.errors import TooMany

NAME_LENGTH = 245  # code points
HANDLE_LENGTH = 150  # code points
Cleaned = TypeVar("Cleaned")


class SignUp(SignupForm):
    """allauth's sign-up, with an optional password: people can sign in with a code from a mail."""

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields.get("password1"), forms.CharField):
            field.required = False


# What parsing a malformed credential can raise: it is JSON with CBOR inside, and anybody can send it.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, struct.error, RecursionError)
_LARGEST_CREDENTIAL = 20_000  # characters


class _Credential(forms.JSONField):
    """A passkey's answer, as JSON from the browser."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > _LARGEST_CREDENTIAL:
            raise _no_passkey()
        try:
            said = super().to_python(value)
        except RecursionError:
            raise _no_passkey() from None
        if said and not isinstance(said, dict):
            raise _no_passkey()
        return said

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput("")  # A refused credential is not put into the form again.


def _no_passkey() -> ValidationError:
    return ValidationError(_("This passkey could not be checked. Please try again."), code="incorrect_code")


def _refusing(clean: Callable[[Any], Cleaned]) -> Callable[[Any], Cleaned]:
    """Have a form of the library refuse a malformed credential, instead of failing."""

    @wraps(clean)
    def refusing(form: Any) -> Cleaned:
        try:
            return clean(form)
        except MALFORMED:
            raise _no_passkey() from None

    return refusing


class AddPasskeyForm(AddWebAuthnForm):
    credential = _Credential()
    clean = _refusing(AddWebAuthnForm.clean)


class SignUpPasskeyForm(SignupWebAuthnForm):
    credential = _Credential()
    clean = _refusing(SignupWebAuthnForm.clean)


class SignInPasskeyForm(LoginWebAuthnForm):
    credential = _Credential()
    clean_credential = _refusing(LoginWebAuthnForm.clean_credential)


class SecondStepPasskeyForm(AuthenticateWebAuthnForm):
    credential = _Credential()
    clean_credential = _refusing(AuthenticateWebAuthnForm.clean_credential)


class ConfirmPasskeyForm(ReauthenticateWebAuthnForm):
    credential = _Credential()
    clean_credential = _refusing(ReauthenticateWebAuthnForm.clean_credential)


class Disconnect(DisconnectForm):
    """allauth's, with our own condition: there must be another way to sign in, whichever."""

    def clean(self) -> dict[str, Any]:
        cleaned = forms.Form.clean(self) or {}
        account = cleaned.get("account")
        if account and not reauthentication.ways_in(self.request.user, without=account):
            sentence = _(
                "This is your only sign-in method. Please verify an email address or connect another account first."
            )
            raise ValidationError(sentence, code="last_way_in")
        return cleaned

    def save(self) -> None:
        account = self.cleaned_data["account"]
        name, uid = public_name(account.provider), account.uid
        super().save()
        session = self.request.session
        if CommenterIdentity.objects.filter(pk=session.get(IN_SESSION), provider=name, uid=uid).exists():
            del session[IN_SESSION]  # From now on, they comment with their account here.


class MyPage(forms.Form):
    """How somebody is shown (name, username, picture), and their language. Each error has a code."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        help_text=_("Shown with your comments."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": NAME_LENGTH, "required": True}),
    )
    username = forms.CharField(
        label=_("Username"),
        required=False,
        help_text=_("Public and unique. You can also sign in with it."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "maxlength": HANDLE_LENGTH,
                "required": True,
            }
        ),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("The language we use with you."),
        error_messages={"invalid_choice": _("This language is not available.")},
    )
    picture = forms.FileField(
        label=_("Picture"),
        required=False,
        allow_empty_file=True,  # Refused below, like everything that is not a picture.
        help_text=_("PNG, JPEG, WebP, GIF or AVIF, up to 5 MB. We crop it to a square, and animations stand still."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif,image/avif"}),
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture"), required=False)
    refusal: TooMany | None = None  # where `save` was asked too often

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        self.user = user
        kwargs["initial"] = {
            "name": user.shown_name,
            "username": user.username,
            "language": languages.spoken(user.language),
        }
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  For the type checker.
        field.choices = [("", _("The site’s language")), *languages.choices()]

    def clean_name(self) -> str:
        typed = self.cleaned_data["name"]
        if len(typed) > NAME_LENGTH:
            raise ValidationError(_("A name can be up to %d characters long.") % NAME_LENGTH, code="name_too_long")
        if not (name := shown_name(typed)):
            raise ValidationError(_("Please enter your name."), code="name_required")
        return name

    def clean_username(self) -> str:
        handle = User.normalize_username(self.cleaned_data["username"])
        if not handle:
            raise ValidationError(_("Please choose a username."), code="username_required")
        if handle == self.user.username:
            return handle
        if len(handle) > HANDLE_LENGTH:
            raise ValidationError(
                _("A username can be up to %d characters long.") % HANDLE_LENGTH, code="username_too_long"
            )
        try:
            get_adapter().clean_username(handle, shallow=True)
        except ValidationError as refusal:
            if getattr(refusal, "code", "") == "username_blacklisted":
                raise ValidationError(_("This username is reserved."), code="username_reserved") from None
            sentence = _("A username can contain letters, digits and @ . + - _")
            raise ValidationError(sentence, code="username_invalid") from None
        if User.objects.filter(username__iexact=handle).exclude(pk=self.user.pk).exists():
            raise self._taken()
        return handle

    def clean_picture(self) -> UploadedFile | None:
        picture: UploadedFile | None = self.cleaned_data["picture"]
        if picture and not 0 < (picture.size or 0) <= pictures.MOST_BYTES:  # Then it is not even read.
            raise self._no_picture()
        return picture

    def save(self) -> bool:
        """Save changess. Returns False, with an error added, for an invalid picture or a taken username."""
        user, values = self.user, self.cleaned_data
        changes = {"name": values["name"], "username": values["username"], "language": values["language"]}
        try:
            with transaction.atomic():
                stored = User.objects.get(pk=user.pk)
                for name, value in changes.items():
                    setattr(stored, name, value)
                stored.save(update_fields=list(changes))
                if values["picture"]:
                    pictures.send(user.pk, values["picture"].read())
                elif values["remove_picture"]:
                    pictures.remove(user.pk)
        except pictures.TooManyPortraits as refusal:
            self.refusal = refusal
            self.add_error("picture", ValidationError(str(refusal), code=refusal.code))
            return False
        except pictures.NotAPicture:
            self.add_error("picture", self._no_picture())
            return False
        except IntegrityError:  # Somebody else took it at the same moment.
            self.add_error("username", self._taken())
            return False
        return True

    def _no_picture(self) -> ValidationError:
        return ValidationError(str(pictures.REFUSED), code=pictures.NotAPicture.code)

    def _taken(self) -> ValidationError:
        return ValidationError(_("This username is already taken."), code="username_taken")


class Join(forms.Form):
    """What somebody who accepts an invitation is called, and the password they choose; none, if it is to be a passkey.

    Each error has a code.
    """

    name = forms.CharField(
        label=_("Name"),
        required=False,
        help_text=_("As colleagues and readers see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": NAME_LENGTH, "required": True}),
    )
    # For password managers: what is signed in with. It is not read.
    email = forms.CharField(
        label=_("Email"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "readonly": True, "required": True}),
    )
    password1 = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "required": True}),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any):
        self.address = address
        kwargs["initial"] = {"email": address}
        super().__init__(*args, **kwargs)

    @property
    def by_passkey(self) -> bool:
        return self.data.get("way") == "passkey"

    clean_name = MyPage.clean_name

    def clean_password1(self) -> str:
        password = "" if self.by_passkey else str(self.cleaned_data["password1"])
        if not password and not self.by_passkey:
            raise ValidationError(_("Please choose a password."), code="required")
        if password:
            get_adapter().clean_password(password, User(name=self.cleaned_data.get("name", ""), email=self.address))
        return password
