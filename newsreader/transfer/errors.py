"""Errors of importing."""

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import DomainError


class Unreadable(DomainError):
    """A file is not in the format that the reader expects. The sentence is one line; `file` is the file's path."""

    code, sentence = "unreadable_file", _("This file cannot be read.")
    status = 422
    file = ""
