"""Every field that could hold a person is in the registry, and the document says what the registry says."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

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


class _Tags(models.Field):
    """As a column of one database, or of a library, is: of a kind that Django has no name for."""

    def get_internal_type(self):
        return "TagsField"


@isolate_apps("comments", "django.contrib.contenttypes")
def test_a_new_model_does_not_slip_by():
    class Newcomer(models.Model):
        facts = models.JSONField()
        file = models.FileField()
        text = models.TextField()
        tags = _Tags()
        by = models.ForeignKey(User, models.CASCADE, related_name="+")
        readers = models.ManyToManyField(User, related_name="+")
        address = models.ForeignKey(EmailAddress, models.CASCADE, related_name="+")
        made_by_user_id = models.IntegerField()
        about_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
        about_id = models.IntegerField()
        about = GenericForeignKey("about_type", "about_id")
        kind = models.CharField(max_length=5, choices=[("a", "A")])
        at = models.DateTimeField()
        number = models.IntegerField()

        class Meta:
            app_label = "comments"

    class InTheDatabase(models.Model):
        text = models.TextField()

        class Meta:
            app_label, managed = "comments", False

    found = registry.missing([Newcomer, Newcomer.readers.through, InTheDatabase])

    new = ["facts", "file", "text", "tags", "by", "address", "made_by_user_id", "about"]
    assert found == [
        *(f"comments.Newcomer.{name}" for name in new), "comments.Newcomer_readers.user", "comments.InTheDatabase.text",
    ]  # fmt: skip


def test_a_new_field_of_any_model_does_not_slip_by():
    newcomer = models.JSONField(name="newcomer")
    every = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]

    assert registry.could_hold_a_person(newcomer)
    assert [model for model in every if registry.entry_of(model, "newcomer")] == []


def test_no_entry_is_empty():
    for said in registry.REGISTRY.values():
        for entry in said.values():
            assert isinstance(entry, Holds | Nobody)
            assert all(entry)


def test_the_document_is_that_of_the_registry():
    assert document.FILE.read_text() == document.written(), "Run `make privacy`."
