"""What must never be, refused by the database itself; and what only a look over the data finds."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from articles.models.article import Article
from articles.models.site import Site
from comments.models import Comment, CommentSettings, Decision, Delivery
from tests.factories import make_article, make_comment

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def refused(**values):
    comment = make_comment()
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(**values)


def test_no_status_outside_the_four():
    refused(status="published")


def test_no_comment_is_its_own_parent():
    root = make_comment()
    reply = make_comment(parent=root)
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=reply.pk).update(parent=reply.pk)


def test_no_two_rows_for_one_key():
    make_comment(key="k")
    refused(idempotency_key="k")


def test_no_path_twice_under_an_article_but_any_number_without():
    article = make_article()
    first, second = make_comment(article), make_comment(article)
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=second.pk).update(path=first.path)
    Comment.objects.update(path=None)


def test_no_root_with_a_depth():
    refused(depth=1)


def test_no_origin_twice_but_any_number_born_here():
    first, second = make_comment(), make_comment()
    origin = {"origin_site": "", "origin_type": "comment", "origin_id": "7"}
    Comment.objects.filter(pk=first.pk).update(**origin)
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=second.pk).update(**origin)
    Comment.objects.filter(pk=second.pk).update(**origin | {"origin_site": "https://other.example"})


def test_no_decision_number_and_no_mail_twice():
    decision = make_comment().decisions.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(comment=decision.comment, number=decision.number, after="spam")
    Delivery.objects.create(decision=decision, event="waiting", address="a@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(decision=decision, event="waiting", address="a@example.org")


def test_one_site_and_one_set_of_rules():
    for model in (Site, CommentSettings):
        model.objects.current()
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(pk=2)


def test_no_published_article_without_a_date_and_no_address_twice():
    article = make_article()
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).update(published_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.create(headline="x", slug=article.slug, published_on=article.published_on)


def test_an_articles_comments_are_never_deleted_with_it():
    comment = make_comment()
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        comment.article.delete()


def test_the_check_over_the_data_finds_a_parent_under_another_article(capsys):
    reply = make_comment(parent=make_comment())
    call_command("check", "--database", "default")
    Comment.objects.filter(pk=reply.pk).update(article=make_article())

    with pytest.raises(CommandError, match=r"comments\.E001") as refusal:
        call_command("check", "--database", "default")
    assert str(reply.pk) in str(refusal.value)


def test_no_sentence_and_no_personal_data_in_a_decision():
    comment = make_comment(name="Ada Lovelace", email="ada@example.org")
    for decision in comment.decisions.all():
        kept = str(decision.reasons)
        assert "Ada" not in kept
        assert "example.org" not in kept
        assert all(" " not in reason["code"] for reason in decision.reasons)


@pytest.mark.parametrize(
    ("typed", "words"), [("1) or <b>so</b> & *so*", "1) or <b>so</b> & *so*"), ("one\n\ntwo", "one\n\ntwo")]
)
def test_the_words_of_a_comment_are_those_that_were_typed(typed, words):
    assert make_comment(text=typed).words == words


def test_the_words_of_an_imported_comment_are_without_its_markup_until_it_is_typed_anew():
    comment = make_comment()
    comment.channel, comment.body, comment.html = "import", "One <b>two</b> &amp;", "<p>One <b>two</b> &amp;</p>"

    assert comment.words == "One two &"
    comment.edited_at = comment.created_at
    assert comment.words == "One <b>two</b> &amp;"
