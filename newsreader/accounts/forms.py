"""allauth's forms where ours differ."""

from allauth.account.forms import SignupForm
from django import forms


class SignUp(SignupForm):
    """allauth's sign-up. The password is optional: a code comes by email."""

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields.get("password1"), forms.CharField):
            field.required = False
