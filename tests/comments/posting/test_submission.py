"""Leaving a reply, as an operation on real rows."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from comments.authors.author_edits import edit_comment
from comments.drafts import Author
from comments.errors import Duplicate
from comments.models import Comment
from comments.posting.submission import post_comment
from comments.text import formatting
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_draft, make_user

pytestmark = pytest.mark.django_db


def test_a_first_comment_waits_for_an_editor():
    comment = post_comment(make_draft())

    assert comment.status == Comment.Status.PENDING
    assert comment.decisions.get().reason == "first_comment"


def test_a_text_is_rendered_once_from_the_form_to_the_row(monkeypatch):
    seen, to_html = [], formatting.to_html
    monkeypatch.setattr(formatting, "to_html", lambda text: seen.append(text) or to_html(text))

    comment = post_comment(make_draft(text="A *thought*."))
    edit_comment(comment.pk, "Another *thought*.", token=comment.status_token)

    assert seen == ["A *thought*.", "Another *thought*."]


def draft_of(article, identity, text):
    draft = make_draft(article, text=text)
    return replace(draft, author=Author(identity=identity, user=identity.user))


def test_a_person_says_the_same_once_under_all_identities():
    user, article = make_user(), make_article()
    elsewhere = CommenterIdentity.objects.create(provider="google", uid="1", user=user)
    post_comment(draft_of(article, own_identity(user), "A thought."))

    with pytest.raises(Duplicate):
        post_comment(draft_of(article, elsewhere, "a  thought."))


def test_people_without_an_account_may_say_what_others_have_said():
    article = make_article()
    first, second = (CommenterIdentity.objects.create(provider="google", uid=uid) for uid in "12")
    post_comment(draft_of(article, first, "A thought."))

    assert post_comment(draft_of(article, second, "A thought.")).identity == second
    with pytest.raises(Duplicate):
        post_comment(draft_of(article, first, "A thought."))


@pytest.mark.parametrize("key", ["", "a key that nobody else has used"])
def test_a_fault_of_the_database_that_no_key_explains_is_raised_and_nothing_tried_again(key):
    draft = make_draft(key=key, language=None)  # No column takes that.

    with CaptureQueriesContext(connection) as asked, pytest.raises(IntegrityError), transaction.atomic():
        post_comment(draft)

    assert len([query for query in asked if 'INSERT INTO "comments_comment"' in query["sql"]]) == 1
    assert not Comment.objects.exists()
