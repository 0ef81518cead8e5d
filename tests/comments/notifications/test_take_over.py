"""What the release before has left in its outbox moves into the site's: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from articles.models.article import Article
from comments.models import Comment, Delivery
from comments.moderation.erasing import erase
from comments.notifications import outbox, queue_held_up, take_over
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_comment, make_editor, make_moderator

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def left(comment: Comment, address: str, **values: Any) -> Delivery:
    return Delivery.objects.create(
        decision=comment.decisions.first(), **{"event": "waiting", "address": address} | values
    )


def test_all_that_waits_moves_and_is_sent_once_and_what_another_worker_sends_stays():
    comment, now = make_comment(status="pending"), timezone.now()
    left(comment, "new@example.org")
    left(comment, "failed@example.org", attempts=2, due_at=now - MINUTE, failure="ConnectionError")
    leased = left(comment, "leased@example.org", attempts=1, due_at=now + MINUTE)
    left(comment, "hopeless@example.org", attempts=6, due_at=now - MINUTE, failure="ConnectionError")
    left(comment, "sent@example.org", attempts=1, sent_at=now)

    assert (take_over(), take_over()) == (4, 0)

    assert sorted(message.to[0] for message in mail.outbox) == ["failed@example.org", "new@example.org"]
    assert Delivery.objects.get() == leased
    assert Letter.objects.get(address="hopeless@example.org").given_up_at
    assert Letter.objects.get(address="sent@example.org").sent_at == now
    Delivery.objects.update(due_at=now - MINUTE)
    assert outbox.send_due.call() == 1  # As the task that the release before has queued.
    assert mail.outbox[-1].to == ["leased@example.org"]


def test_each_kind_of_thing_keeps_its_letter():
    comment, article = make_comment(status="pending"), make_article(state="draft")
    Delivery.objects.create(comment=comment, event="handed_over", address="a@example.org")
    Delivery.objects.create(comment=comment, event="handed_over", address="a@example.org")
    Delivery.objects.create(article=article, event="held_up", address="a@example.org")

    take_over()

    rows = Letter.objects.order_by("pk").values_list("name", "about", "about_id")
    assert list(rows) == [
        ("comment_handed_over", "comment", comment.pk),
        ("comment_handed_over", "comment", comment.pk),
        ("article_held_up", "article", article.pk),
    ]


def test_editors_who_were_told_by_the_release_before_are_not_told_again():
    editor, taken = make_editor(), make_article(slug="weather")
    later = taken.published_at + dt.timedelta(days=9)
    article = make_article(state="scheduled", scheduled_for=later)
    Article.objects.filter(pk=article.pk).update(slug="weather", scheduled_for=taken.published_at)
    Delivery.objects.create(article=article, event="held_up", address=editor.email, sent_at=timezone.now())

    take_over()

    assert queue_held_up() == 0


def test_a_mail_that_the_new_release_has_queued_meanwhile_is_not_doubled():
    comment = make_comment(status="pending")
    decision = comment.decisions.first()
    left(comment, "a@example.org")
    sent = Letter(name="comment_waiting", about="decision", about_id=decision.pk, address="a@example.org")
    sent.sent_at = timezone.now()
    sent.save()

    take_over()

    assert mail.outbox == []
    assert Letter.objects.get() == sent


def test_what_is_left_about_an_erased_comment_goes_with_it():
    comment = make_comment(status="pending")
    left(comment, "a@example.org", attempts=1, due_at=timezone.now() + MINUTE)

    erase(comment.pk, by=make_moderator())

    assert not Delivery.objects.exists()


def test_two_workers_at_once_take_each_mail_over_once(transactional_db):
    comment = make_comment(status="pending")
    for number in range(40):
        left(comment, f"{number}@example.org")
    moved, together = [], threading.Barrier(2)

    def work() -> None:
        together.wait(10)
        try:
            moved.append(take_over())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert sum(moved) == 40
    assert Letter.objects.count() == 40
    assert not Delivery.objects.exists()
