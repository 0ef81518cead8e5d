"""What readers are told about a published article that was wrong, changed or withdrawn."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import publishing
from articles.models import Article, Correction
from tests.articles.newsroom.test_article_admin import LIST, form, page_of
from tests.factories import make_article, make_author, make_editor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
WRONG = "We first said that the boat left at six. It left at seven."
NEW = {"corrections-TOTAL_FORMS": "1", "corrections-INITIAL_FORMS": "0"}


@pytest.fixture
def editor(client):
    editor = make_editor(name="Ingrid")
    client.force_login(editor)
    return editor


def correct(client, article, text=WRONG, **changed):
    changed = NEW | {"corrections-0-text": text, "corrections-0-article": article.pk} | changed
    answer = client.post(page_of(article), form(client, page_of(article)) | changed)
    assert answer.status_code == 302, answer.context["errors"]


def read(article):
    return Client().get(Article.objects.get(pk=article.pk).get_absolute_url())


def facts(page):
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.content.decode(), re.DOTALL)
    return json.loads(found[1])[0]


def written(moment):
    """A time as the pages write it: in the site's zone, in whole seconds."""
    return timezone.localtime(moment).isoformat(timespec="seconds")


@pytest.mark.ci_both
def test_a_correction_stands_at_the_article_with_its_time_and_in_its_structured_data(client, editor):
    article = make_article()
    before = read(article)
    assert "Corrected" not in before.content.decode()
    assert "correction" not in facts(before)

    correct(client, article, f"{WRONG} <b>")

    page = read(article)
    correction = Correction.objects.get()
    html = page.content.decode()
    assert page.headers["ETag"] != before.headers["ETag"]
    assert re.search(r"Corrected on [^<]+:</strong> We first said that the boat left at six. [^<]* &lt;b&gt;", html)
    assert 'href="#corrections"' in html
    assert [each["text"] for each in facts(page)["correction"]] == [f"{WRONG} <b>"]
    assert dt.datetime.fromisoformat(facts(page)["dateModified"]) == correction.at.replace(microsecond=0)
    assert correction.by == editor
    assert "correction" in LogEntry.objects.get(object_id=str(article.pk)).get_change_message()


def test_a_correction_that_is_taken_out_again_is_gone_and_that_is_on_record(client, editor):
    article = make_article()
    correct(client, article)

    client.post(page_of(article), form(client, page_of(article)) | {"corrections-0-DELETE": "on"})

    assert Article.objects.get().corrected_at is None
    assert "Corrected" not in read(article).content.decode()
    assert "Deleted correction" in LogEntry.objects.first().get_change_message()


def test_the_page_asks_for_corrections_only_where_there_are_any(client, editor):
    article, stranger = make_article(), Client()
    read(article)  # What is read once in a process.

    def asked():
        address = Article.objects.get().get_absolute_url()
        with CaptureQueriesContext(connection) as captured:
            stranger.get(address)
        return [query["sql"] for query in captured if "articles_correction" in query["sql"]]

    assert asked() == []
    correct(client, article)
    assert len(asked()) == 1


def test_a_draft_has_nothing_to_correct_and_authors_correct_nothing(client, editor):
    assert "corrections-" not in client.get(page_of(make_article(state="draft"))).content.decode()
    author = make_user(group="Authors")
    article = make_article(authors=[make_author(user=author)])
    client.force_login(author)

    client.post(page_of(article), form(client, page_of(article)) | NEW | {"corrections-0-text": WRONG})

    assert not Correction.objects.exists()


def test_a_text_that_was_changed_later_says_when(client, editor):
    article = make_article()
    client.post(page_of(article), form(client, page_of(article), body="<p>The first boat left at seven.</p>"))

    article.refresh_from_db()
    html = read(article).content.decode()
    assert f'Updated <time class="dt-updated" datetime="{written(article.updated_at)}">' in html


@pytest.mark.parametrize(
    ("published", "corrected", "changed", "told"),
    [(60, None, 0, True), (60, None, 58, False), (60, None, 90, False), (60, 1, 0, False), (60, 30, 0, True)],
)
def test_a_change_is_told_unless_it_is_part_of_the_publication_or_of_a_correction(published, corrected, changed, told):
    def ago(minutes):
        return None if minutes is None else timezone.now() - dt.timedelta(minutes=minutes)

    article = Article(revision=2, published_at=ago(published), corrected_at=ago(corrected), updated_at=ago(changed))

    assert bool(article.updated_for_readers) == told


# --- Withdrawn ----------------------------------------------------------------------------------------------------


def test_readers_are_told_why_it_was_withdrawn_if_the_editor_says_so(client, editor):
    article = make_article()
    typed = {"_reason": "The man was <b>not</b> there.", "_reason_is_public": "on", "_withdraw": "1"}

    client.post(page_of(article), form(client, page_of(article)) | typed)

    page = read(article)
    assert page.status_code == 410
    assert "The reason: The man was &lt;b&gt;not&lt;/b&gt; there." in page.content.decode()
    assert "The reason: The man" in Client().get(f"{article.get_absolute_url()}feed/").content.decode()


@pytest.mark.parametrize("public", [False, True])
def test_the_list_withdraws_with_a_reason_for_colleagues_or_for_readers(client, editor, public):
    article = make_article()
    typed = {"action": "withdraw_selected", "_selected_action": article.pk, "reason": "All wrong."}

    client.post(LIST, typed | ({"reason_is_public": "on"} if public else {}))

    page = read(article)
    assert page.status_code == 410
    assert ("All wrong." in page.content.decode()) == public


def test_a_reason_does_not_outlive_the_withdrawal(editor):
    article = make_article()
    publishing.withdraw(article.pk, "Wrong.", is_public=True)
    publishing.publish(article.pk)
    publishing.withdraw(article.pk, "For another reason")

    assert Article.objects.get().public_reason == ""
    assert "reason" not in read(article).content.decode()
