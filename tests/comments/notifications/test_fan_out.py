"""Who is told what has happened, and in which mails: once per event and address, never about spam, never too early."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models.article import Article, Correction
from articles.publishing import note_corrections, withdraw
from comments.audit import audit_log
from comments.desk.teamwork import pick
from comments.models import MailPreferences, Notice, Subscription, ToldUpTo
from comments.moderation.decisions import decide
from comments.moderation.decisions import withdraw as withdraw_comment
from comments.notifications import fan_out, mailings, subscriptions
from comments.notifications.subscriptions import Choice, Reader, Wish
from comments.posting.submission import post_comment
from newsreader.accounts.models import Retention
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from newsreader.mailing.tokens import token_for
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_section,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture(autouse=True)
def _begun():
    set_rules(flood_seconds=0, mail_moderators=False, mail_confirmations=False, hold_first_comment=False)
    ToldUpTo.objects.create()


@pytest.fixture
def article():
    return make_article()


def leave(article, email=BOB, *, notify="none", parent=None, **values):
    """A comment that appears at once. Its author's address is confirmed where they want to be told something."""
    draft = make_draft(article, email=email, notify=notify, parent=str(parent.pk) if parent else "", **values)
    comment = post_comment(draft)
    if notify != "none":
        subscriptions.confirm(email)
    return comment


def tell(*, clear=True) -> list[tuple[str, str]]:
    """Do what the worker does, and return to whom which letters went since the last time."""
    if clear:
        mail.outbox.clear()
    before = set(Letter.objects.exclude(sent_at=None).values_list("pk", flat=True))
    audit_log.seal()
    fan_out.tell_readers()
    fan_out.tell_followers()
    mailings.send_mail_digests()
    send_due.call()
    rows = Letter.objects.filter(name__startswith="reader_").exclude(pk__in=before).exclude(sent_at=None)
    return sorted((row.address, row.name.removeprefix("reader_")) for row in rows)


# --- Comments -----------------------------------------------------------------------------------------------------


def test_who_wants_replies_gets_those_to_their_own_comment_only(article):
    mine = leave(article, ADA, notify="replies")
    leave(article, text="Not a reply")
    reply = leave(article, parent=mine, name="Bob", text="Look at https://example.com/ now")
    leave(article, parent=reply, text="Not to me")

    assert tell() == [(ADA, "comment")]
    (letter,) = mail.outbox
    assert letter.subject.startswith("Bob replied to you")
    assert "> Look at https://example.com/ now" in letter.body
    assert f"/comments/{reply.pk}/" in letter.body
    assert token_for(ADA) in letter.body
    assert tell() == []


def test_who_wants_all_gets_one_mail_for_each_comment_but_their_own(article):
    mine = leave(article, ADA, notify="all")
    leave(article)
    leave(article, parent=mine)
    leave(article, "ADA@example.org")
    leave(make_article())

    assert tell() == [(ADA, "comment"), (ADA, "comment")]


@pytest.mark.ci_both
def test_an_account_is_not_told_of_what_it_says_under_another_of_its_addresses(article):
    user = make_user()
    post_comment(make_draft(article, user=user, notify="all"))
    post_comment(make_draft(article, user=user))
    leave(article, email=user.email)

    assert tell() == []


def test_nobody_is_told_before_the_address_is_confirmed_nor_of_what_was_before(article):
    mine = post_comment(make_draft(article, email=ADA, notify="all"))
    leave(article, parent=mine)
    assert [name for _, name in tell()] == []
    subscriptions.confirm(ADA)
    assert tell() == []
    leave(article)
    assert tell() == [(ADA, "comment")]


def test_a_comment_is_told_once_whatever_is_decided_about_it(article):
    leave(article, ADA, notify="all")
    comment, moderator = leave(article), make_moderator()
    assert tell() == [(ADA, "comment")]
    for status in ("pending", "approved", "trash", "approved"):
        decide(comment.pk, status, by=moderator, reason="" if status != "trash" else "off_topic")

    assert tell() == []


def test_a_held_comment_is_told_when_it_is_approved(article):
    leave(article, ADA, notify="all")
    set_rules(hold_everything=True)
    comment = leave(article)
    assert tell() == []
    decide(comment.pk, "approved", by=make_moderator())
    assert tell() == [(ADA, "comment")]


def test_what_became_spam_between_notice_and_mail_is_not_sent(article):
    leave(article, ADA, notify="all")
    comment = leave(article)
    audit_log.seal()
    assert fan_out.tell_readers() == 1
    decide(comment.pk, "spam", by=make_moderator())

    assert tell() == []


@pytest.mark.ci_both
@pytest.mark.parametrize("change", ["spam", "trash", "withdrawn", "article", "ended", "stopped"])
def test_what_is_not_to_be_read_any_more_is_left_out_of_a_mail_in_the_outbox(article, change, settings):
    leave(article, ADA, notify="all")
    comment = leave(article)
    audit_log.seal()
    fan_out.tell_readers()
    settings.TASKS = {"default": {"BACKEND": "newsreader.kit.task_queue.Queue", "QUEUES": ["default"]}}
    assert mailings.send_mail_digests() == 1
    match change:
        case "withdrawn":
            withdraw_comment(comment.pk, by=None)
        case "article":
            withdraw(article.pk)
        case "ended":
            subscriptions.end(ADA, Subscription.objects.get(scope="article").pk)
        case "stopped":
            subscriptions.stop(ADA)
        case status:
            decide(comment.pk, status, by=make_moderator(), reason="off_topic" if status == "trash" else "")

    mail.outbox.clear()
    send_due.call()
    assert mail.outbox == []
    assert not Letter.objects.filter(name="reader_comment").exclude(sent_at=None).exists()


def test_spam_subscribes_nobody(article):
    mine = leave(article, ADA, notify="all")
    decide(mine.pk, "spam", by=make_moderator())
    leave(article)

    assert tell() == []


def test_old_comments_are_no_news(article, time_machine):
    time_machine.move_to("2026-09-01T12:00:00Z", tick=False)
    leave(article, ADA, notify="all")
    set_rules(hold_everything=True)
    comment = leave(article)
    time_machine.shift(fan_out.LATEST)
    decide(comment.pk, "approved", by=make_moderator())

    assert tell() == []
    with pytest.raises(ValidationError):  # Else something might be told twice.
        Retention(notices=fan_out.LATEST.days).clean_fields()


def test_somebody_whose_account_was_closed_is_told_nothing(article):
    user = make_user()
    post_comment(make_draft(article, user=user, notify="all"))
    user.is_active = False
    user.save()
    leave(article)

    assert tell() == []


@pytest.mark.ci_both
def test_what_was_there_before_the_first_run_is_told_to_nobody(article):
    ToldUpTo.objects.all().delete()
    leave(article, ADA, notify="all")
    leave(article)
    assert tell() == []
    leave(article)
    assert tell() == [(ADA, "comment")]


# --- One's own comments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "letter"), [("approved", "published"), ("trash", "refused"), ("spam", None)])
def test_a_guest_who_asked_is_told_what_a_person_decides(article, status, letter):
    set_rules(hold_everything=True)
    mine = leave(article, ADA, notify="replies", text="My words")
    decide(mine.pk, status, by=make_moderator(), reason="off_topic" if status == "trash" else "")

    assert tell() == ([(ADA, letter)] if letter else [])
    if letter == "refused":
        assert "not about the article" in mail.outbox[0].body
        assert mine.status_url in mail.outbox[0].body
    assert tell() == []


@pytest.mark.ci_both
def test_a_guest_who_did_not_ask_or_whose_address_is_not_confirmed_is_not_told(article):
    set_rules(hold_everything=True)
    silent = leave(article, ADA)
    unconfirmed = post_comment(make_draft(article, email=BOB, notify="all"))
    for comment in (silent, unconfirmed):
        decide(comment.pk, "approved", by=make_moderator())

    assert tell() == []


@pytest.mark.ci_both
def test_a_pick_is_told_to_who_asked_unless_it_is_taken_back(article):
    mine, other = leave(article, ADA, notify="replies"), leave(article, BOB, notify="replies")
    moderator = make_moderator()
    for comment in (mine, other):
        pick(comment.pk, on=True, by=moderator)
    pick(other.pk, on=False, by=moderator)

    assert tell() == [(ADA, "picked")]


@pytest.mark.ci_both
def test_an_account_is_told_of_decisions_once_and_can_decline_that(article):
    set_rules(hold_everything=True)
    user, moderator = make_user(), make_moderator()
    first, second = (post_comment(make_draft(article, user=user, notify="all")) for _ in range(2))
    decide(first.pk, "approved", by=moderator)
    assert [letter.subject.partition(":")[0] for letter in mail.outbox] == ["Your comment is published"]
    assert tell() == []

    subscriptions.change(user.email, Choice(own_comments=False))
    decide(second.pk, "approved", by=moderator)
    assert (tell(clear=False), mail.outbox) == ([], [])


@pytest.mark.ci_both
def test_an_account_that_wants_digests_is_told_of_decisions_in_them(article, time_machine):
    time_machine.move_to("2026-11-03T12:00:00Z", tick=False)
    set_rules(hold_everything=True)
    user, moderator = make_user(), make_moderator()
    first, second = (post_comment(make_draft(article, user=user, text=f"Words {n}")) for n in range(2))
    decide(first.pk, "approved", by=moderator)  # At once, and not again in the digest.
    assert len(mail.outbox) == 1
    subscriptions.change(user.email, Choice(frequency="daily", hour=7, zone="UTC"))
    decide(second.pk, "trash", by=moderator, reason="off_topic")
    assert (tell(clear=False), len(mail.outbox)) == ([], 1)

    time_machine.move_to("2026-11-04T07:00:00Z", tick=False)
    assert tell() == [(user.email, "digest")]
    assert "> Words 1" in mail.outbox[0].body
    assert "Words 0" not in mail.outbox[0].body
    assert "not about the article" in mail.outbox[0].body


def test_mails_about_ones_own_comments_lead_to_the_page_and_end_with_one_click(article):
    set_rules(hold_everything=True)
    user = make_user()
    mine = post_comment(make_draft(article, user=user))
    decide(mine.pk, "approved", by=make_moderator())
    (letter,) = mail.outbox
    page = f"/mail/{token_for(user.email)}/"
    assert page in letter.body
    assert page in letter.extra_headers["List-Unsubscribe"]
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


# --- Digests ------------------------------------------------------------------------------------------------------


def choose(**values):
    subscriptions.change(ADA, Choice(**values))


def test_a_digest_groups_by_article_and_drops_what_became_spam(time_machine):
    time_machine.move_to("2026-11-03T12:00:00Z", tick=False)
    first, second = make_article(headline="Ferry runs"), make_article(headline="Crab season")
    for article in (first, second):
        leave(article, ADA, notify="all")
    choose(frequency="daily", hour=7, zone="Europe/Berlin")
    time_machine.shift(dt.timedelta(minutes=1))
    kept = leave(first, text="Word " * 200)
    leave(second, text="Another thing")
    spam = leave(first, text="Buy pills")
    assert tell() == []

    decide(spam.pk, "spam", by=make_moderator())
    time_machine.move_to("2026-11-04T05:59:59Z", tick=False)
    assert tell() == []
    time_machine.move_to("2026-11-04T06:00:00Z", tick=False)
    assert tell() == [(ADA, "digest")]
    body = mail.outbox[0].body
    assert "pills" not in body
    assert body.index("Ferry runs") < body.index("Word Word") < body.index("Crab season") < body.index("Another thing")
    assert body.count("Ferry runs") == 1
    assert body.count(f"/comments/{kept.pk}/") == 1
    assert body.count("Word") < 60
    assert "2 pieces of news" in mail.outbox[0].subject
    assert tell() == []


def test_an_empty_digest_is_not_sent(article, time_machine):
    time_machine.move_to("2026-11-03T12:00:00Z", tick=False)
    leave(article, ADA, notify="all")
    choose(frequency="weekly", hour=7, zone="UTC")
    comment = leave(article)
    assert tell() == []
    decide(comment.pk, "spam", by=make_moderator())
    time_machine.move_to("2026-11-09T07:00:00Z", tick=False)

    assert tell() == []
    assert mail.outbox == []


@pytest.mark.ci_both
def test_nothing_is_sent_in_quiet_hours(article, time_machine):
    time_machine.move_to("2026-11-03T23:00:00Z", tick=False)
    leave(article, ADA, notify="all")
    choose(quiet_from=dt.time(22), quiet_until=dt.time(7), zone="UTC")
    leave(article)
    assert tell() == []
    time_machine.move_to("2026-11-04T06:59:00Z", tick=False)
    assert tell() == []
    time_machine.move_to("2026-11-04T07:00:00Z", tick=False)
    assert tell() == [(ADA, "comment")]


@pytest.mark.ci_both
def test_more_than_six_in_an_hour_come_as_one_digest_an_hour(article, time_machine):
    time_machine.move_to("2026-11-03T12:00:00Z", tick=False)
    leave(article, ADA, notify="all")

    def minutes_later(count: int) -> list[str]:
        time_machine.shift(dt.timedelta(minutes=5))
        for _ in range(count):
            leave(article)
        return [name for _, name in tell()]

    assert minutes_later(4) == ["comment"] * 4
    assert minutes_later(3) == ["digest"]  # With these it would be seven.
    assert minutes_later(3) == []
    time_machine.shift(dt.timedelta(minutes=49))
    assert tell() == []
    time_machine.shift(dt.timedelta(minutes=6))
    assert tell() == [(ADA, "comment")] * 3  # An hour later, these are few again.


@pytest.mark.ci_both
def test_whoever_chooses_otherwise_gets_what_waits_when_the_new_choice_says(article, time_machine):
    time_machine.move_to("2026-11-03T12:00:00Z", tick=False)
    leave(article, ADA, notify="all")
    choose(frequency="weekly", zone="UTC")
    leave(article)
    assert tell() == []
    choose(frequency="at_once", zone="UTC")
    assert tell() == [(ADA, "comment")]


def test_the_command_does_what_the_worker_does(article, capsys):
    leave(article, ADA, notify="all")
    leave(article)
    call_command("send_mail_digest")

    assert Letter.objects.filter(name="reader_comment").count() == 1
    assert "1 mails queued" in capsys.readouterr().out


# --- Articles -----------------------------------------------------------------------------------------------------


def follow(wish):
    subscriptions.subscribe(Reader(ADA), wish)
    subscriptions.confirm(ADA)


@pytest.mark.ci_both
def test_who_follows_a_section_or_an_author_is_told_once_of_each_new_article():
    section, author = make_section(), make_author()
    make_article(section=section)
    follow(Wish("section", section_id=section.pk))
    follow(Wish("author", author_id=author.pk))
    now = timezone.now()
    both = make_article(section=section, authors=[author], headline="Both", at=now)
    make_article(authors=[author], headline="By her", at=now)
    make_article(section=section, state="draft")
    make_article(headline="Other", at=now)

    assert tell() == [(ADA, "article"), (ADA, "article")]
    assert {letter.subject for letter in mail.outbox} == {"Both", "By her"}
    assert any(both.get_absolute_url() in letter.body for letter in mail.outbox)
    assert tell() == []


@pytest.mark.ci_both
def test_a_backdated_article_is_no_news():
    section = make_section()
    follow(Wish("section", section_id=section.pk))
    make_article(section=section, at=timezone.now() - dt.timedelta(days=3))

    assert tell() == []


@pytest.mark.ci_both
def test_who_follows_corrections_is_told_of_each(article):
    Correction.objects.create(article=article, text="An old one")
    follow(Wish("corrections", article_id=article.pk))
    Correction.objects.create(article=article, text="It left at seven.")
    note_corrections(article)

    assert tell() == [(ADA, "correction")]
    assert "> It left at seven." in mail.outbox[0].body
    assert tell() == []


@pytest.mark.ci_both
def test_whoever_confirms_their_address_later_is_told_of_what_came_meanwhile(article, time_machine):
    """They followed in time. What all others were told of is not looked at again for anybody else."""
    time_machine.move_to(timezone.now(), tick=False)
    section = make_section()
    follow(Wish("section", section_id=section.pk))
    for wish in (Wish("section", section_id=section.pk), Wish("corrections", article_id=article.pk)):
        subscriptions.subscribe(Reader(BOB), wish)
    time_machine.shift(dt.timedelta(minutes=1))
    make_article(section=section, at=timezone.now())
    Correction.objects.create(article=article, text="It left at seven.", at=timezone.now())
    time_machine.shift(dt.timedelta(minutes=5))
    assert tell() == [(ADA, "article")]
    assert tell() == []

    time_machine.shift(dt.timedelta(minutes=5))
    subscriptions.confirm(BOB)
    subscriptions.subscribe(Reader(ADA), Wish("corrections", article_id=article.pk))  # Too late.
    time_machine.shift(dt.timedelta(minutes=1))
    assert tell() == [(BOB, "article"), (BOB, "correction")]
    assert tell() == []


@pytest.mark.ci_both
def test_an_article_that_moves_is_told_in_its_new_section(time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    first, second = make_section(), make_section()
    follow(Wish("section", section_id=first.pk))
    subscriptions.subscribe(Reader(BOB), Wish("section", section_id=second.pk))
    subscriptions.confirm(BOB)
    moved = make_article(section=first, at=timezone.now())
    time_machine.shift(dt.timedelta(minutes=5))
    assert tell() == [(ADA, "article")]

    Article.objects.filter(pk=moved.pk).update(section=second)
    assert tell() == [(BOB, "article")]


@pytest.mark.ci_both
def test_a_worker_that_starts_again_tells_nobody_twice(article):
    section = make_section()
    follow(Wish("section", section_id=section.pk))
    make_article(section=section, at=timezone.now())
    assert tell() == [(ADA, "article")]

    fan_out._told.clear()

    assert tell() == []
    assert Notice.objects.count() == 1


@pytest.mark.ci_both
def test_each_minute_few_rows_are_asked_for_however_many_were_told(article, time_machine):
    """Ten thousand followers of fifty articles of two days were half a million pairs, each minute."""
    time_machine.move_to(timezone.now(), tick=False)
    section = make_section()
    for number in range(5):
        subscriptions.subscribe(Reader(f"a{number}@example.org"), Wish("section", section_id=section.pk))
        subscriptions.confirm(f"a{number}@example.org")
    make_article(section=section, at=timezone.now())
    make_article(section=section, at=timezone.now())
    time_machine.shift(dt.timedelta(minutes=5))
    assert fan_out.tell_followers() == 10
    time_machine.shift(dt.timedelta(minutes=5))

    with CaptureQueriesContext(connection) as asked:
        assert fan_out.tell_followers() == 0

    assert not [query["sql"] for query in asked if "comments_notice" in query["sql"]]
    assert len(asked) == 5  # Are there followers, of either kind; the articles, their bylines; who has confirmed since.


@pytest.mark.ci_both
def test_followers_and_what_they_were_told_are_found_by_indexes():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    for news in (
        fan_out._News("article", 1, 1, timezone.now(), 2, frozenset({3, 4})),
        fan_out._News("correction", 1, 5, timezone.now()),
    ):
        plan = fan_out._untold(news).explain()

        assert "notice_once_per_event" in plan or "notice_by_digest" in plan or "sqlite_autoindex" in plan, plan
        assert "Seq Scan" not in plan
        assert "SCAN comments" not in plan


# --- At once, and by several --------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_two_workers_tell_once(article):
    leave(article, ADA, notify="all")
    leave(article)
    audit_log.seal()
    fan_out.tell_readers()
    ToldUpTo.objects.update(number=0)  # As if the other had begun at the same moment.
    fan_out.tell_readers()

    assert Notice.objects.count() == 1
    assert MailPreferences.objects.get().next_at is not None
    assert tell() == [(ADA, "comment")]


@pytest.mark.ci_both
def test_many_comments_take_as_many_questions_as_few(article, django_assert_max_num_queries):
    leave(article, ADA, notify="all")
    subscriptions.subscribe(Reader(BOB), Wish("article", article_id=article.pk))
    for n in range(40):
        make_comment(article, email=f"c{n}@example.org")
    audit_log.seal()
    with django_assert_max_num_queries(16):
        fan_out.tell_readers()


# --- Many readers -------------------------------------------------------------------------------------------------


def many_want(article, number):
    rows = [
        MailPreferences(address=f"r{n}@example.org", folded=f"r{n}@example.org", confirmed_at=timezone.now())
        for n in range(number)
    ]
    for row in MailPreferences.objects.bulk_create(rows):
        Subscription.objects.create(preferences=row, scope="article", article=article)


def test_many_are_told_some_at_a_time_and_what_is_cut_short_is_told_once(article, monkeypatch):
    monkeypatch.setattr(fan_out, "TOGETHER", 2)
    many_want(article, 5)
    comment = leave(article)
    audit_log.seal()
    store, before = Notice.objects.bulk_create, ToldUpTo.objects.get().number

    def killed(rows, **options):
        store(rows, **options)
        if Notice.objects.count() == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(fan_out.Notice.objects, "bulk_create", killed)
    with pytest.raises(KeyboardInterrupt):
        fan_out.tell_readers()
    assert (Notice.objects.count(), ToldUpTo.objects.get().number) == (2, before)
    monkeypatch.undo()

    fan_out.tell_readers()

    assert sorted(Notice.objects.values_list("preferences__address", "about_id")) == [
        (f"r{n}@example.org", comment.pk) for n in range(5)
    ]
    assert ToldUpTo.objects.get().number > before
    assert fan_out.tell_readers() == 0


@pytest.mark.parametrize("number", [2, 40])
def test_telling_asks_as_much_however_many_are_told(article, number, django_assert_max_num_queries):
    many_want(article, number)
    leave(article)
    audit_log.seal()

    with django_assert_max_num_queries(20):
        assert fan_out.tell_readers() == number
