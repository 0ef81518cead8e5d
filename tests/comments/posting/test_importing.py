"""Comments that come in from an archive: all of them, in their places, without rules or mails."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from articles.models.article import Article
from articles.records import Origin
from comments.discussion import counting
from comments.models import NAME_LENGTH, Comment, ConnectionData, Decision
from comments.posting.importing import BATCH, CommentRecord, ImportResult, admit
from comments.text.formatting import VERSION
from newsreader.mailing.models import Letter
from tests.factories import make_article, make_editor

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2020, 5, 1, 12, tzinfo=dt.UTC)
SITE = "old.example"


@pytest.fixture
def article() -> Article:
    return make_imported_article("1")


def make_imported_article(number: str, site: str = SITE) -> Article:
    return make_article(origin_site=site, origin_type="post", origin_id=number)


def record(number: int, parent: int = 0, *, article: str = "1", site: str = SITE, **values: Any) -> CommentRecord:
    values = {
        "status": "approved",
        "body": f"Comment {number}",
        "created_at": NOON + dt.timedelta(hours=number),
    } | values
    return CommentRecord(
        origin=Origin(site, "comment", str(number)),
        article=Origin(site, "post", article),
        parent=Origin(site, "comment", str(parent)) if parent else None,
        **values,
    )


def shape() -> list[tuple[str, int]]:
    """Each comment's old id and depth, in reading order."""
    return list(Comment.objects.in_order().values_list("origin_id", "depth"))


def remarks(admission: ImportResult) -> list[tuple[str, str]]:
    return [(remark.code, remark.subject) for remark in admission.remarks]


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Article, Comment, ConnectionData, Decision)]


def test_a_comment_comes_in_as_it_was(article):
    admission = admit(
        [
            record(
                5,
                status="spam",
                kind="pingback",
                name="Ada",
                email="ada@example.org",
                website="https://ada.example",
                address="::ffff:198.51.100.7",
                user_agent="Lynx",
                body="Look: <b>here</b>\n\nand there",
            )
        ]
    )

    comment = Comment.objects.get()
    assert (comment.article, comment.status, comment.kind, comment.channel) == (article, "spam", "pingback", "import")
    assert (comment.name, comment.website, comment.created_at) == (
        "Ada",
        "https://ada.example",
        NOON + dt.timedelta(hours=5),
    )
    assert comment.body == "Look: <b>here</b>\n\nand there"
    assert comment.html == "<p>Look: <b>here</b></p>\n<p>and there</p>"
    assert comment.renderer == VERSION
    assert (comment.connection_data.address, comment.connection_data.user_agent, comment.connection_data.email) == (
        "198.51.100.7",
        "Lynx",
        "ada@example.org",
    )
    assert admission.came_in == {"spam": 1}
    assert not admission.remarks


@pytest.mark.parametrize(
    ("told", "stored"),
    [("approved", "approved"), ("pending", "pending"), ("trash", "trash"), ("", "pending"), ("hold", "pending")],
)
def test_each_status_is_kept_and_an_unknown_one_waits(article, told, stored):
    admission = admit([record(1, status=told)])

    assert Comment.objects.get().status == stored
    assert remarks(admission) == ([("unknown_status", "1")] if told == "hold" else [])


def test_one_decision_tells_of_the_import_and_nobody_gets_a_mail(article):
    make_editor()

    admit([record(1, status="pending")])

    decision = Decision.objects.get()
    assert (decision.number, decision.source, decision.by, decision.before, decision.after) == (
        1,
        "import",
        None,
        "",
        "pending",
    )
    assert decision.reasons == [{"code": "imported", "params": {}}]
    assert not Letter.objects.exists()
    assert not mail.outbox


def test_threads_are_built_whatever_the_order(article):
    admit([record(4, 3), record(3, 1), record(2), record(1), record(5, 1)])

    assert shape() == [("1", 0), ("3", 1), ("4", 2), ("5", 1), ("2", 0)]
    reply = Comment.objects.get(origin_id="4")
    assert (reply.parent.origin_id, reply.root.origin_id) == ("3", "1")


def test_a_comment_finds_its_parent_in_another_batch(article):
    admit([record(1, BATCH + 1), *(record(number) for number in range(2, BATCH + 2))])

    assert Comment.objects.get(origin_id="1").parent.origin_id == str(BATCH + 1)


def test_a_later_import_answers_an_earlier_one(article):
    admit([record(1), record(2, 1)])

    admit([record(2, 1), record(3, 2)])

    assert shape() == [("1", 0), ("2", 1), ("3", 2)]
    assert Comment.objects.get(origin_id="1").thread_count == 2


def test_a_lost_parent_makes_a_root_and_is_reported(article):
    admission = admit([record(1, 99), record(2, 1)])

    assert shape() == [("1", 0), ("2", 1)]
    assert remarks(admission) == [("parent_lost", "1")]


def test_a_parent_under_another_article_is_refused(article):
    make_imported_article("2")

    admission = admit([record(1), record(2, 1, article="2")])

    assert Comment.objects.get(origin_id="2").parent is None
    assert remarks(admission) == [("parent_elsewhere", "2")]


def test_comments_that_answer_each_other_in_a_circle_become_roots(article):
    admission = admit([record(1, 3), record(2, 1), record(3, 2), record(4, 3), record(5, 5)])

    assert shape() == [("1", 0), ("2", 0), ("3", 0), ("4", 1), ("5", 0)]
    assert sorted(remarks(admission)) == [("parent_in_a_circle", number) for number in "1235"]


def test_a_very_deep_thread_comes_in(article):
    admit(record(number, number + 1 if number < 1500 else 0) for number in range(1, 1501))

    assert Comment.objects.get(origin_id="1").depth == 1499
    assert not Comment.objects.filter(path=None).exists()


def test_counts_are_those_of_the_rows(article):
    admit([record(1), record(2, 1), record(3, 2), record(4, 1, status="pending"), record(5, status="trash")])

    article.refresh_from_db()
    root = Comment.objects.get(origin_id="1")
    assert (article.comment_count, root.reply_count, root.thread_count) == (3, 1, 2)
    assert counting.recount() == 0


def test_a_second_run_changes_nothing(article):
    records = [record(1), record(2, 1), record(3, 99), record(4, status="")]
    admit(records)
    before = rows()

    admission = admit(records)

    assert rows() == before
    assert (admission.came_in, admission.already_here, admission.remarks) == ({}, 4, [])


def test_what_an_editor_decided_since_is_left_alone(article):
    admit([record(1)])
    Comment.objects.update(status="spam")

    admit([record(1)])

    assert Comment.objects.get().status == "spam"


def test_the_same_id_on_another_site_is_another_comment(article):
    make_imported_article("1", site="other.example")

    admit([record(1), record(1, site="other.example")])

    assert Comment.objects.count() == 2


@pytest.mark.ci_both
@pytest.mark.parametrize("body", ["", " ", "x" * 100_000, "\x0b\u0007bell", "<script>alert(1)</script>"])
def test_every_text_comes_in(article, body):
    admit([record(1, body=body)])

    comment = Comment.objects.get()
    assert comment.body == body.replace("\x0b", "").replace("\x07", "")
    assert "<script" not in comment.html


def test_what_does_not_fit_is_cut_or_dropped_and_reported(article):
    admission = admit(
        [
            record(
                1,
                name="N" * 300,
                website="javascript:alert(1)",
                email=f"{'a' * 300}@example.org",
                address="999.1.1.1",
                user_agent="U" * 999,
                created_at=None,
            ),
            record(2, website=f"https://example.org/{'a' * 500}"),
            record(3, website="example.org/me"),
            record(4, website="http://"),
        ]
    )

    comment = Comment.objects.get(origin_id="1")
    assert (comment.name, comment.website, comment.connection_data.email) == ("N" * NAME_LENGTH, "", "")
    assert (comment.connection_data.address, len(comment.connection_data.user_agent)) == (None, 254)
    assert Comment.objects.get(origin_id="3").website == "https://example.org/me"
    assert sorted(remarks(admission)) == [
        ("comment_without_date", "1"),
        ("email_dropped", "1"),
        ("name_cut", "1"),
        ("website_dropped", "1"),
        ("website_dropped", "2"),
    ]


@pytest.mark.parametrize("email", [f"{'a' * 65}@example.org", "ada@[192.0.2.1]", "ada at example"])
def test_an_address_that_nobody_could_type_here_is_kept(article, email):
    admission = admit([record(1, email=email)])

    assert Comment.objects.get().connection_data.email == email
    assert not admission.remarks


def test_a_name_that_just_fits_is_not_cut(article):
    admission = admit([record(1, name="N" * NAME_LENGTH)])

    assert Comment.objects.get().name == "N" * NAME_LENGTH
    assert not admission.remarks


def test_a_comment_without_its_article_is_left_out_and_reported():
    admission = admit([record(1)])

    assert not Comment.objects.exists()
    assert [(remark.code, remark.left_out) for remark in admission.remarks] == [("comment_without_article", True)]


def test_a_record_without_an_origin_is_refused(article):
    with pytest.raises(ValueError, match="origin"):
        admit([CommentRecord(origin=Origin(SITE, "comment", ""), article=Origin(SITE, "post", "1"))])


def test_an_import_asks_the_same_number_of_questions_however_many_comments(article, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        admit([record(number, number // 2) for number in range(1, BATCH)])
