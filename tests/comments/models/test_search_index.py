"""The moderators' search in names and texts, in every script, kept up to date by the database and by every writer."""

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from articles.models.article import Article
from articles.records import Origin
from comments.authors.author_edits import edit_comment
from comments.desk.filters import sought
from comments.models import Comment, search_index
from comments.moderation.erasing import erase
from comments.posting.importing import CommentRecord, admit
from comments.posting.rerendering import rerender
from newsreader.operations.schedule import JOBS
from tests.factories import make_article, make_comment, make_editor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def found(query):
    return set(Comment.objects.filter(sought(query)).values_list("pk", flat=True))


# What is found in each text, and what is not.
SCRIPTS = {
    "東京都で選挙が行われた。第3回iPhone発売日": (
        ["選挙", "選", "都で", "た", "選挙が行", "東京 選挙", "第3回", "iphone発売", "iphone", "iph"],
        ["挙選", "東都", "で東", "第4回"],
    ),
    "การเลือกตั้งทั่วไปปีนี้": (["เลือกตั้ง", "ปี", "นี้"], ["ปู", "ตั้งเลือก"]),
    "선거가 열렸다": (["선거", "열", "렸다"], ["거선"]),
    "हिन्दी में चुनाव": (["चुनाव", "चुना", "हिन्दी"], ["चनव", "नाव"]),
    "The harbour café reopened": (["harbour", "harb", "café", "the REOPEN"], ["arbour", "cafés"]),
}


@pytest.fixture(params=[False, True], ids=["new", "indexed"])
def settled(request):
    """Comments that the worker has not indexed yet are found as those that it has."""

    def settle():
        if request.param:
            search_index.index_new()
            assert connection.vendor == "postgresql" or held() == set(Comment.objects.values_list("pk", flat=True))

    return settle


def held():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM comments_words_docsize")
        return {pk for (pk,) in cursor}


@pytest.mark.parametrize("text", SCRIPTS, ids=lambda text: text[:6])
def test_words_are_found_in_every_script(text, settled):
    article = make_article()
    comment = make_comment(article, text=f"**{text}**")
    make_comment(article, text="Another one altogether.")
    settled()

    for asked, ids in zip(SCRIPTS[text], ({comment.pk}, set()), strict=True):
        for query in asked:
            assert found(query) == ids, query


def test_a_name_is_found_too():
    comment = make_comment(name="山田太郎")

    assert found("太郎") == found("山田") == {comment.pk}
    assert found("田山") == set()


def test_what_is_edited_imported_and_erased_is_found_as_it_is_now(settled):
    user, article = make_user(), make_article()
    comment = make_comment(article, user=user, text="東京で選挙が行われた。")
    settled()
    edit_comment(comment.pk, "大阪で祭りがあった。", by=user)
    assert (found("選挙"), found("大阪")) == (set(), {comment.pk})

    Article.objects.filter(pk=article.pk).update(origin_site="old", origin_type="post", origin_id="1")
    here, there = Origin("old", "comment", "7"), Origin("old", "post", "1")
    admit([CommentRecord(here, there, status="approved", name="太郎", body="京都の選挙です。")])
    imported = Comment.objects.get(name="太郎")
    settled()
    assert found("京都 太郎") == {imported.pk}
    Comment.objects.update(renderer=0)
    list(rerender())
    assert found("京都 太郎") == {imported.pk}

    erase(imported.pk, by=make_editor())
    assert found("京都") == found("太郎") == set()
    assert Comment.objects.get(pk=imported.pk).search_terms == ""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index takes new rows in by itself")
def test_the_index_stays_whole_whatever_happens_to_what_it_does_not_hold_yet():
    article = make_article()
    first, second = make_comment(article, text="The first ferry."), make_comment(article, text="The second ferry.")
    search_index.index_new()
    gone, stays = make_comment(article, text="A ferry sinks."), make_comment(article, text="A ferry floats.")
    Comment.objects.filter(pk=stays.pk).update(body="A tram floats.")
    Comment.objects.filter(pk=gone.pk).delete()
    Comment.objects.filter(pk=second.pk).delete()
    assert (found("ferry"), found("tram"), held()) == ({first.pk}, {stays.pk}, {first.pk})

    search_index.index_new()
    earlier = Comment.objects.get(pk=first.pk)
    earlier.pk, earlier.path, earlier.body = gone.pk, "x", "A bus floats."
    earlier.save(force_insert=True)

    assert held() == {first.pk, gone.pk, stays.pk}
    assert (found("floats"), found("bus")) == ({gone.pk, stays.pk}, {gone.pk})
    with connection.cursor() as cursor:  # Raises where the index has other words than the comments.
        cursor.execute("INSERT INTO comments_words(comments_words, rank) VALUES ('integrity-check', 1)")
    assert search_index.index_new() == 0


def test_the_worker_indexes_what_is_new():
    assert search_index.index_new in [job for _, job in JOBS]


def test_an_older_index_is_filled_and_made_again_by_migrating():
    comment, plain = make_comment(text="東京で選挙が行われた。"), make_comment(text="The ferry.")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in search_index._TRIGGERS:
                cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute("DROP TABLE comments_words")
            former = "fts5(name, body, content='comments_comment', content_rowid='id')"
            cursor.execute(f"CREATE VIRTUAL TABLE comments_words USING {former}")
        else:
            cursor.execute("DROP INDEX comments_split_words")
        cursor.execute("UPDATE comments_comment SET search_terms = ''")

    importlib.import_module("comments.migrations.0007_fill_search_terms").fill(
        apps, SimpleNamespace(connection=connection)
    )
    connection.check_constraints()  # As at the end of a transaction: PostgreSQL alters no table before.
    search_index.install()
    search_index.install()
    assert connection.vendor == "postgresql" or held() == {comment.pk, plain.pk}

    assert found("選挙") == {comment.pk}
    assert found("ferr") == {plain.pk}
    later = make_comment(text="次の選挙")
    assert found("選挙") == {comment.pk, later.pk}


@pytest.mark.parametrize("query", ['"', "'", "a'b", "選'挙", "選:*", "(選|挙)", "选*", "ั", "のの の", "\\選", "ี:*'"])
def test_no_query_is_an_error(query):
    make_comment(text="選挙")

    list(Comment.objects.filter(sought(query)))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one way to search")
def test_the_index_alone_is_asked():
    make_comment(text="The ferry")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE comments_comment")
        cursor.execute(search_index._BY_INDEX)
        words = f"SELECT id FROM comments_comment WHERE {search_index._VECTOR} @@ to_tsquery('simple', %s)"
        cursor.execute(f"EXPLAIN {words} ORDER BY id DESC LIMIT 9", ["'ferr':*"])
        assert "Bitmap Index Scan on comments_split_words" in str(cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a setting of PostgreSQL")
def test_settings_of_one_search_end_with_it():
    found("ferr")

    with connection.cursor() as cursor:
        for name in ("work_mem", "enable_seqscan", "enable_indexscan"):
            cursor.execute("SELECT setting = reset_val FROM pg_settings WHERE name = %s", [name])
            assert cursor.fetchone() == (True,), name


@pytest.mark.skipif(connection.vendor == "postgresql", reason="about SQLite alone")
def test_a_search_holds_few_of_many_new_comments_at_a_time_and_finds_the_newest(monkeypatch):
    monkeypatch.setattr(search_index, "_INDEXED", 2)
    article, most = make_article(), [0]
    pks = [make_comment(article, text=f"The harbour, {turn}.").pk for turn in range(7)]

    class Counting:
        """A cursor that notes how many rows it has given at once."""

        def __init__(self, cursor):
            self.cursor = cursor

        def __getattr__(self, name):
            def call(*values):
                rows = getattr(self.cursor, name)(*values)
                if name.startswith("fetch"):
                    most[0] = max(most[0], len(rows))
                return rows

            return call

    with connection.cursor() as cursor:
        assert search_index._among_new('"harb"*', Counting(cursor)) == pks[::-1]
        assert most == [2]
        monkeypatch.setattr(search_index, "MOST", 3)
        assert search_index._among_new('"harb"*', cursor)[:3] == pks[:-4:-1]
