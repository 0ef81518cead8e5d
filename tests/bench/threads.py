"""What reading costs at 50, 1,000, 10,000 and 100,000 comments. `python -m tests.bench.threads [SIZE …]`.

One article of each size, two roots in five comments, so that the first page always shows the same 20 roots with their
30 replies; and one whose comments all stand under one root. Whole answers through the site's middleware, in processor
time of this process and of its PostgreSQL backend (a busy machine makes a wall clock worthless), medians of ROUNDS
turns that go round all sizes. The database is one of its own beside the one that DATABASE_URL names; else SQLite.
"""

import datetime as dt
import gc
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.scratch import PORT  # First: it makes the database.

# isort: split
from django.db import connection
from django.test import Client
from django.utils import timezone

from articles import page_versions
from articles.models.article import Article
from comments.discussion.counting import recount
from comments.models import Comment, CommentSettings
from comments.models.paths import path_of
from newsreader.kit import http_cache
from tests.factories import make_article, make_draft

SIZES = (50, 1_000, 10_000, 100_000)
ROUNDS, BATCH = 15, 5_000
# Of five comments: a root and its reply; a root, its reply, and the reply to that.
FIVE = (None, 0, None, 2, 3)
HTML = "<p>" + "The ferry left at six and I was on it, as on every day of these nine weeks. " * 5 + "</p>"


def forest(size: int) -> Iterator[int | None]:
    for number in range(size):
        above = FIVE[number % 5]
        yield None if above is None else number - number % 5 + above


def one_root(size: int) -> Iterator[int | None]:
    yield from (None if number == 0 else max(0, number - 1 - number % 4) for number in range(size))


def grow(article: Article, parents: Iterator[int | None]) -> None:
    """Write approved comments whose parents are given as numbers, a second apart."""
    first = (Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    start = timezone.now() - dt.timedelta(days=30)
    rows: list[Comment] = []
    waiting: list[Comment] = []
    for number, parent in enumerate(parents):
        above = rows[parent] if parent is not None else None
        at = start + dt.timedelta(seconds=number)
        row = Comment(
            pk=first + number, article_id=article.pk, parent_id=above and above.pk, depth=above.depth + 1 if above else 0,
            root_id=above and (above.root_id or above.pk), path=path_of(above.path if above else "", at, first + number),
            status="approved", name=f"Reader {number % 600}", body="The ferry.", html=HTML, created_at=at,
        )  # fmt: skip
        rows.append(row)
        waiting.append(row)
        if len(waiting) == BATCH:
            Comment.objects.bulk_create(waiting)
            waiting = []
    Comment.objects.bulk_create(waiting)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('comments_comment', 'id'), max(id)) FROM comments_comment"
            )


def spent() -> float:
    """Return the processor time of this process and of the backend that serves it, in milliseconds."""
    own = 1000 * time.process_time()
    return own + int(_backend.read_text().split()[0]) / 1e6 if _backend else own


def measure(asked: dict[int, Callable[[], object]]) -> dict[int, float]:
    """Return the median time of each in milliseconds, taken in turns."""
    times: dict[int, list[float]] = {size: [] for size in asked}
    for ask in asked.values():
        ask()
    gc.collect()
    gc.disable()
    for _ in range(ROUNDS):
        for size, ask in asked.items():
            began = spent()
            ask()
            times[size].append(spent() - began)
    gc.enable()
    return {size: statistics.median(some) for size, some in times.items()}


_backend: Path | None = None
client = Client(headers={"host": f"127.0.0.1:{PORT}"})


def get(path: str, *, kept: bool = False) -> bytes:
    if not kept:
        http_cache._kept.clear()
    answer = client.get(path)
    if answer.status_code not in {200, 302}:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return answer.content


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def told(what: str, asked: dict[int, Callable[[], object]], shown: dict[int, int] | None = None) -> None:
    times = measure(asked)
    cells = []
    for size, took in times.items():
        each = f" ({1000 * took / shown[size]:.0f} µs × {shown[size]})" if shown else ""
        cells.append(f"{took:.2f} ms{each}")
    costs = [times[size] / (shown[size] if shown else 1) for size in times]
    say(f"| {what} | {' | '.join(cells)} | {costs[-1] / costs[0]:.2f} |")


def main(sizes: tuple[int, ...]) -> None:
    wide = {size: make_article() for size in sizes}
    tall = {size: make_article() for size in sizes}
    for size in sizes:
        grow(wide[size], forest(size))
        grow(tall[size], one_root(size))
    began = time.perf_counter()
    recount()
    say(f"{connection.vendor}: recounting {Comment.objects.count():,} took {time.perf_counter() - began:.1f} s")
    global _backend
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_backend_pid()")
            _backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    for articles in (wide, tall):
        for size in sizes:
            articles[size].refresh_from_db()
    url = {size: wide[size].get_absolute_url() for size in sizes}
    api = {size: f"/api/v1/articles/{wide[size].pk}/comments/" for size in sizes}
    tops = {size: tall[size].comments.get(parent=None) for size in sizes}
    say(f"| | {' | '.join(f'{size:,}' for size in sizes)} | last : first |\n|{' --- |' * (len(sizes) + 2)}")

    def page(addresses: dict[int, str], what: str, mark: str) -> None:
        shown = {size: len(re.findall(mark, get(path).decode())) for size, path in addresses.items()}
        told(what, {size: lambda path=path: get(path) for size, path in addresses.items()}, shown)

    for order in ("oldest", "newest"):
        CommentSettings.objects.update(order=order)
        page_versions.bump_site()
        page(url, f"first page, {order} first, uncached", r'<article id="comment-')
    CommentSettings.objects.update(order="oldest")
    told("the same, cached", {size: lambda path=url[size]: get(path, kept=True) for size in sizes})
    last = {size: f"{url[size]}?page={max(1, -(-wide[size].root_count // 20))}" for size in sizes}
    page(last, "last page", r'<article id="comment-')
    for sort in ("oldest", "newest"):
        page({size: f"{api[size]}?sort={sort}" for size in sizes}, f"API, {sort} first", r'"article":')
    threads = {size: f"/comments/{tops[size].pk}/thread/" for size in sizes}
    page(threads, "first page of one thread", r'<article id="comment-')
    far = {size: f"{threads[size]}?page={max(1, (tops[size].thread_count - 1) // 50 + 1)}" for size in sizes}
    page(far, "last page of one thread", r'<article id="comment-')

    for order in ("oldest", "newest"):
        CommentSettings.objects.update(order=order)
        middle = {
            size: wide[size].comments.roots().in_order()[wide[size].root_count // 2].permanent_url for size in sizes
        }
        told(f"permanent address, {order} first, middle", {size: lambda p=middle[size]: get(p) for size in sizes})
    CommentSettings.objects.update(order="oldest")
    replies = {size: tall[size].comments.in_order()[size - 2].permanent_url for size in sizes}
    told("permanent address, end of one thread", {size: lambda p=replies[size]: get(p) for size in sizes})
    counted = {size: Comment.objects.filter(article=wide[size]).roots() for size in sizes}
    plain = {size: lambda rows=counted[size]: rows.count() for size in sizes}
    told("for comparison: counting the roots", plain)
    CommentSettings.objects.update(flood_seconds=0)
    told("posting a root", {size: lambda article=wide[size]: _post(article) for size in sizes})


def _post(article: Article) -> None:
    from comments.posting.submission import post_comment

    CommentSettings.objects.update(hold_first_comment=False)
    post_comment(make_draft(article))


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
