"""Everybody locks in one order, so that no two operations ever wait for each other."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from articles.models.article import Article
from articles.records import Origin
from comments.authors import author_edits, claiming
from comments.desk import teamwork
from comments.discussion.counting import recount
from comments.models import Comment, Revision
from comments.models import locks as locking
from comments.models.locks import lock_articles, lock_comment, lock_comments, lock_own
from comments.moderation import batches, moderator_edits
from comments.moderation.decisions import decide
from comments.moderation.erasing import erase
from comments.objections import reports
from comments.posting.importing import CommentRecord, admit
from comments.posting.rerendering import rerender
from comments.posting.submission import post_comment
from comments.screening import article_settings
from newsreader.kit.compiled_queries import Compiled
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
ORDER = ["articles_article", "comments_ratelimit", "comments_comment"]
UPSERT = re.compile(r"INSERT INTO comments_ratelimit .* ON CONFLICT \(key\) DO UPDATE")
FOR_UPDATE = re.compile(r" FOR UPDATE(?: OF ((?:\S+, )*\S+))?")


@pytest.fixture
def locks(monkeypatch):
    """The tables whose rows were locked, in order. SQLite, which locks everything, is asked as other databases are."""
    monkeypatch.setattr(connection.features, "has_select_for_update", True)
    monkeypatch.setattr(connection.features, "has_select_for_update_of", True)
    for compiled in vars(locking).values():
        if isinstance(compiled, Compiled):
            monkeypatch.setattr(compiled, "_statements", {})  # compiled without, perhaps
    locked = []

    def note(execute, sql, params, many, context):
        if UPSERT.match(sql):  # It locks the rows that are there.
            locked.append("comments_ratelimit")
        if found := FOR_UPDATE.search(sql):  # Tables of one statement are locked in the order in which it names them.
            locked.extend(re.findall(r"\w+", found[1] or re.search(r'FROM ("\w+")', sql)[1]))
            sql = sql if connection.vendor == "postgresql" else FOR_UPDATE.sub("", sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield locked


def post(comment):
    post_comment(make_draft(comment.article, parent=str(comment.pk)))


def report(comment):
    set_rules(flags_hold=1, flags_networks=0, flags_accounts=0)
    reports.report(comment.pk, reason="spam", visitor=reports.Reporter(address="192.0.2.77"))


def take_over(comment):
    user = make_user()
    Comment.objects.filter(pk=comment.pk).update(identity=None)
    type(comment.connection_data).objects.filter(pk=comment.pk).update(email=user.email)
    assert claiming.claim(user, [comment.pk]) == 1


def come_in_again(comment):
    origin = Origin("https://old.example/", "post", "7")
    Article.objects.update(origin_site=origin.site, origin_type=origin.type, origin_id=origin.id)
    admit([CommentRecord(Origin(origin.site, "comment", "1"), origin, body="Well.")])


def render(comment):
    Comment.objects.update(renderer=0)
    list(rerender())


DEEDS = {
    "post": post,
    "report": report,
    "edit": lambda comment: author_edits.edit_comment(comment.pk, "Another thought.", token=comment.status_token),
    "withdraw": lambda comment: author_edits.withdraw_comment(comment.pk, token=comment.status_token),
    "decide": lambda comment: decide(comment.pk, "spam", by=make_moderator()),
    "decide about many": lambda comment: batches.decide_batch(Comment.objects.all(), "spam", by=make_moderator()),
    "revise": lambda comment: moderator_edits.revise(comment.pk, "Another thought.", by=make_moderator()),
    "erase": lambda comment: erase(comment.pk, by=make_moderator()),
    "pick": lambda comment: teamwork.pick(comment.pk, on=True, by=make_moderator()),
    "hand over": lambda comment: teamwork.hand_to(comment.pk, make_moderator(), by=make_moderator()),
    "claim": take_over,
    "import": come_in_again,
    "render": render,
    "recount": lambda comment: recount(),
    "change the discussion": lambda comment: article_settings.change(
        comment.article_id, by=make_moderator(), slow_seconds=60
    ),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_articles_are_locked_before_limits_and_these_before_comments(deed, locks):
    comment = make_comment()
    locks.clear()

    deed(comment)

    first_of_each = [table for table in dict.fromkeys(locks) if table in ORDER]
    assert first_of_each[0] == "articles_article"
    assert first_of_each == sorted(first_of_each, key=ORDER.index)


def test_comments_come_locked_by_id(django_assert_num_queries):
    article, other = make_article(), make_article()
    comments = [make_comment(other), make_comment(article), make_comment(article)]

    with django_assert_num_queries(2):
        found = lock_comments([10**6, *(comment.pk for comment in reversed(comments))])
        assert [row.pk for row in found] == [comment.pk for comment in comments]
    assert [row.pk for row in lock_articles([other.pk, article.pk, 10**6])] == [article.pk, other.pk]


def test_ones_own_comment_comes_locked_with_all_that_an_edit_asks(django_assert_num_queries):
    make_comment()
    article = make_article()
    comment = make_comment(article, email="ada@example.org")

    with django_assert_num_queries(1):
        found = lock_own(comment.pk)
        assert (found.pk, found.article.headline) == (comment.pk, article.headline)
        assert (found.identity, found.connection_data.email) == (None, "ada@example.org")
    first = Revision.objects.create(pk=found.next_revision or 1, comment=found)
    assert Revision.objects.create(comment=found).pk == first.pk + 1


def test_a_comment_that_is_not_there_is_said_not_to_exist():
    for lock in (lock_comment, lock_own):
        with pytest.raises(Comment.DoesNotExist):
            lock(10**6)
