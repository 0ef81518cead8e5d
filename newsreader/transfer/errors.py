"""Errors of importing."""

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import DomainError


class Unreadable(DomainError):
    """The file is not in the format that the reader expects. The sentence is one line."""

    code, sentence = "unreadable_file", _("This file cannot be read.")
    status = 422
