"""Real exports, and those of other people's test suites, against what an independent count says is in them."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Count, F

from articles.models.article import Article
from comments.discussion import counting
from comments.models import Comment, ConnectionData, Decision
from newsreader.mailing.models import Letter
from tests.machine import SHARED
from tests.transfer.test_load import bring_in, rows

pytestmark = pytest.mark.django_db
STATUS = {"1": "approved", "0": "pending", "spam": "spam", "trash": "trash"}
STATE = {"publish": "published", "future": "scheduled", "trash": "withdrawn"}
# Those below 1 MB, and the one with most comments.
REAL = [
    "bloggure-en",
    *(pytest.param(name, marks=pytest.mark.long) for name in ("alienlebarge-fr", "chrisjrob-en", "davidsouther-en")),
    "mydjangoblog-ne",
    "panthar-en",
]
FIXTURES = sorted(path.stem for path in (SHARED / "data" / "wxr" / "fixtures").glob("*.xml"))


@cache
def counts(name: str) -> dict[str, Any]:
    lines = (SHARED / "data" / "wxr" / "COUNTS.dev.jsonl").read_text().splitlines()
    return next(told["in_file"] for line in lines if (told := json.loads(line))["file"] == f"wxr/{name}.xml")


def by_status() -> dict[str, int]:
    return dict(Comment.objects.values_list("status").annotate(Count("pk")).order_by())


def expected_states(told: dict[str, Any]) -> Counter[tuple[str, str]]:
    states: Counter[tuple[str, str]] = Counter()
    for key, number in told["items_by_type_status"].items():
        kind, status = key.split("/")
        if kind in {"post", "page"}:
            states[{"post": "article", "page": "page"}[kind], STATE.get(status, "draft")] += number
    return states


def assert_threads_are_sound(told: dict[str, Any]) -> None:
    replies = Comment.objects.filter(parent__isnull=False)
    assert replies.count() == told["replies"] - told["parents_missing"]
    assert not replies.exclude(parent__article=F("article")).exists()
    assert not Comment.objects.filter(path=None).exists()
    assert Comment.objects.filter(depth__gt=0).count() == replies.count()
    assert max(Comment.objects.values_list("depth", flat=True), default=-1) + 1 == told["max_depth"]


@pytest.mark.parametrize("name", REAL)
def test_a_real_export_comes_in_whole_and_only_once(shared: Path, name: str):
    path, told = shared / "data" / "wxr" / "real" / f"{name}.xml", counts(f"real/{name}")

    report = bring_in(path)

    states = Article.objects.values_list("kind", "state").annotate(number=Count("pk")).order_by()
    assert Counter({(kind, state): number for kind, state, number in states}) == expected_states(told)
    assert by_status() == {STATUS[key]: number for key, number in told["comments_by_approved"].items()}
    assert_threads_are_sound(told)
    assert Comment.objects.filter(kind="pingback").count() == told["comments_by_type"].get("pingback", 0)
    assert (
        Decision.objects.filter(source="import", number=1).count() == ConnectionData.objects.count() == told["comments"]
    )
    assert not Letter.objects.exists()
    assert counting.recount() == 0
    assert sum(Article.objects.values_list("comment_count", flat=True)) == told["comments_by_approved"].get("1", 0)
    lost = [remark for remark in report.remarks if remark.code == "parent_lost"]
    assert len(lost) == told["parents_missing"]

    before = rows()
    assert not bring_in(path, dry_run_too=False).came_in
    assert rows() == before


@pytest.mark.ci_both
@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_comes_in_or_is_refused_in_one_line(shared: Path, name: str):
    path, told = shared / "data" / "wxr" / "fixtures" / f"{name}.xml", counts(f"fixtures/{name}")

    if told["not_wellformed"]:
        with pytest.raises(CommandError, match="not well-formed") as refusal:
            call_command("import_site", "--from", "wordpress", str(path))
        assert "\n" not in str(refusal.value)
        assert not Article.objects.exists()
        return

    bring_in(path)

    assert by_status() == {STATUS[key]: number for key, number in told["comments_by_approved"].items()}
    assert_threads_are_sound(told)


@pytest.mark.parametrize("name", ["foreign_pictures", "plain_permalinks", "shortcodes_and_blocks"])
def test_a_dry_run_of_a_small_blog_says_what_the_import_then_does(shared: Path, name: str):
    path = shared / "data" / "field" / f"{name}.xml"

    first = bring_in(path)  # Which compares them: on an empty site, and where everything is here already.

    assert first.came_in["articles"].total() == Article.objects.filter(kind="article").count()
    assert not bring_in(path).came_in


HOSTILE = {
    "forward-parent": {"approved": 3},
    "missing-parent": {"approved": 2},
    "duplicate-comment-ids": {"approved": 2},
    "zero-dates": {"approved": 1},
    "statuses": {"pending": 3, "spam": 1, "trash": 2},
    "pings": {"approved": 4, "trash": 1},
    "xss-everywhere": {"approved": 1},
    "utf8-bom-leading-blank": {"approved": 1},
    "emoji-4byte": {"approved": 1},
    "same-slug": {},
    "billion-laughs": None,
    "xxe-file": None,
    "not-wxr-rss": None,
    "empty": None,
    "truncated": None,
    "invalid-utf8": None,
    "raw-cdata-end": None,
}


@pytest.mark.ci_both
@pytest.mark.parametrize("name", HOSTILE)
def test_a_strange_file_comes_in_or_is_refused(shared: Path, name: str):
    path = shared / "data" / "attacks" / "own" / "wxr" / f"dev-{name}.xml"

    if HOSTILE[name] is None:
        with pytest.raises(CommandError):
            call_command("import_site", "--from", "wordpress", str(path))
        assert not Article.objects.exists()
        return

    bring_in(path)

    assert by_status() == HOSTILE[name]
    stored = repr(rows()[:-3]) + repr(list(Comment.objects.values_list("name", "html", "website")))
    assert "<script" not in stored
    assert "javascript:" not in stored
    assert Article.objects.values("published_on", "slug").distinct().count() == Article.objects.count()
