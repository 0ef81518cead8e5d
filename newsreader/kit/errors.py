"""The tree of refusals. Operations raise them; `newsreader.api.explain` and `newsreader.middleware` answer with them.

DomainError                 a refusal: stable code, sentence for people, HTTP status
├── Invalid                 422, one or more fields are wrong; carries a FieldError for each
├── Forbidden               403
├── Conflict                409
├── VersionConflict         412
├── UnknownParameters       400, with a FieldError for each
├── TooMany                 429, with the seconds to wait
├── Busy                    503, the database is busy or away
│   └── StorageAway         503, the bucket with uploaded files is
└── MethodNotAllowed, BodyTooSlow, LengthMissing, BodyTooLarge, AddressTooLong   405, 408, 411, 413, 414
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class DomainError(Exception):
    """A refusal with a stable `code`, a `sentence` for people and an HTTP `status`."""

    code = "refused"
    status = 400
    title: Sentence = _("This is not possible")  # of a page
    sentence: Sentence = _("This cannot be done.")
    errors: Sequence[FieldError] = ()

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
    """What is wrong with one field: its name in the form, a stable code, a sentence, and the values that it may have.

    `choices` is for programs, where only few values are right; people read their names in the sentence.
    """

    field: str
    code: str
    sentence: Sentence
    choices: tuple[str, ...] = ()


class Invalid(DomainError):
    """One or more fields are wrong; `errors` says which."""

    code = "invalid"
    status = 422
    sentence = _("Please correct the fields marked below.")

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


class VersionConflict(DomainError):
    """Somebody has changed it since the version that the change was made for. Nothing is written."""

    code, status = "version_conflict", 412
    sentence = _("This has been changed since you loaded it, so nothing was saved. Please load it again.")


class UnknownParameters(DomainError):
    """Parameters of a request that mean nothing here, or filters that name nothing that there is."""

    code, status = "unknown_parameter", 400
    sentence = _("The request has unknown parameters.")
    most, length = 20, 100  # names in one answer, characters of a name

    def __init__(self, errors: list[FieldError]):
        self.errors = errors
        super().__init__(errors[0].sentence if len(errors) == 1 else None)

    @classmethod
    def named(cls, names: Iterable[str]) -> UnknownParameters:
        said = str(_("Unknown parameter: “%s”."))
        short = [str(name)[: cls.length] for name in names][: cls.most]
        return cls([FieldError(name, cls.code, said % name) for name in short])

    @classmethod
    def naming_nothing(cls, values: Iterable[tuple[str, str]]) -> UnknownParameters:
        """Of filters, each with its value."""
        said = str(_("Nothing found for “%(name)s”: %(value)s"))
        return cls(
            [FieldError(name, cls.code, said % {"name": name, "value": value[: cls.length]}) for name, value in values]
        )


class KeyReused(Invalid):
    """An idempotency key came with something else before, or is too long."""

    def __init__(self) -> None:
        sentence = _("This form was already sent with different content. Please send it again.")
        super().__init__([FieldError("key", "idempotency_key_reused", sentence)])


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


class Busy(DomainError):
    """The database is busy, read-only, full or away. Nothing has been stored, and a later attempt may succeed."""

    code = "busy"
    status = 503
    sentence = _("The site is busy. Please try again in a few seconds.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}  # seconds


class StorageAway(Busy):
    """Where uploaded files are kept does not answer."""


class MethodNotAllowed(DomainError):
    code, status, sentence = "method_not_allowed", 405, _("This address cannot be asked in this way.")


class AddressTooLong(DomainError):
    code, status, sentence = "uri_too_long", 414, _("This address is too long.")


class LengthMissing(DomainError):
    code, status, sentence = "length_required", 411, _("The request must say how long its content is (Content-Length).")


class BodyTooLarge(DomainError):
    code, status, sentence = "body_too_large", 413, _("This is too large to send at once.")


class UploadForStaff(BodyTooLarge):
    sentence = _(
        "Only staff who are signed in may send this much. Open the newsroom in another window and sign in there. Then "
        "go back here and send it again: your browser still has what you typed."
    )


class BodyTooSlow(DomainError):
    code, status, sentence = "body_too_slow", 408, _("The upload took too long. Please send it again.")
