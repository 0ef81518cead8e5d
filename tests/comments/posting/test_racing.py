"""What must hold when many do the same at once, in threads with connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.test import Client

from articles.models.article import Article
from comments.authors.author_edits import edit_comment
from comments.discussion.counting import recount
from comments.errors import Removed
from comments.models import Comment, Decision, Revision
from comments.moderation.decisions import decide
from tests.factories import make_article, make_comment, make_moderator, set_rules

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.ci_both]


def at_once(jobs):
    """Run the jobs at the same moment and return what they returned, in order."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def send(article, **values):
    fields = {"text": "Hello", "name": "Ada", "email": "ada@example.org"} | values
    return lambda: Client().post(f"/articles/{article.pk}/reply/", fields).status_code


def test_a_hundred_hands_on_one_form_make_one_comment():
    article = make_article()

    codes = at_once([send(article, key="the-same") for _ in range(8)])

    assert codes == [303] * 8
    assert Comment.objects.count() == 1


def test_one_key_under_two_articles_is_taken_once():
    first, second = make_article(), make_article()

    codes = at_once([send(first, key="k"), send(second, key="k")])

    assert sorted(codes) == [303, 422]


def test_the_same_text_twice_at_once_is_one_comment():
    set_rules(flood_seconds=0)
    article = make_article()

    codes = at_once([send(article) for _ in range(6)])

    assert sorted(codes) == [303] + [409] * 5


def test_many_posts_at_once_from_one_address_are_limited_exactly():
    articles = [make_article() for _ in range(3)]

    codes = at_once([send(articles[n % 3], text=f"Number {n}") for n in range(12)])

    assert sorted(codes) == [303] * 3 + [429] * 9


def test_two_moderators_make_one_decision():
    comment = make_comment(status="pending")
    before = comment.decisions.count()

    made = at_once([lambda: decide(comment.pk, "approved") for _ in range(6)])

    assert sum(decision is not None for decision in made) == 1
    assert Decision.objects.filter(comment=comment).count() == before + 1
    assert Article.objects.get().comment_count == 1


def test_counts_stay_true_when_a_thread_is_decided_about_all_at_once():
    article = make_article()
    root = make_comment(article)
    reply = make_comment(parent=root)
    last = make_comment(parent=reply)

    at_once(
        [
            lambda pk=pk, to=to: decide(pk, to)
            for pk in (root.pk, reply.pk, last.pk)
            for to in ("trash", "approved", "spam")
        ]
    )

    assert recount() == 0
    article.refresh_from_db()
    assert article.comment_count == Comment.objects.approved().count()


def test_a_change_waits_for_whoever_decides_and_is_of_the_comment_that_is_there_then():
    """Whatever else is read with it, the comment is read as it is once its article and itself are locked."""
    comment, moderator = make_comment(make_article()), make_moderator()
    holding, done = Event(), Event()

    def remove():
        with transaction.atomic():
            decide(comment.pk, "spam", by=moderator)
            holding.set()
            done.wait(1)  # seconds in which the change would get through if it did not wait

    def change():
        holding.wait(10)
        with pytest.raises(Removed):
            edit_comment(comment.pk, "Another thought.", token=comment.status_token)

    at_once([remove, change])
    assert not Revision.objects.exists()
    assert Article.objects.get().comment_count == 0


def test_a_post_waits_for_whoever_is_closing_the_discussion():
    """The article is read under its lock, so a post that came while it was being closed finds it closed."""
    article = make_article()
    holding, done = Event(), Event()

    def close():
        with transaction.atomic():
            Article.objects.select_for_update().get(pk=article.pk)
            holding.set()
            done.wait(1)  # seconds in which the post would get through if it did not wait
            Article.objects.filter(pk=article.pk).update(takes_comments=False)

    def post():
        holding.wait(10)
        return send(article)()

    assert at_once([close, post])[1] == 403
