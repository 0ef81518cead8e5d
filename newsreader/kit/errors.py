"""The tree of refusals. Operations raise them; `newsreader.api.explain` and `newsreader.middleware` answer with them.

DomainError                 a refusal: stable code, sentence for people, HTTP status
├── Invalid                 422, one or more fields are wrong; carries a FieldError for each
├── Forbidden               403
├── Conflict                409
├── TooMany                 429, with the seconds to wait
└── LengthMissing, BodyTooLarge, AddressTooLong   411, 413, 414
"""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class DomainError(Exception):
    """A refusal with a stable `code`, a `sentence` for people and an HTTP `status`."""

    code = "refused"
    status = 400
    sentence: Sentence = _("This cannot be done.")

    def __init__(self, sentence: Sentence | None = None, *, code: str | None = None, **params: Any):
        self.code = code or self.code
        self.sentence = sentence or self.sentence
        self.params = params
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer, in every format."""
        return {}


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its name in the form, a stable code and a sentence."""

    field: str
    code: str
    sentence: Sentence


class Invalid(DomainError):
    """One or more fields are wrong; `errors` says which."""

    code = "invalid"
    status = 422
    sentence = _("Please correct what is marked below.")

    def __init__(self, errors: list[FieldError]):
        self.errors = errors
        super().__init__(errors[0].sentence if len(errors) == 1 else None, code=errors[0].code)


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    sentence = _("You are not allowed to do this.")


class Conflict(DomainError):
    code = "conflict"
    status = 409
    sentence = _("This has changed in the meantime.")


class TooMany(DomainError):
    """Too fast; `retry_after` is in whole seconds."""

    code = "too_many_requests"
    status = 429
    sentence: Sentence = _("Too many requests. Please wait a moment.")

    def __init__(self, retry_after: int, **params: Any):
        self.retry_after = retry_after
        super().__init__(retry_after=retry_after, **params)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class AddressTooLong(DomainError):
    code, status, sentence = "uri_too_long", 414, _("This address is too long.")


class LengthMissing(DomainError):
    code, status, sentence = "length_required", 411, _("The request must say how long its content is (Content-Length).")


class BodyTooLarge(DomainError):
    code, status, sentence = "content_too_large", 413, _("This is too large to send at once.")
