"""What the longest works of a large site cost, and what readers notice of them meanwhile.

    python -m tests.bench.long_work retention [--rows 1000000]    the first retention, over so many old comments
    python -m tests.bench.long_work erasing [--rows 100000]       one person with so many comments is erased
    python -m tests.bench.long_work telling [--rows 10000]        an answer to so many followers, and codes to sign in
    DATABASE_URL=postgres://postgres@127.0.0.1/postgres python -m tests.bench.long_work retention

The site runs over the same database, with its worker; each second a page is read and a reply is posted. Printed are the
processor's and the clock's seconds, the longest transaction (without waiting for it to begin), the largest memory, and
the slowest answers. It ends with 1 where a transaction lasts over LONGEST, or a reader has no answer.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import datetime as dt
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import tests.bench.scratch  # isort: skip  # noqa: F401  First: it chooses the database.

from django.core.management import call_command
from django.db import connection
from django.db.transaction import Atomic
from django.utils import timezone

from articles.models.article import Article
from comments.audit import audit_log
from comments.models import AuditEntry, Comment, ConnectionData, Decision, MailPreferences, Subscription
from newsreader.accounts.models import Retention
from newsreader.mailing.models import Letter
from newsreader.operations import retention
from tests.bench.copies import PATH, address, many
from tests.bench.mailbox import Mailbox
from tests.bench.processes import CSRF, Processes, Visitor, until
from tests.factories import make_article, make_comment, make_moderator, make_user, set_rules

LONGEST = 2.0  # seconds of a transaction: a third of what a post waits for SQLite
SHOWN = 300  # characters of a statement
ARTICLES = 20
OLD = dt.timedelta(days=400)
TOLD_WITHIN = 600  # seconds, within which all are told; else it is said how many were
ASKED_AFTER = (0, 5, 10, 20, 40, 60)  # seconds, at which somebody wants to sign in


# --- What is measured ---------------------------------------------------------------------------------------------


@dataclass
class Times:
    """The transactions of this process, and statements outside of any: the longest of each, in seconds.

    `within` is the slowest statement of the longest transaction, and how long this process worked in it: a busy machine
    lets it wait.
    """

    transaction: float = 0.0
    within: str = ""
    statement: float = 0.0
    sql: str = ""

    @contextmanager
    def taken(self) -> Iterator[Times]:
        began: list[tuple[float, float]] = []
        slowest: list[Any] = [0.0, ""]
        enter, leave = Atomic.__enter__, Atomic.__exit__

        def entered(atomic: Atomic) -> None:
            outer = not connection.in_atomic_block
            enter(atomic)
            if outer:
                began.append((time.monotonic(), time.thread_time()))
                slowest[:] = [0.0, ""]

        def left(atomic: Atomic, *fault: Any) -> None:
            try:
                leave(atomic, *fault)
            finally:
                if not connection.in_atomic_block and began:
                    at, used = began.pop()
                    if (took := time.monotonic() - at) > self.transaction:
                        used = time.thread_time() - used
                        self.transaction, self.within = (
                            took,
                            f"{used:.2f} s of it worked; {slowest[0]:.2f} s: {slowest[1]}",
                        )

        def execute(run: Callable[..., Any], sql: str, params: Any, is_many: bool, context: Any) -> Any:
            start = time.monotonic()
            try:
                return run(sql, params, is_many, context)
            finally:
                took = time.monotonic() - start
                if connection.in_atomic_block and took > slowest[0]:
                    slowest[:] = [took, sql[:SHOWN]]
                elif not connection.in_atomic_block and took > self.statement:
                    self.statement, self.sql = took, sql[:SHOWN]

        with (
            patch.object(Atomic, "__enter__", entered),
            patch.object(Atomic, "__exit__", left),
            connection.execute_wrapper(execute),
        ):
            yield self


@dataclass
class Readers:
    """Read a page and post a reply each second, as long as it lasts, and note how long each answer takes."""

    article: int
    path: str
    times: dict[str, list[float]] = field(default_factory=lambda: {"page": [], "post": []})
    wrong: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def there(self) -> Iterator[Readers]:
        done = threading.Event()
        hands = [threading.Thread(target=self._ask_until, args=(done, what)) for what in self.times]
        for hand in hands:
            hand.start()
        try:
            yield self
        finally:
            done.set()
            for hand in hands:
                hand.join(60)

    def _ask_until(self, done: threading.Event, what: str) -> None:
        for number in count(1):
            if done.wait(1):
                return
            began = time.monotonic()
            if what == "page":
                status = Visitor().get(f"/search/?q=ferry+{number}" if number % 5 == 0 else self.path)[0]
            else:
                typed = {"name": "Ada", "email": f"ada{number}@example.net", "text": f"Fair winds, number {number}."}
                place = f"100.64.{number // 250}.{number % 250}"
                status = Visitor(place).post(f"/articles/{self.article}/reply/", typed)[0]
            self.times[what].append(time.monotonic() - began)
            if status not in {200, 303}:
                self.wrong[f"{what} {status}"] += 1

    def said(self) -> str:
        worst = ", ".join(f"{what} {max(times, default=0):.2f} s of {len(times)}" for what, times in self.times.items())
        return f"slowest answers: {worst}; not as they should be: {dict(self.wrong) or 'none'}"


def memory(pid: str = "self") -> float:
    """Return the most that a process has had, in MiB."""
    with Path(f"/proc/{pid}/status").open() as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measured(what: str, work: Callable[[], Any], readers: Readers) -> int:
    """Do the work while readers are there, and print what it cost. Returns how many findings."""
    Path("/proc/self/clear_refs").write_text("5")  # The most from now on: writing the rows took more.
    before, began, used = memory(), time.monotonic(), time.process_time()
    with Times().taken() as times, readers.there():
        found = work()
    took, used = time.monotonic() - began, time.process_time() - used
    print(f"{connection.vendor}, {what}: {found}")
    print(f"  {used:.1f} s of the processor, {took:.1f} s by the clock, {memory():.0f} MiB, {before:.0f} before")
    print(f"  longest transaction {times.transaction:.2f} s, {times.within}")
    print(f"  longest statement outside of any {times.statement:.2f} s: {times.sql}")
    print(f"  {readers.said()}")
    return (times.transaction > LONGEST) + sum(readers.wrong.values())


# --- The works ----------------------------------------------------------------------------------------------------


def old_comments(number: int, email: str) -> Article:
    """Write so many comments of guests with addresses, browsers, decisions and log. Returns an article that has some."""
    began = time.monotonic()
    if Comment.objects.count() >= number:  # SCRATCH_TEMPLATE is of an earlier run.
        return Article.objects.order_by("pk")[1]
    set_rules(flood_seconds=0, surge_control=False)
    articles = [make_article() for _ in range(ARTICLES)]
    comment = make_comment(articles[0])
    at = timezone.now() - OLD
    Comment.objects.filter(pk=comment.pk).update(created_at=at, path="1" + "0" * 17)
    ConnectionData.objects.filter(comment=comment).update(user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    first = comment.pk
    many(
        comment, number, id=f"{first} + n", path=PATH, status_token="'t' || n", idempotency_key="NULL",
        article_id=f"{articles[0].pk} + n % {ARTICLES}", body="'The ferry was late, number ' || n",
        html="'<p>The ferry was late, number ' || n || '</p>'", duplicate_key="'d' || n", text_key="''",
    )  # fmt: skip
    data = ConnectionData.objects.get(comment=comment)
    many(data, number, comment_id=f"{first} + n", email=email, address=address("198.51.100"))
    decision = Decision.objects.filter(comment=comment).earliest("pk")
    many(decision, number, comment_id=f"{first} + n")
    audit_log.seal()
    entry = AuditEntry.objects.filter(subject=f"comment:{first}").earliest("pk")
    many(entry, number, number="10000000 + n", subject=f"'comment:' || ({first} + n)")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"{number} comments written in {time.monotonic() - began:.0f} s", flush=True)
    return articles[1]


def site(**environment: str) -> Processes:
    return Processes(2, **environment)


def readers_of(article: Article) -> Readers:
    return Readers(article.pk, article.get_absolute_url())


def retained(rows: int) -> int:
    """The first retention: nothing was ever cut. The worker's turns, one after the other, without its pauses."""
    article = old_comments(rows, "'reader' || (n % 5000) || '@example.net'")
    rules, running = Retention(), site()  # the defaults
    far = dict.fromkeys(("addresses_whole", "addresses", "browsers"), 9_000)
    Retention.objects.update_or_create(pk=1, defaults=far)  # The worker of the site has nothing to do with it.
    running.start()

    def work() -> str:
        found, turns = Counter[str](), 0
        with patch.object(type(Retention.objects), "current", lambda _: rules):
            while some := {kind: number for kind, number in retention.run(all_kinds=True).items() if number}:
                found.update(some)
                turns += 1
        return f"{dict(found)} in {turns} turns"

    try:
        return measured(f"the first retention over {rows} comments", work, readers_of(article))
    finally:
        running.stop()


def erased(rows: int) -> int:
    article = old_comments(rows, "'ada@example.org'")
    running = site()
    running.start()
    try:
        return measured(
            f"erasing one person with {rows} comments",
            lambda: call_command("erase_person", "ada@example.org"),
            readers_of(article),
        )
    finally:
        running.stop()


def told(rows: int) -> int:
    """An answer under an article that so many addresses follow; the worker tells them; some want to sign in meanwhile."""
    mailbox = Mailbox(delay=0.02)  # seconds
    running = site(EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}")
    set_rules(flood_seconds=0, surge_control=False, mails_an_hour=30_000)
    article, moderator = make_article(), make_moderator(is_superuser=False)
    preferences = MailPreferences.objects.create(
        address="f@example.net", folded="f@example.net", confirmed_at=timezone.now()
    )
    number = "'follower' || n || '@example.net'"
    many(preferences, rows, id=f"{preferences.pk} + n", address=number, folded=number)
    one = Subscription.objects.create(preferences=preferences, scope="article", article=article)
    many(one, rows, preferences_id=f"{preferences.pk} + n")
    users = [make_user() for _ in ASKED_AFTER]
    running.start()
    readers, failed = readers_of(article), 0
    # What readers post would be told to everybody, too.
    readers.article = make_article().pk
    worker = next(str(pid) for pid, kind in running.family() if kind == "worker")
    try:
        with readers.there():
            began = time.monotonic()
            Visitor.of(moderator, "203.0.113.1").post(
                f"/articles/{article.pk}/reply/", {"text": "The ferry runs again."}
            )
            until(lambda: followers_in(mailbox), "nobody was told")
            first, waited = time.monotonic(), []
            for after, user in zip(ASKED_AFTER, users, strict=True):
                time.sleep(max(0.0, first + after - time.monotonic()))
                asked, told_by_then = time.monotonic(), len(mailbox.letters)
                Visitor("203.0.113.7", {"csrftoken": CSRF}).post("/accounts/login/code/", {"email": user.email})
                until(lambda to=user.email: any(each == to for each, _ in list(mailbox.letters)), "no code came")
                waited.append((time.monotonic() - asked, told_by_then))
            with suppress(TimeoutError):
                until(lambda: followers_in(mailbox) >= rows, "not all were told", TOLD_WITHIN)
        took, told = time.monotonic() - began, followers_in(mailbox)
        print(f"{connection.vendor}, an answer to {rows} followers:")
        print(f"  the first was told after {first - began:.1f} s, {told} after {took:.1f} s")
        print(f"  the worker: {processor(worker):.1f} s of the processor, {memory(worker):.0f} MiB")
        print("  codes: " + ", ".join(f"{seconds:.2f} s (after {mails} mails)" for seconds, mails in waited))
        print(f"  {readers.said()}")
        failed = sum(seconds > 30 for seconds, _ in waited) + sum(readers.wrong.values())
        twice = [
            to for to, n in Counter(to for to, _ in mailbox.letters).items() if n > 1 and to.startswith("follower")
        ]
        print(f"  told twice: {len(twice)}; left: {Letter.objects.filter(sent_at=None).count()}")
        return failed + len(twice)
    finally:
        running.stop()


def followers_in(mailbox: Mailbox) -> int:
    return sum(to.startswith("follower") for to, _ in list(mailbox.letters))


def processor(pid: str) -> float:
    """Return the seconds of the processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


WORKS = {"retention": (retained, 1_000_000), "erasing": (erased, 100_000), "telling": (told, 10_000)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--rows", type=int)
    chosen = parser.parse_args()
    run, usual = WORKS[chosen.work]
    sys.exit(min(1, run(chosen.rows or usual)))
