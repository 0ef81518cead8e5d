"""What is found out before a comment is locked for its author, and what is asked again once it is."""

import pytest
from django.db import connection

from comments.authors import author_edits
from comments.authors.author_edits import edit_comment
from comments.drafts import Visit
from comments.errors import Banned, CommentsClosed, Duplicate, EditedTooOften, EditingOver, NotYours
from comments.models import Comment
from comments.posting.editing_rights import MOST
from comments.screening import article_settings, compiled_entries, known_site, names
from tests.factories import make_ban, make_comment, make_moderator, make_rule, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
NEW = "Another thought of mine."


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen between looking ahead and locking."""

    def happen(deed):
        look = author_edits._look_ahead

        def then(*args):
            found = look(*args)
            deed()
            return found

        monkeypatch.setattr(author_edits, "_look_ahead", then)

    return happen


@pytest.mark.parametrize("by_token", [False, True])
def test_nothing_is_made_or_looked_up_under_the_lock_that_can_be_before(monkeypatch, by_token):
    """The settings, the filter entries and names, made ready for comparing; bans; how far the author is trusted."""
    set_rules(max_links=5)
    make_rule("casino")
    comment = make_comment() if by_token else make_comment(user=make_user())
    outside, locked = len(connection.savepoint_ids), []

    def watched(name, function):
        def call(*args, **values):
            if len(connection.savepoint_ids) > outside:
                locked.append(name)
            return function(*args, **values)

        return call

    for module, name in (
        (compiled_entries, "CompiledEntries"), (names, "read"), (known_site, "row_in"), (author_edits, "with_html"),
        (author_edits, "evaluate"), (author_edits, "moderates"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, watched(name, getattr(module, name)))
    for kept in (compiled_entries._read, known_site._rules):
        kept.cache_clear()

    def note(execute, sql, params, many, context):
        if len(connection.savepoint_ids) > outside and any(
            f'"{table}"' in sql
            for table in ("comments_ban", "comments_filterentry", "comments_commentsettings", "articles_author")
        ):
            locked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        who = {"token": comment.status_token} if by_token else {"by": comment.identity.user}
        edit_comment(comment.pk, NEW, **who, visit=Visit(address="192.0.2.7"))

    assert Comment.objects.get().body == NEW
    assert locked == []


def test_settings_that_change_meanwhile_count(meanwhile):
    comment, moderator = make_comment(user=make_user()), make_moderator()
    meanwhile(lambda: article_settings.change(comment.article_id, by=moderator, hold_everything=True))

    assert edit_comment(comment.pk, NEW, by=comment.identity.user).status == "pending"


def test_a_discussion_that_closes_meanwhile_is_closed(meanwhile):
    comment = make_comment(user=make_user())
    meanwhile(lambda: type(comment.article).objects.update(takes_comments=False))

    with pytest.raises(CommentsClosed):
        edit_comment(comment.pk, NEW, by=comment.identity.user)


def test_what_is_posted_meanwhile_is_not_said_twice(meanwhile):
    comment = make_comment(user=make_user())
    meanwhile(lambda: make_comment(comment.article, user=comment.identity.user, text=NEW))

    with pytest.raises(Duplicate):
        edit_comment(comment.pk, NEW, by=comment.identity.user)
    assert Comment.objects.get(pk=comment.pk).body != NEW


def test_a_change_meanwhile_may_have_been_the_last_that_is_allowed(meanwhile):
    comment = make_comment(user=make_user())
    for number in range(MOST - 1):
        comment.rewrite(f"Text {number}.", "", edited_at=comment.created_at)
    meanwhile(lambda: Comment.objects.get().rewrite("The last one.", "", edited_at=comment.created_at))

    with pytest.raises(EditedTooOften):
        edit_comment(comment.pk, NEW, by=comment.identity.user)
    assert Comment.objects.get().body == "The last one."


def test_a_comment_that_is_somebody_elses_meanwhile_is_not_changed(meanwhile):
    comment, other = make_comment(user=make_user()), make_comment(user=make_user())
    meanwhile(lambda: Comment.objects.filter(pk=comment.pk).update(identity=other.identity))

    with pytest.raises(NotYours):
        edit_comment(comment.pk, NEW, by=comment.identity.user)
    assert Comment.objects.get(pk=comment.pk).body != NEW


def test_who_left_it_is_who_did_when_it_is_locked(meanwhile):
    """A guest's comment that its author has taken over meanwhile is judged as theirs."""
    set_rules(hold_first_comment=True)
    guest, known = make_comment(email="ada@example.org"), make_comment(user=make_user())
    meanwhile(lambda: Comment.objects.filter(pk=guest.pk).update(identity=known.identity))

    assert edit_comment(guest.pk, NEW, token=guest.status_token).status == "approved"


@pytest.mark.parametrize("whose", ["account", "network", "email"])
def test_a_ban_counts_of_an_account_of_a_network_and_of_a_guests_address(whose):
    user = None if whose == "email" else make_user()
    comment = make_comment(user=user) if user else make_comment(email="ada@example.org")
    visit, who = Visit(address="192.0.2.7"), {"by": user} if user else {"token": comment.status_token}
    edit_comment(comment.pk, NEW, **who, visit=visit)
    targets = {"account": {"identity": comment.identity}, "network": {"network": "192.0.2.0/24"}}
    make_ban(**targets.get(whose, {"email": "ada@example.org"}))

    with pytest.raises(Banned):
        edit_comment(comment.pk, "One more.", **who, visit=visit)


def test_a_text_that_cannot_be_changed_any_more_is_not_judged(monkeypatch):
    comment = make_comment(user=make_user())
    set_rules(edit_minutes=0)
    monkeypatch.setattr(author_edits, "evaluate", pytest.fail)

    with pytest.raises(EditingOver):
        edit_comment(comment.pk, NEW, by=comment.identity.user)
