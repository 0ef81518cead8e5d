"""`/metrics`: who may read it, and what it says."""

import datetime as dt
from ipaddress import ip_network

import pytest
from django.core import mail as mailbox
from django.db import DatabaseError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from comments.audit import audit_log, log_checks
from comments.models import Comment
from newsreader.kit import metrics
from newsreader.mailing import letter as mail
from newsreader.operations import metrics_view, schedule
from newsreader.operations.backups.making import back_up
from newsreader.operations.site_gauges import GAUGES
from tests.factories import make_article, make_comment, make_moderator, make_user

ALWAYS = set(GAUGES) - {
    "worker_heartbeat_timestamp_seconds",
    "log_verified_timestamp_seconds",
    "log_faults",
    "backup_timestamp_seconds",
}


@pytest.fixture
def scraper(client, settings):
    """Prometheus, from a network that may read; returns the samples by name and labels."""
    settings.METRICS_NETWORKS = [ip_network("10.1.0.0/16")]

    def scrape():
        metrics_view.gauges.forget()
        answer = client.get("/metrics", REMOTE_ADDR="10.1.2.3")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert "no-store" in answer["Cache-Control"]
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return scrape


def test_strangers_and_readers_do_not_see_it(client, db, settings):
    assert client.get("/metrics").status_code == 403
    settings.METRICS_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert client.get("/metrics", REMOTE_ADDR="10.2.0.1").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="fd00::1").status_code == 200
    client.force_login(make_user())
    assert client.get("/metrics").status_code == 403


def test_staff_see_it_with_their_second_factor(client, db, settings):
    client.force_login(make_moderator())
    assert client.get("/metrics").status_code == 200
    settings.STAFF_SECOND_FACTOR = True
    assert client.get("/metrics").status_code == 403


def test_it_tells_what_waits_and_for_how_long(scraper, db):
    found = scraper()
    assert {name.removeprefix("newsreader_") for name, *_ in found} >= ALWAYS
    assert found["newsreader_comments_waiting",] == found["newsreader_comments_oldest_seconds",] == 0

    waiting = make_comment(status="pending")
    Comment.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - dt.timedelta(hours=2))
    audit_log.note("settings")
    schedule.beat()
    found = scraper()
    assert found["newsreader_comments_waiting",] == 1
    assert found["newsreader_comments_oldest_seconds",] == pytest.approx(7200, abs=60)
    assert found["newsreader_log_unsealed_oldest_seconds",] > 0
    assert found["newsreader_worker_heartbeat_timestamp_seconds",] == pytest.approx(timezone.now().timestamp(), abs=60)

    audit_log.seal()
    log_checks.go_on()
    found = scraper()
    assert found["newsreader_log_unsealed_oldest_seconds",] == found["newsreader_log_faults",] == 0
    assert found["newsreader_log_sealed_number",] == audit_log.head().number > 0


@pytest.mark.ci_sqlite
def test_it_tells_when_the_last_copy_was_made(scraper, transactional_db, tmp_path):
    assert ("newsreader_backup_timestamp_seconds",) not in scraper()
    now = timezone.now()
    back_up(tmp_path / "copies", now=now)
    assert scraper()["newsreader_backup_timestamp_seconds",] == pytest.approx(now.timestamp(), abs=1)


def test_it_asks_the_database_little_and_at_most_every_few_seconds(client, db, settings, django_assert_max_num_queries):
    settings.METRICS_NETWORKS = [ip_network("127.0.0.0/8")]
    with django_assert_max_num_queries(10):
        client.get("/metrics")
    with django_assert_max_num_queries(0):
        client.get("/metrics")


def test_it_answers_while_the_database_is_away(scraper, db):
    def fail(*args):
        raise DatabaseError

    with connection.execute_wrapper(fail):
        found = scraper()
    assert found["newsreader_database_up",] == 0
    assert ("newsreader_comments_waiting",) not in found
    assert scraper()["newsreader_database_up",] == 1


def posted(outcome):
    labels = {"channel": "page", "outcome": outcome}
    return metrics.REGISTRY.get_sample_value("newsreader_posts_total", labels) or 0


def test_posts_are_counted_by_outcome(client, db):
    article = make_article()
    fields = {"text": "The tide is high", "name": "Ann", "email": "ann@example.org", "key": "k"}
    outcomes = ("pending", "repeated", "comment_duplicate", "require_valid_comment")
    before = [posted(outcome) for outcome in outcomes]

    for sent in (fields, fields, fields | {"key": ""}, fields | {"text": "", "key": ""}):
        client.post(f"/articles/{article.pk}/reply/", sent)

    assert Comment.objects.count() == 1
    assert [posted(outcome) - past for outcome, past in zip(outcomes, before, strict=True)] == [1, 1, 1, 1]


def mailed(outcome):
    labels = {"letter": "account", "outcome": outcome}
    return metrics.REGISTRY.get_sample_value("newsreader_mails_total", labels) or 0


def test_mails_are_counted_by_outcome(settings):
    sent, failed = mailed("sent"), mailed("failed")
    message = mailbox.EmailMessage("Tide", "High", None, ["ann@example.org"])
    mail.hand_over(message, "account")

    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    message.connection = None
    with pytest.raises(OSError, match="refused"):
        mail.hand_over(message, "account")
    assert (mailed("sent"), mailed("failed")) == (sent + 1, failed + 1)
