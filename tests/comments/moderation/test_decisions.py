"""Deciding about comments, and the counts that follow."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from articles.models.article import Article
from comments.authors.author_edits import edit_comment, withdraw_comment
from comments.discussion.counting import recount
from comments.errors import Banned, EditingOver, NotYours, Removed, Withdrawn
from comments.models import Comment, Decision
from comments.moderation.decisions import decide, lock
from comments.posting.submission import post_comment
from tests.factories import (
    make_article,
    make_author,
    make_ban,
    make_comment,
    make_draft,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db


def test_a_decision_records_who_what_and_why():
    comment, moderator = make_comment(status="pending"), make_moderator()

    decision = decide(comment.pk, "spam", by=moderator, reason="spam")

    assert (decision.before, decision.after, decision.by, decision.source) == ("pending", "spam", moderator, "")
    assert decision.reasons == [{"code": "spam", "params": {}}]
    assert decision.number == comment.decisions.count()


def test_deciding_what_is_so_already_changes_nothing():
    comment = make_comment()
    before = comment.decisions.count()

    assert decide(comment.pk, "approved") is None
    assert comment.decisions.count() == before


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ("pending", "approved", +1),
        ("approved", "spam", -1),
        ("approved", "trash", -1),
        ("spam", "trash", 0),
        ("trash", "approved", +1),
    ],
)
def test_a_decision_keeps_the_counts(before, after, step):
    root = make_comment()
    comment = make_comment(parent=root, status=before)
    counted = Article.objects.get().comment_count
    root.refresh_from_db()
    replies = root.reply_count

    decide(comment.pk, after)

    root.refresh_from_db()
    assert Article.objects.get().comment_count == counted + step
    assert (root.reply_count, root.thread_count) == (replies + step, replies + step)


def test_a_status_that_is_none_is_refused():
    with pytest.raises(ValueError):
        decide(make_comment().pk, "published")
    with pytest.raises(Comment.DoesNotExist):
        decide(10**9, "approved")


def test_nobody_brings_a_withdrawn_comment_back():
    user = make_user()
    comment = make_comment(user=user)
    withdraw_comment(comment.pk, by=user)

    for status in ("approved", "pending", "spam"):
        with pytest.raises(Withdrawn):
            decide(comment.pk, status, by=make_moderator())
    assert Article.objects.get().comment_count == 0


def test_a_comment_restored_gets_the_status_it_had_before_it_was_removed():
    comment = make_comment(status="approved")
    for status in ("trash", "spam", "trash"):
        decide(comment.pk, status)

    assert lock([comment.pk]).before_removal(comment.pk) == "approved"
    never = make_comment(status="spam")
    assert lock([never.pk]).before_removal(never.pk) == "pending"


def test_only_its_author_may_change_or_withdraw_a_comment():
    comment = make_comment(user=make_user())

    with pytest.raises(NotYours):
        edit_comment(comment.pk, "Mine now", by=make_user())
    with pytest.raises(NotYours):
        withdraw_comment(comment.pk, by=make_user())


def test_an_edit_is_judged_anew_and_possible_for_fifteen_minutes(time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    user = make_user()
    comment = make_comment(user=user)
    edit_comment(comment.pk, "Still fine", by=user)
    comment.refresh_from_db()
    assert (comment.status, comment.body, comment.html) == ("approved", "Still fine", "<p>Still fine</p>")

    edit_comment(comment.pk, "https://a.example https://b.example", by=user)
    comment.refresh_from_db()
    assert comment.status == "pending"
    assert comment.decisions.last().reason == "too_many_links"

    time_machine.shift(901)
    with pytest.raises(EditingOver):
        edit_comment(comment.pk, "Too late", by=user)


@pytest.mark.parametrize(
    ("rules", "text", "reason"),
    [
        ({"hold_everything": True}, "Hello", "hold_everything"),
        ({"max_links": 2}, "https://a.example and https://b.example", "too_many_links"),
        ({"max_links": 2}, "a@b.org c@d.org", "too_many_links"),
    ],
)
def test_the_rules_hold_and_say_why(rules, text, reason):
    set_rules(hold_first_comment=False, **rules)

    comment = post_comment(make_draft(text=text))

    assert comment.status == "pending"
    assert comment.decisions.get().reason == reason


@pytest.mark.parametrize("text", ["One https://a.example link", "`https://a.example https://b.example`", "plain"])
def test_the_rules_let_pass_what_is_fine(text):
    set_rules(hold_first_comment=False, max_links=2)
    make_rule("marmalade")

    assert post_comment(make_draft(text=text)).status == "approved"


def test_who_moderates_here_skips_the_rules():
    set_rules(hold_everything=True)

    assert post_comment(make_draft(user=make_moderator())).status == "approved"


class Discussions(RuleBasedStateMachine):
    """Any sequence of posts, changes, decisions and withdrawals leaves the counts what a plain count says."""

    comments = Bundle("comments")

    def __init__(self):
        super().__init__()
        set_rules(flood_seconds=0, hold_first_comment=False)
        self.articles = [make_article(), make_article()]
        self.user = make_user()

    @rule(target=comments, article=st.integers(0, 1), held=st.booleans())
    def post(self, article, held):
        set_rules(hold_everything=held)
        return post_comment(make_draft(self.articles[article], user=self.user)).pk

    @rule(target=comments, parent=comments)
    def answer(self, parent):
        set_rules(hold_everything=False)
        parent = Comment.objects.get(pk=parent)
        if parent.status != "approved":
            return parent.pk
        return post_comment(make_draft(parent.article, parent=str(parent.pk), user=self.user)).pk

    @rule(comment=comments, status=st.sampled_from(["pending", "approved", "spam", "trash"]))
    def decide(self, comment, status):
        try:
            decide(comment, status)
        except Withdrawn:
            assert Comment.objects.get(pk=comment).status == "trash"

    @rule(comment=comments)
    def withdraw(self, comment):
        withdraw_comment(comment, by=self.user)
        assert Comment.objects.get(pk=comment).status == "trash"

    @rule(
        comment=comments, held=st.booleans(), text=st.sampled_from(["Mended.", "https://a.example https://b.example"])
    )
    def edit(self, comment, held, text):
        set_rules(hold_everything=held)
        before = Comment.objects.get(pk=comment)
        try:
            after = edit_comment(comment, f"{text} {comment}", token=before.status_token)
        except Withdrawn:
            assert before.status == "trash"
        else:
            assert (after.status == "approved") <= (before.status == "approved")

    @invariant()
    def counts_are_true(self):
        rows = {row.pk: row for row in Comment.objects.all()}
        last = dict(Decision.objects.order_by("number").values_list("comment_id", "after"))
        shown = [row for row in rows.values() if row.status == "approved"]
        for article in Article.objects.all():
            assert article.comment_count == sum(row.article_id == article.pk for row in shown)
        for row in rows.values():
            assert row.reply_count == sum(other.parent_id == row.pk for other in shown)
            assert row.thread_count == (0 if row.parent_id else sum(other.root_id == row.pk for other in shown))
            assert last[row.pk] == row.status

    @invariant()
    def there_is_nothing_to_mend(self):
        assert recount() == 0


class TestDiscussions(TestCase, Discussions.TestCase):
    settings = settings(max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))


def test_an_author_withdraws_what_a_moderator_removed_first_and_then_it_stays():
    user = make_user()
    comment = make_comment(user=user)
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")

    assert withdraw_comment(comment.pk, by=user).reasons == [{"code": "withdrawn", "params": {}}]
    assert withdraw_comment(comment.pk, by=user) is None
    with pytest.raises(Withdrawn):
        decide(comment.pk, "approved")


def test_a_banned_author_and_one_whose_comment_was_removed_change_nothing():
    user = make_user()
    comment = make_comment(user=user)
    make_ban(identity=comment.identity)
    with pytest.raises(Banned):
        edit_comment(comment.pk, "Changed", by=user)

    other = make_user()
    removed = make_comment(user=other)
    decide(removed.pk, "trash", by=make_moderator(), reason="off_topic")
    with pytest.raises(Removed):
        edit_comment(removed.pk, "Changed", by=other)


def test_who_moderates_elsewhere_is_judged_here_like_anybody():
    author = make_user(group="Authors")
    make_article(authors=[make_author(user=author)])
    comment = make_comment(make_article(), user=author)

    edit_comment(comment.pk, "https://a.example https://b.example", by=author)

    comment.refresh_from_db()
    assert comment.status == "pending"
