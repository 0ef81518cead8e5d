"""An import beside others: killed and begun again, while readers post, twice at once, and as a dry run."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from articles import search
from articles.models.article import Article, Redirect
from articles.models.origins import ImportRun
from articles.models.taxonomy import Author, Section, Tag
from comments.audit import audit_log
from comments.discussion import counting
from comments.models import AuditEntry, Comment, ConnectionData, Decision, PathBucket
from comments.posting import importing
from comments.posting.submission import post_comment
from newsreader.kit.long_writes import ShortTransactions
from newsreader.kit.one_at_a_time import alone
from newsreader.transfer import load, removal
from tests.factories import make_article, make_comment, make_draft

SAMPLES = Path(__file__).parent.parent / "samples" / "wordpress"
HARBOUR = SAMPLES / "harbour.xml"
KILLED = -signal.SIGKILL


def import_site(path: Path = HARBOUR, **options: Any) -> None:
    call_command("import_site", "--from", "wordpress", str(path), **options)


def in_a_process(does: Callable[[], None]) -> int:
    """Start a process that does this, and return its id. Whoever asks has no connection open that it could share."""
    connection.close()
    if child := os.fork():
        return child
    code = 1
    connections["default"] = connection.copy()  # Nothing of this process's own is used there.
    try:
        does()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def small_batches(monkeypatch):
    for module, size in ((importing, 2), (load, 3)):
        monkeypatch.setattr(module, "BATCH", size)
    monkeypatch.setattr(load, "ADDRESSES", 1)
    monkeypatch.setattr("newsreader.kit.long_writes.GAP", 0)


@contextmanager
def killed_at(number: int, *, before_commit: bool) -> Iterator[None]:
    """Have `kill -9` end this process in its transaction of this number, just before or just after it is committed."""
    begun, original = [0], ShortTransactions.next

    @contextmanager
    def watched(self: ShortTransactions) -> Iterator[None]:
        begun[0] += 1
        with original(self):
            yield
            if before_commit and begun[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
        if begun[0] == number and ImportRun.objects.filter(finished_at=None).exists():
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShortTransactions, "next", watched)
        yield


def site() -> dict[str, Any]:
    """Return everything that an import brings, without the keys, which an import that was cut short may skip."""
    named = {
        model.__name__: sorted(model.objects.values_list("name", "slug", "origin_id"))
        for model in (Section, Tag, Author)
    }
    articles = Article.objects.order_by("origin_id").values_list(
        "origin_id", "headline", "slug", "state", "body", "comment_count", "root_count", "section__slug", "published_on"
    )
    belonging = Article.objects.order_by("origin_id", "tags__slug", "authors__slug")
    comments = Comment.objects.order_by("article__origin_id", "path").values_list(
        "article__origin_id", "origin_id", "parent__origin_id", "root__origin_id", "depth", "status", "kind", "name", "body",
        "html", "search_terms", "created_at", "reply_count", "thread_count", "channel",
    )  # fmt: skip
    return named | {
        "articles": list(articles),
        "belonging": list(belonging.values_list("origin_id", "tags__slug", "authors__slug")),
        "comments": list(comments),
        "connections": sorted(ConnectionData.objects.values_list("comment__origin_id", "email", "user_agent")),
        "decisions": sorted(Decision.objects.values_list("comment__origin_id", "number", "source", "after")),
        "redirects": sorted(Redirect.objects.values_list("site", "path", "article__origin_id")),
        "buckets": PathBucket.objects.count(),
        "found": sorted(
            Article.objects.filter(pk__in=search.newest(Article.objects.all(), "boat")).values_list("slug")
        ),
        "audit": sorted(AuditEntry.objects.values_list("kind", "facts__came_in")),
    }


@pytest.fixture
def undisturbed(transactional_db, tmp_path):
    """What a run that nothing disturbed leaves, and its report. It is gone again."""
    with transaction.atomic():
        import_site(report=tmp_path / "undisturbed.json")
        left = site()
        transaction.set_rollback(True)
    return left, told_in(tmp_path / "undisturbed.json")


def told_in(path: Path) -> dict[str, Any]:
    """Return a report without the number of the import."""
    report: dict[str, Any] = json.loads(path.read_text())
    del report["import"]
    return report


@pytest.mark.ci_sqlite
@pytest.mark.parametrize("before_commit", [False, True], ids=["after a commit", "before a commit"])
def test_an_import_that_is_killed_again_and_again_ends_as_one_that_is_not(
    undisturbed, small_batches, tmp_path, capsys, before_commit
):
    left, told = undisturbed
    attempts = 0

    def attempt() -> None:
        # Each attempt commits one transaction, so each point is one at which an attempt is killed.
        with killed_at(2 if before_commit else 1, before_commit=before_commit):
            import_site(report=tmp_path / "again.json")

    while (code := ended(in_a_process(attempt))) == KILLED:
        attempts += 1
        assert attempts < 30
        assert counting.recount() == 0
        assert not Comment.objects.filter(path=None).exists()
        articles, comments = Article.objects.count(), Comment.objects.count()
        assert comments == 0 or articles == 8
    assert code == 0

    assert attempts > 6
    assert site() == left
    run = ImportRun.objects.get()
    assert run.finished_at
    assert told_in(tmp_path / "again.json") == told
    call_command("undo_import", str(run.pk))
    assert not Article.objects.exists()
    assert not Comment.objects.exists()
    assert audit_log.verify()[1] == []


@pytest.mark.ci_sqlite
def test_taking_an_import_out_may_be_killed_too(transactional_db, monkeypatch, capsys):
    own = make_comment(make_article())
    for name in ("ARTICLES", "COMMENTS"):
        monkeypatch.setattr(removal, name, 2)
    monkeypatch.setattr("newsreader.kit.long_writes.GAP", 0)
    import_site()
    number, attempts = ImportRun.objects.get().pk, 0

    def attempt() -> None:
        with killed_at(attempts * 3 + 1, before_commit=False):
            call_command("undo_import", str(number))

    ImportRun.objects.update(finished_at=None)  # What `killed_at` looks at.
    while (code := ended(in_a_process(attempt))) == KILLED:
        attempts += 1
        assert counting.recount() == 0
    assert code == 0

    assert attempts > 2
    assert ImportRun.objects.get().undone_at
    assert list(Comment.objects.all()) == [own]
    assert not Section.objects.filter(import_run=number).exists()
    assert audit_log.verify()[1] == []


def test_a_reply_that_comes_while_an_import_is_taken_out_stays(transactional_db, monkeypatch, capsys):
    monkeypatch.setattr(removal, "ARTICLES", 1)
    monkeypatch.setattr("newsreader.kit.long_writes.GAP", 0)
    import_site()
    under = Article.objects.get(origin_id="9")
    plan = removal.plan(removal.brought_by(ImportRun.objects.get()))

    reply = make_comment(under)  # Published, until its turn comes.
    removed = removal.carry_out(plan, "import:1")

    assert Article.objects.get(import_run__isnull=False) == under
    assert Comment.objects.get() == reply
    assert under.comments.count() == 1
    assert Article.objects.get(pk=under.pk).state == "published"
    assert any("others have commented on it" in line for line in removed.kept)
    assert removed.facts["articles"] == 7


# --- Beside others ------------------------------------------------------------------------------------------------


def long_export(path: Path, comments: int) -> Path:
    """Write an export of one article with many comments, each of which replies to the one before the last."""
    said = "".join(
        f"<wp:comment><wp:comment_id>{n}</wp:comment_id><wp:comment_approved>1</wp:comment_approved>"
        f"<wp:comment_author>Ada {n}</wp:comment_author><wp:comment_content>Comment {n} of many.</wp:comment_content>"
        f"<wp:comment_date_gmt>2024-01-31 12:00:00</wp:comment_date_gmt>"
        f"<wp:comment_parent>{n - 2 if n % 5 > 2 else 0}</wp:comment_parent></wp:comment>"
        for n in range(1, comments + 1)
    )
    path.write_text(
        '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><link>http://long.example</link>'
        "<item><title>Long</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type>"
        "<wp:post_date_gmt>2024-01-31 12:00:00</wp:post_date_gmt><wp:status>publish</wp:status>"
        f"<wp:post_name>long</wp:post_name>{said}</item></channel></rss>"
    )
    return path


def patiently(seconds: int) -> None:
    """Wait no longer than this for the database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
        else:
            cursor.execute(f"SET lock_timeout = '{seconds}s'")


@pytest.mark.ci_sqlite
def test_readers_post_while_an_import_runs_and_a_second_import_is_refused(transactional_db, tmp_path):
    path, article = long_export(tmp_path / "long.xml", 1000), make_article()
    child = in_a_process(lambda: import_site(path))
    try:
        patiently(3)
        posted, beside, refusal = [], 0, None
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            before = Comment.objects.filter(channel="import").count()
            place = Article.objects.filter(origin_site="long.example").first()
            for under in filter(None, (article, place)):
                draft = make_draft(under, text=f"A reply beside the import, number {len(posted)}")
                posted.append(post_comment(draft).pk)
            beside += place is not None and Comment.objects.filter(channel="import").count() < 1000
            if 0 < before < 600 and refusal is None:
                with pytest.raises(CommandError, match=r"^Another import is running.*Nothing was imported") as told:
                    import_site()
                refusal = told.value
            time.sleep(0.05)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise

    assert refusal is not None
    assert refusal.returncode == 1
    assert beside >= 1
    assert Comment.objects.filter(pk__in=posted).count() == len(posted)
    assert Comment.objects.filter(channel="import").count() == 1000
    assert counting.recount() == 0
    assert ImportRun.objects.get().finished_at


def test_no_transaction_of_an_import_grows_with_the_file(transactional_db, tmp_path, monkeypatch):
    monkeypatch.setattr("newsreader.kit.long_writes.GAP", 0)
    monkeypatch.setattr(importing, "BATCH", 20)
    grown, original = [], ShortTransactions.next

    @contextmanager
    def watched(self: ShortTransactions) -> Iterator[None]:
        before = Comment.objects.count()
        with CaptureQueriesContext(connection) as asked, original(self):
            yield
        grown.append((Comment.objects.count() - before, len(asked)))

    monkeypatch.setattr(ShortTransactions, "next", watched)
    with CaptureQueriesContext(connection) as asked:
        import_site(long_export(tmp_path / "long.xml", 90))

    assert [comments for comments, _ in grown if comments] == [20, 20, 20, 20, 10]
    assert max(queries for _, queries in grown) < 40
    outside = [query["sql"] for query in asked if not query["sql"].startswith(("SELECT", "BEGIN", "COMMIT"))]
    assert not any(sql.startswith("SAVEPOINT") for sql in outside)  # Each is a transaction, not a part of one.


def test_the_lock_ends_with_its_process(transactional_db):
    reading, writing = os.pipe()

    def hold() -> None:
        with alone("import"):
            os.write(writing, b"held")
            time.sleep(60)

    child = in_a_process(hold)
    assert os.read(reading, 4) == b"held"
    with pytest.raises(CommandError, match="Another import is running"):
        import_site()
    os.kill(child, signal.SIGKILL)
    assert ended(child) == KILLED

    import_site()


# --- A dry run ----------------------------------------------------------------------------------------------------


@contextmanager
def somebody_else_writing() -> Iterator[None]:
    """Hold the lock that keeps everybody else from writing."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(known["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    address = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    with psycopg.connect(dbname=known["NAME"], **{name: value for name, value in address.items() if value}) as other:
        for model in (ImportRun, Article, Comment, Section, Tag, Author, Redirect):
            other.execute(f"LOCK TABLE {model._meta.db_table} IN EXCLUSIVE MODE")
        yield
        other.rollback()


def files(folder: Path) -> dict[str, str]:
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir() if each.is_file()}


def test_a_dry_run_only_asks_and_waits_for_nobody(transactional_db, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    connection.ensure_connection()
    database = Path(str(connection.settings_dict["NAME"]))
    with somebody_else_writing(), CaptureQueriesContext(connection) as asked:
        before = files(database.parent) if connection.vendor == "sqlite" else {}
        import_site(dry_run=True)
        after = files(database.parent) if connection.vendor == "sqlite" else {}

    assert "comments: 6" in capsys.readouterr().out
    assert {query["sql"].split()[0] for query in asked} == {"SELECT"}
    assert {name: sum for name, sum in after.items() if name.startswith(database.name)} == {
        name: sum for name, sum in before.items() if name.startswith(database.name)
    }
    assert not list(tmp_path.iterdir())


@pytest.mark.ci_sqlite
def test_a_dry_run_of_an_import_that_was_cut_short_says_what_it_will_end_with(
    undisturbed, small_batches, tmp_path, capsys
):
    def attempt() -> None:
        with killed_at(5, before_commit=False):
            import_site()

    assert ended(in_a_process(attempt)) == KILLED
    import_site(dry_run=True, report=tmp_path / "dry.json")

    assert told_in(tmp_path / "dry.json") == undisturbed[1] | {"dry_run": True}
    assert "cut short; it goes on" in capsys.readouterr().err
