"""The registry of fields that hold people: whose data it is, why it is here, how long, and how it is erased.

`docs/privacy.md` is written from it (`make privacy`), and a test fails while a model has a field that could hold a
person and is not in it. To add a field, name it in the module of its app: as `Holds`, or as `nobody(…)` with the reason
why it holds no person. What erases it is in `newsreader.personal_data.erasing`, or in the room that owns the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.db.models import Field, Model

from newsreader.personal_data.entries import accounts, articles, comments, libraries
from newsreader.personal_data.entries.kinds import Entries, Entry, Holds, Nobody

# By model, as app.Model; then by field, or one answer for all fields of the model.
REGISTRY: Entries = {**accounts.ENTRIES, **comments.ENTRIES, **articles.ENTRIES, **libraries.ENTRIES}

# Kinds of columns in which anything can be written, by Django's names of them; those with fixed choices do not count.
OPEN_KINDS = {
    "BinaryField",
    "CharField",
    "EmailField",
    "FileField",
    "FilePathField",
    "GenericIPAddressField",
    "ImageField",
    "JSONField",
    "SlugField",
    "TextField",
    "URLField",
}
PEOPLE = ("accounts.User", "accounts.CommenterIdentity")  # what refers to these refers to a person


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
    return kind in OPEN_KINDS and not field.choices


def entry_of(model: type[Model], field: str) -> Entry | None:
    """Return what the registry says of a field; None if it is not in it."""
    said = REGISTRY.get(model._meta.label)
    return said if said is None or isinstance(said, Nobody) else said.get(field)


def missing() -> list[str]:
    """Return the fields that could hold a person and are not in the registry, as app.Model.field."""
    return [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.concrete_fields
        if could_hold_a_person(field) and entry_of(model, field.name) is None
    ]


def unknown() -> list[str]:
    """Return what the registry names and no model has."""
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    found = [label for label in REGISTRY if label not in models]
    for label, said in REGISTRY.items():
        if label in models and not isinstance(said, Nobody):
            there = {field.name for field in models[label]._meta.concrete_fields}
            found += [f"{label}.{name}" for name in said if name not in there]
    return found


def rows() -> Iterator[Row]:
    """Yield every field that holds people, in the registry's order."""
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    for label, said in REGISTRY.items():
        if not isinstance(said, Nobody):
            yield from (Row(models[label], name, entry) for name, entry in said.items() if isinstance(entry, Holds))
