"""Publishing, scheduling and withdrawing."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from articles import publishing
from articles.errors import AddressTaken, NeedsTime, StillPublished
from articles.models.article import Article
from articles.models.site import Site
from articles.writing import write
from newsreader.operations import schedule
from tests.factories import make_article, make_editor

pytestmark = pytest.mark.django_db


def test_the_first_publication_gives_an_article_its_date_for_good(time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    article = publishing.publish(make_article(state="draft").pk)
    time_machine.shift(dt.timedelta(days=3))

    publishing.withdraw(article.pk, "Names a minor.")
    again = publishing.publish(article.pk)

    assert (again.published_at, again.published_on) == (article.published_at, article.published_on)
    assert again.withdrawn_reason == ""


def test_what_is_published_or_withdrawn_already_stays_as_it_is():
    article = make_article()
    again = publishing.publish(article.pk)
    assert (again.state, again.published_at, again.page_version) == (
        "published", article.published_at, article.page_version
    )  # fmt: skip

    withdrawn = publishing.withdraw(article.pk, "Names a minor.")
    again = publishing.withdraw(article.pk, "Another reason.")
    assert (again.state, again.withdrawn_reason, again.page_version) == (
        "withdrawn", "Names a minor.", withdrawn.page_version
    )  # fmt: skip


def test_who_loses_an_address_in_the_same_instant_is_told_so():
    winner, loser = make_article(state="draft", slug="harbour"), make_article(state="draft", slug="harbour")
    at = timezone.now()
    asked = []

    def take_it_after_the_question(execute, sql, params, many, context):
        found = execute(sql, params, many, context)
        if not asked and sql.startswith("SELECT %s AS"):  # The question whether there is any.
            asked.append(sql)
            day = timezone.localdate(at, timezone.get_default_timezone())
            Article.objects.filter(pk=winner.pk).update(state="published", published_at=at, published_on=day)
        return found

    with connection.execute_wrapper(take_it_after_the_question), pytest.raises(AddressTaken):
        publishing.publish(loser.pk, at=at)

    assert asked
    loser.refresh_from_db()
    assert (loser.state, loser.published_at) == ("draft", None)


def test_two_articles_of_one_day_cannot_have_one_address():
    first = make_article()
    second = make_article(state="draft", slug=first.slug)

    with pytest.raises(AddressTaken):
        publishing.publish(second.pk, at=first.published_at)
    publishing.publish(second.pk, at=first.published_at - dt.timedelta(days=2))


def test_a_page_has_its_slug_for_itself():
    make_article(kind="page", slug="imprint", at=timezone.now() - dt.timedelta(days=9))

    with pytest.raises(AddressTaken):
        publishing.publish(make_article(kind="page", slug="imprint", state="draft").pk)


def test_a_schedule_needs_a_time():
    with pytest.raises(NeedsTime):
        publishing.schedule(make_article(state="draft").pk, None)


def test_what_is_due_is_published_with_the_time_it_was_due():
    due = timezone.now() - dt.timedelta(minutes=3)
    article = make_article(state="scheduled", scheduled_for=due)
    later = make_article(state="scheduled")

    call_command("publish_scheduled", verbosity=0)

    article.refresh_from_db()
    later.refresh_from_db()
    assert (article.state, article.published_at, article.scheduled_for) == ("published", due, None)
    assert later.state == "scheduled"


def scheduled_all_the_same(slug, at, **values):
    """An article that was scheduled before anybody looked at its address."""
    article = make_article(state="scheduled", scheduled_for=at, **values)
    Article.objects.filter(pk=article.pk).update(slug=slug)
    return article


def test_of_two_that_are_due_and_want_one_address_the_earlier_gets_it(time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    now = timezone.now()
    later = scheduled_all_the_same("harbour", now - dt.timedelta(minutes=1))
    earlier = scheduled_all_the_same("harbour", now - dt.timedelta(minutes=2))
    assert [row.article for row in publishing.held_up()] == [earlier, later]  # Nobody has published them yet.

    assert publishing.publish_due() == 1

    assert Article.objects.get(state="published") == earlier
    assert Article.objects.get(state="scheduled") == later
    assert publishing.held_up() == [(later, True)]


@pytest.mark.parametrize("kind", ["article", "page"])
def test_an_address_that_will_be_taken_is_refused_when_it_is_scheduled(time_machine, kind):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    now = timezone.now()
    make_article(kind=kind, state="scheduled", slug="weather", scheduled_for=now + dt.timedelta(hours=2))
    second = make_article(kind=kind, state="draft", slug="weather")

    with pytest.raises(AddressTaken):
        publishing.schedule(second.pk, now + dt.timedelta(hours=3))
    with pytest.raises(AddressTaken):
        publishing.publish(second.pk)
    second.refresh_from_db()
    assert (second.state, second.scheduled_for) == ("draft", None)
    if kind == "article":  # The next day's Weather has another address.
        publishing.schedule(second.pk, now + dt.timedelta(days=1))
        assert publishing.held_up() == []


def test_the_address_of_a_scheduled_article_changes_only_to_a_free_one(time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    day, taken = timezone.now() + dt.timedelta(hours=2), make_article()
    article, editor = make_article(state="scheduled", scheduled_for=day), make_editor()

    with pytest.raises(AddressTaken):
        write({"slug": taken.slug}, by=editor, article=article)
    assert write({"slug": taken.slug, "state": "draft"}, by=editor, article=article).slug == taken.slug


def test_one_that_breaks_stops_no_other_and_is_named(monkeypatch, caplog):
    due = timezone.now() - dt.timedelta(minutes=2)
    broken, fine = (
        make_article(state="scheduled", scheduled_for=due),
        make_article(state="scheduled", scheduled_for=due),
    )
    show = publishing._show
    monkeypatch.setattr(publishing, "_show", lambda row: 1 / 0 if row == broken else show(row))

    assert publishing.publish_due() == 1

    assert Article.objects.get(pk=fine.pk).state == "published"
    assert publishing.held_up() == [(broken, False)]
    assert f"Article {broken.pk} is due" in caplog.text


def test_one_whose_address_is_taken_stops_no_other():
    now = timezone.now()
    first = make_article(at=now)
    clash = scheduled_all_the_same(first.slug, now - dt.timedelta(seconds=1))
    fine = make_article(state="scheduled", scheduled_for=now - dt.timedelta(seconds=1))

    assert publishing.publish_due() == 1
    assert Article.objects.get(pk=clash.pk).state == "scheduled"
    assert Article.objects.get(pk=fine.pk).state == "published"


def test_the_worker_runs_each_job_in_its_turn_and_survives_a_broken_one(monkeypatch):
    ran = []

    def broken():
        ran.append("broken")
        raise RuntimeError

    monkeypatch.setattr(schedule, "JOBS", [(5, broken), (60, lambda: ran.append("rare"))])
    monkeypatch.setattr(schedule.logger, "exception", lambda *args: None)
    last = {}
    for moment in (0, 1, 5, 6, 61):
        schedule.run_due(last, moment)

    assert ran == ["broken", "rare", "broken", "broken", "rare"]


def test_a_change_is_counted_for_caches_and_of_the_text_for_readers():
    article = make_article()

    publishing.note_change(article, text=False)
    publishing.note_change(article, text=True)

    after = Article.objects.get()
    assert after.page_version == article.page_version + 2
    assert after.revision == article.revision + 1
    assert after.updated_at > article.updated_at


@pytest.mark.parametrize("takes", [True, False])
def test_opening_or_closing_a_discussion_is_no_change_of_the_text(takes):
    article = make_article(takes_comments=not takes)

    publishing.take_comments(article.pk, takes)

    after = Article.objects.get()
    assert after.takes_comments == takes
    assert after.page_version == article.page_version + 1
    assert (after.revision, after.updated_at) == (article.revision, article.updated_at)


def test_publishing_a_page_changes_the_foot_of_every_page(client):
    make_article()
    before = client.get("/")["ETag"]
    publishing.publish(make_article(kind="page", headline="Imprint", state="draft").pk)

    front = client.get("/", headers={"If-None-Match": before})

    assert front.status_code == 200
    assert "Imprint" in front.content.decode()
    assert Site.objects.current().page_version > 1


def test_what_readers_see_is_withdrawn_before_it_goes_back_to_the_desk():
    article = make_article()

    for move in (lambda: publishing.schedule(article.pk, timezone.now()), lambda: publishing.back_to_draft(article.pk)):
        with pytest.raises(StillPublished):
            move()
    publishing.withdraw(article.pk)
    assert publishing.back_to_draft(article.pk).state == "draft"
