"""Leaving a reply, as an operation on real rows."""

import pytest

from comments.models import Comment
from comments.posting import post_comment
from tests.factories import make_draft

pytestmark = pytest.mark.django_db


def test_a_first_comment_waits_for_an_editor():
    comment = post_comment(make_draft())

    assert comment.status == Comment.Status.PENDING
    assert comment.decisions.get().reason == "first_comment"
