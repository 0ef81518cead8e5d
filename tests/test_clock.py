"""The clock is set back by an hour while the site runs: nobody waits longer than the rule itself says."""

import datetime as dt

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from articles import publishing
from articles.models.article import Article
from comments.desk.teamwork import take_review_lock
from comments.models import FilterEntry, RateLimit
from comments.posting import request_parsing
from comments.screening import blocklist, compiled_entries, rate_limit, surge
from newsreader.kit.rest import ByVisitor
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from newsreader.operations import schedule
from tests.factories import make_article, make_comment, make_moderator, make_user

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to("2026-11-29T15:00:00Z", tick=False)
    return time_machine


def reply(client, article, number):
    typed = {"text": f"Tide number {number}.", "name": "Ann", "email": "ann@example.org"}
    return client.post(f"/articles/{article.pk}/reply/", typed)


def test_who_has_just_posted_is_not_locked_out_for_an_hour(clock, client):
    article = make_article()
    assert [reply(client, article, number).status_code for number in range(4)] == [303, 303, 303, 429]
    clock.shift(-HOUR)

    first, second = reply(client, article, 5), reply(client, article, 6)

    # "Retry-After: 3569" once. One passes, then the rule is as it was.
    assert (first.status_code, second.status_code, second["Retry-After"]) == (303, 429, "15")
    clock.shift(dt.timedelta(seconds=15))
    assert reply(client, article, 7).status_code == 303


@pytest.mark.parametrize("back", [1, 14, 29, 46, 60, 3600, 10**7])
@pytest.mark.parametrize(("burst", "seconds"), [(3, 15), (1, 60)])
def test_however_far_it_goes_back_a_wait_is_at_most_the_rules_own(clock, back, burst, seconds):
    for _ in range(burst):
        assert rate_limit.consume_one("k", burst=burst, seconds=seconds) == 0
    clock.shift(-back)

    waited = 0
    while wait := rate_limit.consume_one("k", burst=burst, seconds=seconds):
        waited += wait
        clock.shift(wait)

    # By less than a whole bucket the times are ones that the rule itself could have stored.
    assert waited <= burst * seconds + 5
    assert RateLimit.objects.get().full_at <= timezone.now() + dt.timedelta(seconds=burst * seconds)


def test_whose_attempts_to_sign_in_are_used_up_waits_no_longer_for_it(clock):
    make_user("ada")

    def attempt(password):
        data = {"login": "ada", "password": password}
        return Client(REMOTE_ADDR="192.0.2.7").post("/accounts/login/", data)

    for _ in range(20):
        answer = attempt("wrong")
    assert "Too many" in answer.text or answer.status_code == 429
    clock.shift(-HOUR)

    assert attempt("secret").status_code == 302


def test_a_program_is_not_refused_for_requests_of_the_future(clock, client, monkeypatch):
    monkeypatch.setattr(ByVisitor, "THROTTLE_RATES", {"visitor": "2/min"})
    caches["requests"].clear()
    assert [client.get("/api/v1/sections/").status_code for _ in range(3)] == [200, 200, 429]
    clock.shift(-HOUR)

    answers = [client.get("/api/v1/sections/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) <= 61


def test_a_form_that_was_begun_in_the_future_is_not_taken_for_a_machines(clock):
    began = request_parsing.beginning()
    clock.shift(-HOUR)

    assert request_parsing._seconds_since(began) is None


def test_mails_and_tasks_go_on(clock, mailoutbox):
    comment = make_comment(status="pending")
    decision = comment.decisions.get(number=1)
    for number, attempts in enumerate((0, 1, 5)):
        later = timezone.now() + dt.timedelta(minutes=2**attempts if attempts else 0)
        Letter.objects.create(
            name="comment_waiting",
            about="decision",
            about_id=decision.pk,
            address=f"{number}@example.org",
            attempts=attempts,
            due_at=later,
        )
    task = {"args_kwargs": {"args": [], "kwargs": {}}, "task_path": "x.y", "backend_name": "default"}
    cut_short = DBTaskResult.objects.create(run_after=timezone.now() + schedule.AGAIN, worker_ids=["a"], **task)
    never = DBTaskResult.objects.create(run_after=get_date_max(), worker_ids=[], **task)
    cache.set(schedule.alive("dead"), timezone.now().timestamp(), timeout=120)
    lost = DBTaskResult.objects.create(
        status="RUNNING", started_at=timezone.now(), run_after=get_date_max(), worker_ids=["dead"], **task
    )
    clock.shift(-HOUR)

    send_due.call()
    schedule.take_up_lost_tasks()

    assert len(mailoutbox) == 3
    assert {cut_short, never, lost} == set(DBTaskResult.objects.ready())


def test_a_job_is_run_by_a_clock_that_nobody_sets(clock):
    ran = []
    last = {}
    monotonic = iter([0.0, 5.0])
    for _ in range(2):
        schedule.run_due(last, next(monotonic))
        ran.append(len(last))
        clock.shift(-HOUR)

    assert ran[0] == len(schedule.JOBS)
    assert last[schedule.audit_log.seal] == 5.0


def test_what_is_published_stays_and_what_is_scheduled_comes_at_its_time(clock):
    early = make_article(state="scheduled", scheduled_for=timezone.now() + dt.timedelta(minutes=1))
    late = make_article(state="scheduled", scheduled_for=timezone.now() + HOUR)
    clock.shift(dt.timedelta(minutes=2))
    publishing.publish_due()
    clock.shift(-HOUR)

    assert publishing.publish_due() == 0
    assert Article.objects.get(pk=early.pk).state == "published"
    clock.shift(2 * HOUR)
    assert publishing.publish_due() == 1
    assert Article.objects.get(pk=late.pk).state == "published"


def test_a_comment_is_not_a_colleagues_for_an_hour(clock):
    comment, mia, ned = make_comment(), make_moderator(), make_moderator()
    take_review_lock(comment.pk, by=mia)
    assert take_review_lock(comment.pk, by=ned).by == mia
    clock.shift(-HOUR)

    assert take_review_lock(comment.pk, by=ned).by == ned


def test_a_discussion_in_a_surge_recovers(clock):
    since = timezone.now()
    clock.shift(-HOUR)
    quiet, usual = surge.WindowCounts(), surge.UsualRange(9, 9)

    assert surge.step(surge.Surge.SLOW, since, quiet, usual, timezone.now()) == surge.Surge.NONE


def test_a_changed_filter_entry_is_in_force_at_once(clock):
    mia = make_moderator()
    blocklist.add(["tides", "gulls"], FilterEntry(match="word", action="hold"), by=mia)
    assert {entry.plain for entry in compiled_entries.current().texts} == {"tides", "gulls"}
    clock.shift(-HOUR)
    entry = FilterEntry.objects.get(pattern="tides")
    entry.pattern = "waves"

    blocklist.change(entry, by=mia)

    assert {entry.plain for entry in compiled_entries.current().texts} == {"waves", "gulls"}
