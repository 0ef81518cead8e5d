"""Why a file cannot be taken over."""

from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import DomainError


class Unreadable(DomainError):
    """The file is not what the reader was made for. The sentence is one line."""

    code, sentence = "unreadable_file", _("This file cannot be read.")
    status = 422
