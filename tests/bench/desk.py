"""What the moderation desk reaches. `python -m tests.bench.desk keys|bulk|million|rounds [NUMBER]`, with DATABASE_URL.

keys: decisions a minute by a script's keyboard in a real browser on 1,000 waiting comments, and the time from a key to
the next card on a queue of 10,000. bulk: a decision on 10,000 and its undo, by the worker. million: queries and time of
the desk's pages at a million comments. rounds: the worker is killed in the middle of a batch while two moderators
decide about the same comments; nothing is lost and nothing decided twice.
"""
# ruff: noqa: T201

from __future__ import annotations

import datetime as dt
import os
import random
import statistics
import sys
import time
from typing import Any

from tests.bench.scratch import PORT  # First: it makes the database.

# isort: split
from django.core.cache import cache
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from playwright.sync_api import sync_playwright

from comments.discussion.counting import recount
from comments.models import Batch, BatchItem, Comment, ConnectionData, Decision
from comments.models.paths import path_of
from comments.moderation import batches
from comments.moderation.decisions import decide
from newsreader.operations import schedule
from tests.bench.processes import Processes, Visitor, until
from tests.factories import make_article, make_moderator
from tests.machine import CHROMIUM

QUEUE = "/admin/moderation/"
WORDS = ["ferry", "harbour", "council", "timetable", "lantern", "mole", "winter", "ticket", "bridge", "market"]
RARE = "zeppelin"


def fill(size: int, *, status: str = "pending", articles: int = 10, batch: int = 5_000) -> list[int]:
    """Write that many comments by some thousand people, each with its first decision; of every status where `mixed`."""
    chance = random.Random(size)
    under = [make_article().pk for _ in range(articles)]
    first = (Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    start = timezone.now() - dt.timedelta(days=30)
    made = []
    for begin in range(first, first + size, batch):
        rows, traces, decisions = [], [], []
        for pk in range(begin, min(begin + batch, first + size)):
            at = start + dt.timedelta(seconds=(pk - first) * 2_500_000 / size)
            person = chance.randrange(5_000)
            words = " ".join(chance.choices(WORDS, k=30)) + (f" {RARE}" if pk % 9_973 == 0 else "")
            shown = status if status != "mixed" else chance.choices(
                ["approved", "spam", "trash", "pending"], weights=[80, 14, 5, 1]
            )[0]  # fmt: skip
            row = Comment(
                pk=pk, article_id=chance.choice(under), path=path_of("", at, pk), status=shown, created_at=at,
                name=f"Reader {person}",
            )  # fmt: skip
            row.write(f"{words} {pk}", f"<p>{words} {pk}</p>")
            rows.append(row)
            traces.append(
                ConnectionData(
                    comment_id=pk, email=f"r{person}@example.org", address=f"10.{person // 250}.{person % 250}.7"
                )
            )
            decisions.append(
                Decision(
                    comment_id=pk, number=1, source="posting", after=shown, created_at=at,
                    reasons=[{"code": "first_comment", "params": {}}],
                )
            )  # fmt: skip
        Comment.objects.bulk_create(rows)
        ConnectionData.objects.bulk_create(traces)
        Decision.objects.bulk_create(decisions)
        made += [row.pk for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('comments_comment', 'id'), max(id)) FROM comments_comment"
            )
        cursor.execute("ANALYZE")
    return made


# --- By key -------------------------------------------------------------------------------------------------------


def keys(number: int) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # The browser's event loop is in this thread.
    fill(number)
    moderator = make_moderator(is_superuser=False)
    site = Processes(1)
    site.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            context = browser.new_context(base_url=f"http://127.0.0.1:{PORT}")
            session = Visitor.of(moderator, "192.0.2.1").cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": session, "url": f"http://127.0.0.1:{PORT}"}])
            page = context.new_page()
            _rush(page, number)
            fill(10_000)
            _one_by_one(page)
            browser.close()
    finally:
        site.stop()


def _rush(page: Any, number: int) -> None:
    """Decide about everything as fast as cards come."""
    page.goto(QUEUE)
    began, pressed = time.monotonic(), 0
    page.keyboard.press("j")
    while pressed < number:
        if page.locator(".entry.current").count():
            page.keyboard.press("a" if pressed % 3 else "s")
            pressed += 1
        else:
            page.wait_for_timeout(20)
    until(lambda: not Comment.objects.filter(status="pending").exists(), "some were not decided", 300)
    took = time.monotonic() - began
    people = Decision.objects.filter(source="").count()
    print(f"{number} decided in {took:.1f} s: {60 * number / took:.0f} a minute; {people} decisions on record")


def _one_by_one(page: Any) -> None:
    """From the key to the moment when the next card is drawn, fifty times with a person's pause."""
    page.goto(QUEUE)
    page.keyboard.press("j")
    page.evaluate(
        """() => { window.times = []; document.addEventListener('keydown', (event) => {
            const began = event.timeStamp;
            requestAnimationFrame(() => requestAnimationFrame(() => window.times.push(performance.now() - began)));
        }, true); }"""
    )
    for _ in range(120):
        page.keyboard.press("a")
        page.wait_for_timeout(100)
    times = sorted(page.evaluate("window.times"))
    print(
        f"key to next card on a queue of 10,000, ms: median {statistics.median(times):.0f}, "
        f"p95 {times[int(len(times) * 0.95)]:.0f}, slowest {times[-1]:.0f}"
    )


# --- In bulk ------------------------------------------------------------------------------------------------------


def bulk(number: int) -> None:
    fill(number)
    rows = Comment.objects.all()
    mia = make_moderator(is_superuser=False)
    recount()
    for name, start in (
        ("approve", lambda: batches.decide_batch(rows, "approved", by=mia)),
        ("undo", lambda: batches.undo(Batch.objects.latest("created_at").pk, by=mia, rows=rows)),
        ("undo of the undo", lambda: batches.undo(Batch.objects.latest("created_at").pk, by=mia, rows=rows)),
        ("spam", lambda: batches.decide_batch(rows, "spam", by=mia, reason="spam")),
    ):
        began = time.monotonic()
        batch = start()
        answered = time.monotonic() - began
        batches.carry_out.call(str(batch.pk))
        batch.refresh_from_db()
        took = time.monotonic() - began
        print(f"{name}: {batch.changed} changed in {took:.1f} s, answered after {answered:.2f} s")
    print(f"wrong counts afterwards: {recount()}")


# --- At a million -------------------------------------------------------------------------------------------------


def million(number: int) -> None:
    began = time.monotonic()
    fill(number, status="mixed", articles=500)
    recount()
    print(f"{connection.vendor}: {number} comments written in {time.monotonic() - began:.0f} s")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(make_moderator(is_superuser=False))
    some = Comment.objects.filter(status="approved").first()
    article = some.article_id if some else 0
    for path in (
        "", "?status=approved", "?status=spam", "?status=all", "?status=unanswered", "?status=reported",
        f"?q={RARE}", "?status=all&q=ferry", f"?status=all&q={RARE}", f"?status=spam&q={RARE}", "?status=all&q=ferry+harbour",
        "?status=all&q=r77@example.org", "?status=all&q=10.3.", "?status=all&network=10.3.0.0/16", "?status=all&author=r7@example.org",
        f"?status=all&article={article}", "?reason=first_comment", "?status=approved&reason=first_comment",
        "?reason=held_words",
        "?status=all&links=1", "?part=cards", "figures/", f"{some.pk if some else 0}/", f"{some.pk if some else 0}/alike/",
    ):  # fmt: skip
        client.get(QUEUE + path)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            with CaptureQueriesContext(connection) as asked:
                answer = client.get(QUEUE + path)
            times.append(1000 * (time.perf_counter() - start))
        slowest = max(asked.captured_queries, key=lambda query: float(query["time"]))
        print(
            f"{path or '(waiting)':44} {answer.status_code} {len(asked):3} queries, {statistics.median(times):6.0f} ms, "
            f"slowest {1000 * float(slowest['time']):.0f} ms"
        )
        if float(slowest["time"]) > 0.3:
            print(f"    {slowest['sql'][:600]}")


# --- Killed, and two at once --------------------------------------------------------------------------------------


def rounds(number: int) -> None:
    chance = random.Random(1)
    first, second = make_moderator(is_superuser=False), make_moderator(is_superuser=False)
    batches.AT_ONCE = 10  # So that the worker does it.
    site = Processes(1)
    site.start()
    findings: list[str] = []
    tally = {"batches cut in the middle": 0, "passed over": 0, "decisions": 0}
    try:
        for turn in range(1, number + 1):
            ids = fill(1_500, articles=3)
            recount()
            rows = Comment.objects.filter(pk__gte=ids[0], pk__lte=ids[-1])
            batch = batches.decide_batch(rows, "approved", by=first)
            time.sleep(chance.uniform(0.05, 1.2))
            site.kill({"worker"})
            left = BatchItem.objects.filter(batch=batch).count()
            tally["batches cut in the middle"] += 0 < left < len(ids)
            mine = chance.sample(ids, 150)
            for pk in mine:  # A colleague decides meanwhile.
                decide(pk, "spam", by=second, reason="spam")
            _again(site)
            until(lambda batch=batch: Batch.objects.get(pk=batch.pk).state == "done", "the batch was not finished")
            findings += _compare(turn, batch, ids)
            undone = batches.undo(batch.pk, by=first, rows=rows)
            until(lambda undone=undone: Batch.objects.get(pk=undone.pk).state == "done", "the undo was not finished")
            undone.refresh_from_db()
            tally["passed over"] += undone.passed_over
            tally["decisions"] += Decision.objects.filter(comment__in=rows).exclude(number=1).count()
            wrong = rows.exclude(status="pending").exclude(decisions__by=second).count()
            findings += [f"{turn}: {wrong} not as before"] if wrong else []
            findings += [f"{turn}: counts were wrong"] if recount() else []
            print(f"{turn}: {left} were left when the worker was killed; {len(findings)} findings", flush=True)
            if findings:
                break
    finally:
        site.stop()
    print(tally, findings)


def _again(site: Processes) -> None:
    site.serve.wait(60)
    until(site.gone, "somebody outlived serve")
    DBTaskResult.objects.filter(status="RUNNING").update(started_at=timezone.now() - dt.timedelta(hours=1))
    for ids in DBTaskResult.objects.values_list("worker_ids", flat=True):
        for worker in ids:
            cache.delete(schedule.alive(worker))
    schedule.take_up_lost_tasks()
    site.start()


def _compare(turn: int, batch: Batch, ids: list[int]) -> list[str]:
    """Each comment has at most one decision of the batch, and the numbers of each history have no gap."""
    rows = Decision.objects.filter(comment__gte=ids[0], comment__lte=ids[-1])
    twice = rows.filter(batch=batch.pk).values("comment").annotate(size=Count("pk")).filter(size__gt=1).count()
    missing = Comment.objects.filter(pk__gte=ids[0], pk__lte=ids[-1], status="pending").count()
    batch.refresh_from_db()
    made = rows.filter(batch=batch.pk).count()
    said = [f"{turn}: {twice} decided twice"] if twice else []
    said += [f"{turn}: {missing} were lost"] if missing else []
    return said + ([f"{turn}: {made} decisions, {batch.changed} counted"] if made != batch.changed else [])


if __name__ == "__main__":
    what, *more = sys.argv[1:]
    default = {"keys": 1_000, "bulk": 10_000, "million": 1_000_000, "rounds": 100}
    {"keys": keys, "bulk": bulk, "million": million, "rounds": rounds}[what](int(more[0]) if more else default[what])
