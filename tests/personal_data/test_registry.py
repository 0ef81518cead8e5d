"""Every field that could hold a person is in the registry, and the document says what the registry says."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from comments.models import Comment
from newsreader.accounts.models import User
from newsreader.personal_data import registry
from newsreader.personal_data.entries.kinds import Holds, Nobody
from tests.personal_data import document


def test_every_field_that_could_hold_a_person_is_in_the_registry():
    assert registry.missing() == [], (
        "Say in newsreader/personal_data/entries/ whose data these fields hold, or nobody's."
    )


def test_the_registry_names_nothing_that_is_not_there():
    assert registry.unknown() == []


@pytest.mark.parametrize(("label", "field"), [("comments.Comment", "name"), ("comments.Report", "account")])
def test_a_field_that_is_taken_out_of_the_registry_is_missed(monkeypatch, label, field):
    without = {name: entry for name, entry in registry.REGISTRY[label].items() if name != field}
    monkeypatch.setitem(registry.REGISTRY, label, without)

    assert registry.missing() == [f"{label}.{field}"]


def test_a_model_that_nobody_has_registered_is_missed(monkeypatch):
    others = {label: said for label, said in registry.REGISTRY.items() if label != "account.EmailAddress"}
    monkeypatch.setattr(registry, "REGISTRY", others)

    assert registry.missing() == ["account.EmailAddress.user", "account.EmailAddress.email"]


@pytest.mark.parametrize(
    ("field", "could"),
    [
        (models.CharField(max_length=10), True),
        (models.CharField(max_length=10, choices=[("a", "A")]), False),
        (models.TextField(), True),
        (models.JSONField(), True),
        (models.BinaryField(), True),
        (models.GenericIPAddressField(), True),
        (models.FileField(), True),
        (models.URLField(), True),
        (models.IntegerField(), False),
        (models.DateTimeField(), False),
        (Comment._meta.get_field("identity"), True),
        (Comment._meta.get_field("parent"), False),
        (User.groups.through._meta.get_field("user"), True),
        (apps.get_model("comments.ConnectionData")._meta.get_field("domain"), True),
    ],
)
def test_what_could_hold_a_person(field, could):
    assert registry.could_hold_a_person(field) is could


def test_no_entry_is_empty():
    for said in registry.REGISTRY.values():
        for entry in [said] if isinstance(said, Nobody) else said.values():
            assert isinstance(entry, Holds | Nobody)
            assert all(entry)


def test_the_document_is_that_of_the_registry():
    assert document.FILE.read_text() == document.written(), "Run `make privacy`."
