"""The registry of reasons: each code once, with its words; a check brings its own."""

from __future__ import annotations

import ast
import importlib.util
import re

import pytest

from comments import screening
from comments.audit import reason_codes
from comments.audit.reason_codes import CODES, declare
from comments.audit.reason_texts import kind_of, worded
from comments.models import Comment, RefusalReason
from comments.posting.submission import post_comment
from newsreader.settings import BASE_DIR
from tests.factories import make_draft, make_editor, make_moderator, set_rules

ROOMS = ("newsreader", "articles", "comments")
MODULES = [file for room in ROOMS for file in sorted((BASE_DIR / room).rglob("*.py")) if "migrations" not in file.parts]
# Words that name something else besides, and where.
OTHERWISE = {
    "hold_everything": {
        "comments/desk/comment_settings_admin.py",
        "comments/screening/article_settings.py",
        "comments/desk/article_settings_admin.py",
    },
    "reported": {"comments/desk/filters.py", "comments/desk/queue_views.py"},
    "surge": {
        "comments/desk/audit_facts.py",
        "comments/desk/sentences.py",
        "comments/screening/article_settings.py",
        "comments/desk/article_settings_admin.py",
        "comments/models/settings.py",
        "comments/screening/surge.py",
    },
    "undone": {
        "comments/objections/transparency.py",
        "comments/objections/transparency_views.py",
    },
    "withdrawn": {
        "articles/models/article.py",
        "articles/models/querysets.py",
        "comments/moderation/batches.py",
        "comments/authors/my_comments.py",
        "newsreader/personal_data/reading.py",
        "comments/models/objections.py",
        "comments/api/moderation.py",
        "comments/authors/status_views.py",
        "newsreader/transfer/readers/wordpress_values.py",
    },
}


@pytest.mark.parametrize("known", CODES.values(), ids=list(CODES))
def test_every_code_has_a_sentence_and_a_label_without_parameters(known):
    for words in (worded([{"code": known.code, "params": {}}])[0], kind_of(known.code)):
        assert words.strip()
        assert "%(" not in words


@pytest.mark.parametrize(
    ("code", "params", "sentence"),
    [
        ("too_many_links", {"links": 3, "allowed": 1}, "3 links, 1 allowed"),
        ("held_words", {"words": ["casino", "100%"]}, "words on the list: casino, 100%"),
        ("too_fast", {"seconds": 1.5}, "sent 1.5 seconds after the form was first touched"),
        ("reserved_name", {"name": "%(name)s"}, "the name looks like “%(name)s”"),
        ("reported", {"count": 3}, "reported by 3 readers"),
        ("withdrawn", {"of": "another time"}, "withdrawn by its author"),
    ],
)
def test_a_sentence_tells_its_parameters(code, params, sentence):
    assert worded([{"code": code, "params": params}]) == [sentence]


@pytest.mark.parametrize("known", CODES.values(), ids=list(CODES))
def test_a_sentence_tells_every_parameter_that_it_names(known):
    named = {name: f"<{name}>" for name in re.findall(r"%\((\w+)\)s", str(known.sentence))}

    (sentence,) = worded([{"code": known.code, "params": named | {"unknown": "<unknown>"}}])

    assert sorted(re.findall(r"<\w+>", sentence)) == sorted(named.values())
    assert (sentence == str(known.sentence)) == (not named)


def test_a_code_that_nobody_knows_stands_for_itself_and_one_of_the_editors_for_its_label(db):
    assert worded([{"code": "gone"}, {"code": "off_topic"}]) == ["gone", "not about the article"]
    assert [kind_of("gone"), kind_of("off_topic")] == ["gone", "not about the article"]


def test_a_code_is_declared_once():
    with pytest.raises(ValueError, match="honeypot"):
        declare("honeypot", "something else")

    assert worded([{"code": "honeypot"}]) == ["filled in a field that no person sees"]


def _named_in(file) -> set[str]:
    """The codes that stand in a module as strings, but for what it declares."""
    tree = ast.parse(file.read_text())
    declared = {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "declare"
        for part in ast.walk(call)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in CODES and id(node) not in declared
    }


def test_no_module_writes_a_code_out():
    found = {(word, str(file.relative_to(BASE_DIR))) for file in MODULES for word in _named_in(file)}

    assert found == {(word, file) for word, files in OTHERWISE.items() for file in files}


# --- A check of one file and one line -----------------------------------------------------------------------------

CHECK = '''
"""Hold what is shouted."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.screening.verdict import Verdict

SHOUTING = declare("shouting", _("shouted: %(words)s"), label=_("shouting"))


def check(draft, rules):
    loud = [word for word in draft.text.split() if len(word) > 3 and word.isupper()]
    return Verdict.hold(SHOUTING, words=loud) if loud else None
'''


@pytest.fixture
def shouted(db, tmp_path, monkeypatch):
    """A comment that a check holds of which nothing else in the house knows."""
    (tmp_path / "shouting.py").write_text(CHECK)
    spec = importlib.util.spec_from_file_location("shouting", tmp_path / "shouting.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(screening, "CHECKS", [*screening.CHECKS, module.check])
    set_rules(hold_first_comment=False)
    yield post_comment(make_draft(text="The FERRY is LATE again."))
    del CODES["shouting"]


def test_a_new_check_words_its_reason_at_the_desk_and_over_rest(client, shouted):
    client.force_login(make_moderator())

    assert shouted.status == Comment.Status.PENDING
    page = client.get("/admin/moderation/?reason=shouting").content.decode()
    assert "shouted: FERRY, LATE" in page
    assert '<option value="shouting" selected>shouting</option>' in page
    assert "<mark>FERRY</mark>" in page
    (row,) = client.get("/api/v1/moderation/queue/", {"reason": "shouting"}).json()["results"]
    reason = {"code": "shouting", "params": {"words": ["FERRY", "LATE"]}, "sentence": "shouted: FERRY, LATE"}
    assert row["reasons"] == [reason]
    told = client.get(f"/api/v1/comments/{shouted.pk}/decisions/").json()["results"]
    assert told[0]["reasons"] == [reason]
    assert "shouting" in client.get("/admin/moderation/figures/").content.decode()


def test_what_a_check_says_no_person_says(client, shouted):
    client.force_login(make_editor(is_superuser=True))
    fields = {"code": "shouting", "label": "shouting", "sentence": "", "position": "9", "is_active": "on"}

    client.post("/admin/comments/refusalreason/add/", fields)
    assert not RefusalReason.objects.filter(code="shouting").exists()
    # A row of before the check is offered no longer.
    RefusalReason.objects.create(code="shouting", label="shouting")
    answer = client.post(
        f"/api/v1/comments/{shouted.pk}/decisions/",
        {"status": "trash", "reason": "shouting"},
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "reason_required")


def test_what_says_nothing_against_a_comment_is_no_sign_of_trouble():
    assert set(reason_codes.harmless()) == {"first_comment", "hold_everything", "surge"}
