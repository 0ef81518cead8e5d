"""The registry of fields that hold people: whose data it is, why it is here, how long, and how it is erased.

`docs/privacy.md` is written from it (`make privacy`), and a test fails while a model has a field that could hold a
person and is not in it. To add a field, name it in the module of its app: as `Holds`, or as `Nobody(…)` with the reason
why it holds no person. What erases it is in `newsreader.personal_data.erasing`, or in the room that owns the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db.models import Field, Model

from newsreader.personal_data.entries import accounts, articles, comments, libraries
from newsreader.personal_data.entries.kinds import Entries, Entry, Holds

# By model, as app.Model; then by field. No answer is for all fields of a model: it would be for those to come, too.
REGISTRY: Entries = {**accounts.ENTRIES, **comments.ENTRIES, **articles.ENTRIES, **libraries.ENTRIES}

# Kinds of columns in which nothing can be written but numbers and times, by Django's names of them. In any other,
# of a library or of one database, too, anything can; those with fixed choices do not count.
CLOSED_KINDS = {
    "AutoField",
    "BigAutoField",
    "BigIntegerField",
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "DurationField",
    "FloatField",
    "IntegerField",
    "PositiveBigIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "SmallAutoField",
    "SmallIntegerField",
    "TimeField",
    "UUIDField",
}
# What refers to these refers to a person; so does a number whose name says so.
PEOPLE = (
    "accounts.User",
    "accounts.CommenterIdentity",
    "account.EmailAddress",
    "socialaccount.SocialAccount",
    "comments.MailPreferences",
)
_NUMBER_OF_PERSON = re.compile(r"(.*_)?(user|account|person|identity|member|reader|owner)(_id|_pk)?")


class Row(NamedTuple):
    """A field and what the registry says of it."""

    model: type[Model]
    field: str
    entry: Entry


def could_hold_a_person(field: Field) -> bool:
    """Say whether a column could hold somebody's data: free text, a file, an address, or a reference to a person."""
    if field.is_relation:
        return field.related_model is not None and field.related_model._meta.label in PEOPLE
    kind = getattr(field, "output_field", field).get_internal_type()
    if kind in CLOSED_KINDS - {"BooleanField"}:
        return bool(field.name and _NUMBER_OF_PERSON.fullmatch(field.name))
    return kind not in CLOSED_KINDS and not field.choices


def entry_of(model: type[Model], field: str) -> Entry | None:
    """Return what the registry says of a field; None if it is not in it."""
    return REGISTRY.get(model._meta.label, {}).get(field)


def missing(models: Iterable[type[Model]] | None = None) -> list[str]:
    """Return the fields of these models, or of all, that could hold a person and are not in the registry.

    As app.Model.field; references to rows of any table (GenericForeignKey) count, too.
    """
    found = []
    for model in apps.get_models(include_auto_created=True) if models is None else models:
        if not model._meta.proxy:
            names = [field.name for field in model._meta.concrete_fields if could_hold_a_person(field)]
            names += [field.name for field in model._meta.private_fields if isinstance(field, GenericForeignKey)]
            found += [f"{model._meta.label}.{name}" for name in names if entry_of(model, name) is None]
    return found


def unknown() -> list[str]:
    """Return what the registry names and no model has."""
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    found = [label for label in REGISTRY if label not in models]
    for label, said in REGISTRY.items():
        if label in models:
            there = {field.name for field in models[label]._meta.concrete_fields}
            found += [f"{label}.{name}" for name in said if name not in there]
    return found


def rows() -> Iterator[Row]:
    """Yield every field that holds people, in the registry's order."""
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    for label, said in REGISTRY.items():
        yield from (Row(models[label], name, entry) for name, entry in said.items() if isinstance(entry, Holds))
