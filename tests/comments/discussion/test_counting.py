"""Kept counts and places equal what a plain count says, after any sequence of what can happen to comments."""

import datetime as dt
from contextlib import suppress
from itertools import count
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from articles.models.article import Article
from articles.records import Origin
from comments.authors.author_edits import withdraw_comment
from comments.discussion import counting, positions
from comments.discussion.counting import recount
from comments.errors import Withdrawn
from comments.models import Comment, PathBucket
from comments.moderation.decisions import decide
from comments.posting.importing import CommentRecord, admit
from comments.posting.submission import post_comment
from tests.factories import make_article, make_comment, make_draft, make_user, set_rules

STATUSES = ["pending", "approved", "spam", "trash"]
LONG_AGO = dt.datetime(2019, 3, 1, tzinfo=dt.UTC)
SITE = "old.example"


def orders():
    """Every reading order with its rows by a plain count: (order, paths)."""
    rows = list(Comment.objects.order_by("path"))
    approved = [row for row in rows if row.status == "approved"]
    threads = {root.pk: [row.path for row in approved if row.root_id == root.pk] for root in rows if not root.parent_id}
    for article in Article.objects.all():
        roots = [row for row in rows if row.article_id == article.pk and not row.parent_id]
        stand = [root.path for root in roots if root.status == "approved" or threads[root.pk]]
        yield positions.roots_of(article.pk, article.root_count), stand
    for root in rows:
        if not root.parent_id:
            yield positions.thread_of(root), threads[root.pk]


def assert_counts_are_true():
    rows = list(Comment.objects.all())
    shown = [row for row in rows if row.status == "approved"]
    for article in Article.objects.all():
        assert article.comment_count == sum(row.article_id == article.pk for row in shown)
    for row in rows:
        assert row.reply_count == sum(other.parent_id == row.pk for other in shown)
        assert row.thread_count == (0 if row.parent_id else sum(other.root_id == row.pk for other in shown))
    assert all(order.size == len(paths) for order, paths in orders())


def assert_places_are_true():
    known = {(row.article_id, row.root_id): [] for row in PathBucket.objects.all()}
    for row in PathBucket.objects.order_by("start"):
        known[row.article_id, row.root_id].append(row)
    for order, paths in orders():
        stretches = known.pop((order.article_id, order.root_id), [])
        if order.is_long:
            assert stretches[0].start == ""
        else:
            assert stretches == []
        ends = [row.start for row in stretches[1:]] + ["zzz"]
        for row, end in zip(stretches, ends, strict=False):
            assert row.count == sum(row.start <= path < end for path in paths) <= 2 * positions.SIZE
    assert known == {}


def assert_every_place_is_found():
    for order, paths in orders():
        assert [order.before(path) for path in paths] == list(range(len(paths)))
        for backwards in (False, True):
            expected = paths[::-1] if backwards else paths
            for first in range(0, len(paths), 2):
                page = order.page(first, 2, backwards=backwards)
                assert [row.path for row in page] == expected[first : first + 2]


class Histories(RuleBasedStateMachine):
    """Posts, replies, decisions, withdrawals and imports in any order; stretches are short, so that there are some."""

    comments = Bundle("comments")

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.short = mock.patch.multiple(positions, SIZE=2, SHORT=4)
        self.short.start()
        set_rules(flood_seconds=0, hold_first_comment=False)
        self.articles = [make_article(origin_site=SITE, origin_type="post", origin_id=str(at)) for at in range(2)]
        self.user = make_user()
        self.origins = count(1)

    def teardown(self):
        try:
            assert_every_place_is_found()
        finally:
            self.short.stop()
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    @initialize(target=comments)
    def begin(self):
        """One order of roots and one thread that are about to become long."""
        root = ("approved", 0, 0)
        return self._import(
            0, [*[root] * positions.SHORT, *[("approved", 9, at) for at in range(1, positions.SHORT + 1)]]
        )

    @rule(target=comments, article=st.integers(0, 1), held=st.booleans())
    def post(self, article, held):
        set_rules(hold_everything=held)
        return post_comment(make_draft(self.articles[article], user=self.user)).pk

    @rule(target=comments, parent=comments, held=st.booleans(), times=st.integers(1, 6))
    def answer(self, parent, held, times):
        set_rules(hold_everything=held)
        parent = Comment.objects.get(pk=parent)
        if parent.status != "approved":
            return multiple()
        drafts = [make_draft(parent.article, parent=str(parent.pk), user=self.user) for _ in range(times)]
        return multiple(*[post_comment(draft).pk for draft in drafts])

    @rule(
        target=comments,
        article=st.integers(0, 1),
        told=st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(0, 60), st.integers(0, 6)), max_size=8),
    )
    def bring_in(self, article, told):
        return self._import(article, told)

    def _import(self, article, told):
        """Admit comments, told as status, age in hours and how many before it is the one it answers (0: none)."""
        records = []
        for status, hours, back in told:
            number = next(self.origins)
            records.append(
                CommentRecord(
                    origin=Origin(SITE, "comment", str(number)),
                    article=Origin(SITE, "post", str(article)),
                    parent=Origin(SITE, "comment", str(number - back)) if back else None,
                    status=status,
                    body="From before.",
                    created_at=LONG_AGO + dt.timedelta(hours=hours),
                )
            )
        admit(records)
        brought = Comment.objects.filter(origin_id__in=[record.origin.id for record in records])
        return multiple(*brought.values_list("pk", flat=True))

    @rule(comment=comments, status=st.sampled_from(STATUSES))
    def decide(self, comment, status):
        try:
            decide(comment, status)
        except Withdrawn:
            assert Comment.objects.get(pk=comment).status == "trash"

    @rule(status=st.sampled_from(STATUSES))
    def decide_about_an_answered_root(self, status):
        if root := Comment.objects.filter(parent=None, thread_count__gt=0).exclude(status=status).first():
            with suppress(Withdrawn):
                decide(root.pk, status)

    @rule(comment=comments)
    def withdraw(self, comment):
        row = Comment.objects.get(pk=comment)
        if row.identity and row.status != "trash":
            withdraw_comment(comment, by=self.user)

    @rule()
    def count_again(self):
        before = list(Article.objects.values("comment_count", "root_count", "page_version"))
        assert recount() == 0
        assert list(Article.objects.values("comment_count", "root_count", "page_version")) == before

    @invariant()
    def counts_are_true(self):
        assert_counts_are_true()

    @invariant()
    def places_are_true(self):
        assert_places_are_true()


class TestHistories(TestCase, Histories.TestCase):
    settings = settings(max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def long_thread(db, monkeypatch):
    monkeypatch.setattr(positions, "SIZE", 2)
    monkeypatch.setattr(positions, "SHORT", 4)
    set_rules(flood_seconds=0)
    root = make_comment()
    for _ in range(7):
        make_comment(parent=root)
        make_comment(root.article)
    assert_places_are_true()
    return root


def test_recounting_mends_whatever_has_drifted(long_thread, capsys):
    article = long_thread.article
    Article.objects.filter(pk=article.pk).update(comment_count=3, root_count=99)
    Comment.objects.filter(pk=long_thread.pk).update(reply_count=0, thread_count=1)
    PathBucket.objects.filter(root=None).update(count=7)
    PathBucket.objects.filter(root=long_thread.pk).delete()

    with mock.patch.object(counting, "RECOUNTED_ARTICLES", 1):
        make_article()
        call_command("recount_comments")

    assert "1 articles had a wrong count" in capsys.readouterr().out
    assert_counts_are_true()
    assert_places_are_true()


def test_recounting_one_article_leaves_the_places_of_others(long_thread):
    other = make_article()

    recount([other.pk])

    assert_places_are_true()


def test_a_place_is_found_where_stretches_are_missing_and_the_next_change_brings_them(long_thread):
    PathBucket.objects.all().delete()
    (roots, paths), *_ = orders()
    assert [roots.before(path) for path in paths] == list(range(len(paths)))
    assert [row.path for row in roots.page(5, 2)] == paths[5:7]

    make_comment(parent=long_thread)
    make_comment(long_thread.article)

    assert_places_are_true()


def test_a_count_never_falls_below_nothing(long_thread):
    Article.objects.update(comment_count=0, root_count=0)
    PathBucket.objects.update(count=0)
    lonely = Comment.objects.roots().exclude(pk=long_thread.pk).first()

    decide(lonely.pk, "trash")

    article = Article.objects.get()
    assert (article.comment_count, article.root_count) == (0, 0)


def test_an_order_that_becomes_short_has_no_stretches_and_gets_them_again(long_thread):
    replies = list(Comment.objects.filter(root=long_thread.pk))
    for reply in replies[:4]:
        decide(reply.pk, "trash")
        assert_places_are_true()
    assert not PathBucket.objects.filter(root=long_thread.pk).exists()

    for reply in replies[:4]:
        decide(reply.pk, "approved")
        assert_places_are_true()
