"""Leaving a reply, as an operation on real rows."""

import pytest

from comments.authors.author_edits import edit_comment
from comments.models import Comment
from comments.posting.submission import post_comment
from comments.text import formatting
from tests.factories import make_draft

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
