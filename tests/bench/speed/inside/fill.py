"""Load the file of articles and comments into the site's database: `python fill.py FILE`, in the site's environment.

Rows are written as the models make them and go in by COPY, or many with a statement on SQLite. Its last line is JSON, what the
rows of the table need: addresses of articles, waiting comments, sessions of moderators and of readers with comments.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.html import escape  # noqa: E402

from articles.models import Article, Section  # noqa: E402
from comments.audit.reason_codes import IMPORTED, single  # noqa: E402
from comments.models import Comment, CommentSettings, ConnectionData, Decision, search_index  # noqa: E402
from comments.models.paths import path_of  # noqa: E402
from newsreader.accounts.identities import own_identity  # noqa: E402

BATCH, WAITING, MODERATORS = 5_000, 2_000, 8
READERS, OF_READER = 8, 100  # with an account, and how many comments each has just left
SECTIONS = ("Town", "Business", "Culture", "Science", "Sport")
Line = dict[str, Any]


def lines(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8") as opened:
        yield from map(json.loads, opened)


def insert(model: type[models.Model], rows: list[models.Model]) -> None:
    """Write rows; their key is left to the database where they have none."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    fields = [field for field in fields if not (field.primary_key and rows[0].pk is None)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    table = f'"{model._meta.db_table}" ({columns})'
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(fields))})", values)


def articles(file: Path) -> list[Article]:
    sections = [
        Section.objects.create(name=name, slug=name.lower(), position=place) for place, name in enumerate(SECTIONS)
    ]
    rows = []
    for line in lines(file):
        if line["type"] != "article":
            continue
        at = dt.datetime.fromisoformat(line["published"])
        body = "".join(f"<p>{escape(part)}</p>" for part in line["body"].split("\n\n"))
        rows.append(
            Article(
                pk=line["id"], headline=line["title"], slug=line["slug"], standfirst=line["body"][:120], body=body,
                section=sections[line["id"] % len(sections)], state="published", published_at=at, published_on=at.date(),
                created_at=at, updated_at=at,
            )
        )  # fmt: skip
    return rows


def counts(file: Path) -> tuple[Counter[int], Counter[int], Counter[int], Counter[int]]:
    """Return how many comments and roots each article has, and replies each comment and each thread."""
    all_, roots, replies, threads = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for line in lines(file):
        if line["type"] == "comment":
            all_[line["article"]] += 1
            if line["parent"] is None:
                roots[line["article"]] += 1
            else:
                replies[line["parent"]] += 1
                threads[line["root"]] += 1
    return all_, roots, replies, threads


# Rows have keys for finding duplicates, as those of a site have. Where all were empty, PostgreSQL took any key for one
# of every second row, and planned the question for each post: 0.25 ms that no site has.
def comments(file: Path, replies: Counter[int], threads: Counter[int]) -> Iterator[tuple[Comment, Line]]:
    paths: dict[int, str] = {}
    article = 0
    for line in lines(file):
        if line["type"] != "comment":
            continue
        if line["article"] != article:
            article, paths = line["article"], {}
        pk, parent, at = line["id"], line["parent"], dt.datetime.fromisoformat(line["created"])
        paths[pk] = path_of(paths[parent] if parent else "", at, pk)
        row = Comment(
            pk=pk, article_id=article, parent_id=parent, root_id=line["root"] if parent else None, depth=line["depth"],
            path=paths[pk], status="approved", created_at=at, name=line["name"], website=line["url"],
            reply_count=replies[pk], thread_count=threads[pk], duplicate_key=f"{pk:064x}",
        )  # fmt: skip
        row.write(line["text"])
        yield row, line


def waiting(first: int, under: list[int]) -> Iterator[tuple[Comment, Line]]:
    """Yield comments that wait for a moderator."""
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for number in range(WAITING):
        pk = first + number
        line = {"email": f"w{pk}@example.com", "ip": f"203.0.113.{pk % 250}", "ua": "Mozilla/5.0"}
        row = Comment(
            pk=pk, article_id=under[number % len(under)], path=path_of("", at, pk), created_at=at, name=f"Waiting {pk}",
            duplicate_key=f"{pk:064x}",
        )  # fmt: skip
        row.write(f"Something that a moderator has still to read, number {pk}, about the ferry.")
        yield row, line


def own(first: int, under: list[int], readers: list[Any]) -> Iterator[tuple[Comment, Line]]:
    """Yield comments of readers with an account, who may still change them."""
    at = timezone.now()
    for number in range(READERS * OF_READER):
        pk, reader = first + number, readers[number % READERS]
        line = {"email": reader.email, "ip": f"203.0.113.{pk % 250}", "ua": "Mozilla/5.0"}
        row = Comment(
            pk=pk, article_id=under[number % len(under)], path=path_of("", at, pk), created_at=at, name=reader.username,
            status="approved", identity=own_identity(reader),
        )  # fmt: skip
        row.write(f"Something that its author changes later, number {pk}, about the ferry.")
        yield row, line


def store(rows: Iterable[tuple[Comment, Line]]) -> None:
    """Write comments with what belongs to each: where it came from, and its first decision, as an import does.

    The audit log has no entries for the decisions of an import, so it verifies.
    """

    def flush(batch: list[tuple[Comment, Line]]) -> None:
        insert(Comment, [row for row, _ in batch])
        insert(
            ConnectionData,
            [
                ConnectionData(comment_id=row.pk, address=line["ip"], user_agent=line["ua"], email=line["email"])
                for row, line in batch
            ],
        )
        insert(
            Decision,
            [
                Decision(
                    comment_id=row.pk, number=1, source="import", after=row.status, created_at=row.created_at,
                    reasons=single(IMPORTED),
                )
                for row, _ in batch
            ],
        )  # fmt: skip

    batch: list[tuple[Comment, Line]] = []
    for pair in rows:
        batch.append(pair)
        if len(batch) == BATCH:
            flush(batch)
            batch = []
    if batch:
        flush(batch)


def rules() -> None:
    """What a site has on that publishes guests at once. Without surge control: a benchmark is a surge.

    Authors may change their comments all day, so that it does not matter how long loading takes.
    """
    CommentSettings.objects.current()
    CommentSettings.objects.update(hold_first_comment=False, surge_control=False, edit_minutes=1440)


def sessions() -> list[str]:
    """Sign moderators in: one alone would meet the limit of requests a minute. The first gets the mails."""
    found = []
    for number in range(MODERATORS):
        user = apps.get_model("accounts", "User").objects.create(
            username=f"moderator{number}", email=f"moderator{number}@example.com", is_superuser=True, is_staff=True
        )
        if number == 0:
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        found.append(session_of(user))
    return found


def session_of(user: Any) -> str:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


def main(file: Path) -> dict[str, Any]:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # Of this connection alone; what is lost in a crash is loaded again.
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA cache_size = -500000")
    rules()
    rows = articles(file)
    all_, roots, replies, threads = counts(file)
    for row in rows:
        row.comment_count, row.root_count = all_[row.pk], roots[row.pk]
    small = [row.pk for row in rows if all_[row.pk] <= 30]
    users = apps.get_model("accounts", "User").objects
    readers = [users.create(username=f"reader{number}", email=f"r{number}@example.org") for number in range(READERS)]
    with transaction.atomic():
        insert(Article, rows)
        store(comments(file, replies, threads))
        first = all_.total() + 1
        store(waiting(first, small))
        store(own(first + WAITING, small, readers))
        while search_index.index_some():  # Else the worker would, while others are measured.
            pass
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in ("articles_article", "comments_comment"):
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        cursor.execute("ANALYZE")
    call_command("recount_comments", verbosity=0)  # For the buckets of long discussions; the counts are right.
    call_command("reindex_articles", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
    return {
        "articles": {row.pk: [row.get_absolute_url(), row.comment_count] for row in rows},
        "small": small,
        "section": f"/sections/{SECTIONS[0].lower()}/",
        "waiting": [first, first + WAITING],
        "own": [
            [session_of(reader), list(range(first + WAITING + number, first + WAITING + READERS * OF_READER, READERS))]
            for number, reader in enumerate(readers)
        ],
        "comments": all_.total() + WAITING + READERS * OF_READER,
        "sessions": sessions(),
    }


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(Path(sys.argv[1]))))
