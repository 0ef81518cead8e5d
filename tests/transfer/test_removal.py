"""An import, or the demonstration, is taken out again; what anybody did with it since stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from articles.models.article import Article, Redirect
from articles.models.origins import ImportRun
from articles.models.taxonomy import Author, Section, Tag
from articles.writing import write
from comments.audit import audit_log
from comments.discussion.counting import recount
from comments.models import AuditEntry, Comment, ConnectionData, Decision
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, make_editor, make_moderator, make_section

pytestmark = pytest.mark.django_db
HARBOUR = Path(__file__).parent.parent / "samples" / "wordpress" / "harbour.xml"
MODELS = [Article, Comment, ConnectionData, Decision, Section, Tag, Author, Redirect]


def counts():
    return {model.__name__: model._default_manager.count() for model in MODELS}


@pytest.fixture
def number(capsys):
    call_command("import_site", "--from", "wordpress", str(HARBOUR))
    number = ImportRun.objects.get().pk
    assert f"manage.py undo_import {number}" in capsys.readouterr().out
    return number


def undo(number, capsys, **options):
    call_command("undo_import", str(number), **options)
    return capsys.readouterr().out


def test_an_import_goes_again_and_nothing_of_the_site_goes_with_it(capsys):
    own = make_comment(make_article(section=make_section()))
    before = counts()
    call_command("import_site", "--from", "wordpress", str(HARBOUR))
    number, came = ImportRun.objects.get().pk, counts()
    capsys.readouterr()

    dry = undo(number, capsys, dry_run=True)
    assert counts() == came
    assert dry.startswith("Nothing was changed")

    said = undo(number, capsys)
    assert counts() == before
    assert said in dry
    assert "“The ferry & the fog”" in said
    assert "8 articles and pages, 6 comments, " in said
    assert Comment.objects.get() == own
    assert recount() == 0
    assert audit_log.verify()[1] == []
    assert AuditEntry.objects.get(kind="import_undone").subject == f"import:{number}"

    call_command("import_site", "--from", "wordpress", str(HARBOUR))  # It may come in again, better.
    assert counts() == came


def test_what_readers_and_editors_did_with_it_stays_and_is_named(number, capsys):
    decided = Article.objects.filter(comments__isnull=False, state="published").order_by("pk").first()
    replied, edited = Article.objects.exclude(pk=decided.pk).order_by("-state", "pk")[:2]
    Article.objects.filter(pk=replied.pk).update(
        state="published", published_at=decided.published_at, published_on=decided.published_on
    )
    reply = make_comment(replied)
    write({"headline": "A better headline"}, by=make_editor(), article=edited)
    under = decided.comments.exclude(status="spam").first()
    decide(under.pk, "spam", by=make_moderator())

    said = undo(number, capsys)

    assert set(Article.objects.all()) == {replied, edited, decided}
    assert Comment.objects.filter(pk__in=[reply.pk, under.pk]).count() == 2
    for reason in ("others have commented on it", "its text was changed", "somebody has worked on its comments"):
        assert reason in said
    assert audit_log.verify()[1] == []


def test_a_second_import_goes_without_the_first(number, capsys, tmp_path):
    first = counts()
    text = HARBOUR.read_text().replace("<wp:comment_id>", "<wp:comment_id>9")
    (tmp_path / "again.xml").write_text(text)
    call_command("import_site", "--from", "wordpress", str(tmp_path / "again.xml"))
    second = ImportRun.objects.latest("pk").pk
    Article.objects.update(takes_comments=True)
    replied = Comment.objects.filter(import_run=second, status="approved", parent=None).first()
    make_comment(parent=replied)

    said = undo(second, capsys)

    assert counts()["Article"] == first["Article"]
    assert set(Comment.objects.filter(import_run=second)) >= {replied}
    assert f"comment {replied.pk} under article {replied.article_id}" in said


def test_an_unknown_number_is_refused_and_the_known_ones_are_named(number):
    with pytest.raises(CommandError, match=f"There is no import 999. The newest: {number}: wordpress, harbour.xml"):
        call_command("undo_import", "999")
