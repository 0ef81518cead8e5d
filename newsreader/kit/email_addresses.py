"""Email addresses as people's keyboards write them, and which of them mail from here can reach."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.encoding import punycode
from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Sentence
from newsreader.kit.text import tidy_line, without_invisible

_DOTS = str.maketrans("。｡", "..")  # How Chinese and Japanese keyboards write a dot.
_AROUND = re.compile(r"^(?:mailto:)?<?|[>.,;]+$", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BLANKS = re.compile(r" ?@ ?")
LONGEST_PERSON = 64  # characters before the `@`; mail servers refuse more (RFC 5321, 4.5.3.1.1)
_is_address = EmailValidator(allowlist=[])  # No reader has an address at localhost.


def tidy_email(text: str) -> str:
    """Return an address as it is stored: in plain width, without blanks around its `@` or a dot at its end."""
    text = unicodedata.normalize("NFKC", without_invisible(tidy_line(text)).translate(_DOTS))
    return _BLANKS.sub("@", _AROUND.sub("", tidy_line(text)))


def as_sent(address: str) -> str:
    """Return an address so that two are equal where mail to both goes to one place, and never otherwise.

    Small letters; the domain in ASCII, as mail servers get it: an accent makes another domain, and another owner; the
    person without needless quotes.
    """
    person, _at, domain = tidy_email(address).lower().rpartition("@")
    if len(person) > 1 and person[0] == person[-1] == '"':
        person = _ESCAPED.sub(r"\1", person[1:-1])
    try:
        domain = punycode(domain)
    except UnicodeError:
        pass  # No domain: it stays as it was typed.
    return f"{person}@{domain}"


def mailbox(address: str) -> str:
    """Return the same, without what most servers leave out: mail to anna+news@… lies with that to anna@…."""
    person, at, domain = as_sent(address).rpartition("@")
    return f"{person.partition('+')[0] or person}{at}{domain}"


def is_email(text: str) -> bool:
    """Say whether mail can be sent to this tidied address."""
    return not why_not(text)


def why_not(text: str) -> Sentence:
    """Return a sentence about why mail cannot be sent to this tidied address; empty if it can."""
    person, _at, domain = text.rpartition("@")
    nobody = _("This is not an email address. Example: name@example.org")
    try:
        _is_address(text)
    except ValidationError:
        strange = next((character for character in person if not character.isascii()), "")
        if strange.isalpha() and is_email(text.replace(person, "a", 1)):
            return _("We cannot send email to an address with “%s” before the @. Please use another one.") % strange
        return nobody
    # A domain in brackets is the number of a host, which nobody is given as an address to be read at.
    return nobody if len(person) > LONGEST_PERSON or domain.startswith("[") else ""


def validate(text: str) -> None:
    """Raise ValidationError where mail cannot be sent to this address. A validator for form fields."""
    if sentence := why_not(text):
        raise ValidationError(str(sentence), code="invalid")
