"""From an author's draft to the editors and back, with the notes that go with it."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client

from articles import publishing, submissions
from articles.models import Article, EditorialNote, Submission
from newsreader.kit.errors import Forbidden
from tests.articles.newsroom.test_article_admin import ADD, LIST, form, page_of, said
from tests.factories import make_article, make_author, make_editor, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def author(client):
    user = make_user("owen", group="Authors", name="Owen")
    client.force_login(user)
    make_author(user=user, name="Owen")
    return user


@pytest.fixture
def editor():
    return make_editor(username="ingrid", name="Ingrid")


@pytest.fixture
def desk(editor):
    desk = Client()
    desk.force_login(editor)
    return desk


@pytest.fixture
def press(django_capture_on_commit_callbacks):
    """Send a form with one of its buttons, and the mails."""

    def pressed(client, address, button, *, value="1", **changed):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(address, form(client, address, **changed) | {button: value})

    return pressed


def draft_of(author):
    return make_article(state="draft", headline="The harbour freezes", authors=[author.author])


def mails():
    return [(message.to, message.subject) for message in mail.outbox]


def notes(article):
    return [(row.kind, row.by and row.by.name, row.text) for row in article.editorial_notes.all()]


@pytest.mark.ci_both
def test_a_draft_goes_to_the_editors_comes_back_and_is_published(client, author, desk, press):
    said_so = press(client, ADD, "_send_to_editors", headline="The harbour freezes", _note="Is the lead too long?")
    article = Article.objects.get(headline="The harbour freezes")
    assert "with the editors" in said(said_so)
    assert mails() == [(["ingrid@example.org"], "For the editors: The harbour freezes")]
    assert "Is the lead too long?" in mail.outbox[0].body
    assert f"http://testserver{page_of(article)}" in mail.outbox[0].body
    assert 'href="http://testserver' in mail.outbox[0].alternatives[0][0]

    assert "1 article is waiting for an editor" in desk.get("/admin/").content.decode()
    listed = desk.get(f"{LIST}?waiting=yes").content.decode()
    assert "The harbour freezes" in listed
    assert "state-waiting" in listed
    page = desk.get(page_of(article)).content.decode()
    assert "Is the lead too long?" in page
    press(desk, page_of(article), "_send_back", _note="Two sentences, please.\n\nAnd a picture.")

    assert mails()[1:] == [(["owen@example.org"], "Sent back to you: The harbour freezes")]
    assert "And a picture." in mail.outbox[1].body
    assert not Submission.objects.exists()
    assert "Two sentences, please." in client.get(page_of(article)).content.decode()
    press(client, page_of(article), "_send_to_editors")
    press(desk, page_of(article), "_publish", value="anyway")

    assert mails()[-1] == (["owen@example.org"], "Published: The harbour freezes")
    assert "waiting for an editor" not in desk.get("/admin/").content.decode()
    assert notes(article) == [
        ("sent", "Owen", "Is the lead too long?"), ("sent_back", "Ingrid", "Two sentences, please.\n\nAnd a picture."),
        ("sent", "Owen", ""), ("published", None, ""),
    ]  # fmt: skip


def test_the_author_is_told_when_it_is_published(author, django_capture_on_commit_callbacks):
    article = draft_of(author)
    submissions.send(article.pk, by=author)
    with django_capture_on_commit_callbacks(execute=True):
        published = publishing.publish(article.pk)

    assert mails() == [(["owen@example.org"], "Published: The harbour freezes")]
    assert f"http://testserver{published.get_absolute_url()}" in mail.outbox[0].body
    assert notes(article)[-1] == ("published", None, "")
    assert not submissions.waiting().exists()


def test_nobody_is_told_of_what_nobody_has_sent(author, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(draft_of(author).pk)

    assert not mail.outbox
    assert not EditorialNote.objects.exists()


def test_every_step_is_in_the_article_s_history(client, author, desk, press, editor):
    article = draft_of(author)
    press(client, page_of(article), "_send_to_editors")
    press(desk, page_of(article), "_send_back", _note="Too short.")

    deeds = LogEntry.objects.filter(object_id=str(article.pk)).order_by("pk").values_list("user", "change_message")
    assert [deed for deed in deeds if not deed[1].startswith("[")] == [
        (author.pk, "Sent to the editors"), (editor.pk, "Sent back to the author"),
    ]  # fmt: skip


def test_sending_back_needs_a_note_and_loses_nothing(author, desk, press):
    article = draft_of(author)
    submissions.send(article.pk, by=author)

    answer = press(desk, page_of(article), "_send_back", headline="The harbour thaws", _note=" ")

    assert "what is missing" in said(answer)
    assert Article.objects.get().headline == "The harbour thaws"
    assert Submission.objects.exists()


def test_a_note_is_kept_whichever_button_is_pressed(author, desk, press):
    article = draft_of(author)
    submissions.send(article.pk, by=author)

    press(desk, page_of(article), "_save", _note="I am reading it.")

    assert notes(article)[-1] == ("note", "Ingrid", "I am reading it.")
    assert Submission.objects.exists()


def test_a_note_stays_where_the_form_is_refused(client, author):
    address = page_of(draft_of(author))

    answer = client.post(address, form(client, address, headline=" ", _note="Careful") | {"_send_to_editors": "1"})

    assert ">Careful</textarea>" in answer.content.decode()
    assert not Submission.objects.exists()


def test_what_was_published_meanwhile_is_not_sent_and_the_note_comes_back(client, author, press):
    article = draft_of(author)
    typed = form(client, page_of(article), _note="One more thing")
    publishing.publish(article.pk)

    answer = client.post(page_of(article), typed | {"_send_to_editors": "1"}, follow=True)

    assert not Submission.objects.exists()
    assert "One more thing" in answer.content.decode()


def test_only_who_may_publish_sends_back_and_only_who_may_change_it_sends(author):
    article, other = draft_of(author), make_user(group="Authors")
    make_author(user=other)
    with pytest.raises(Forbidden):
        submissions.send(article.pk, by=other)
    submissions.send(article.pk, by=author)
    for user in (author, other, make_moderator()):
        with pytest.raises(Forbidden):
            submissions.send_back(article.pk, by=user, note="No.")
    assert Submission.objects.count() == 1


def test_notes_are_for_those_who_may_change_the_article(client, author):
    article = draft_of(author)
    submissions.send(article.pk, by=author, note="Between us")
    publishing.publish(article.pk)

    assert "Between us" in client.get(page_of(article)).content.decode()
    client.force_login(make_moderator())
    assert "Between us" not in client.get(page_of(article)).content.decode()
    assert "Between us" not in Client().get(Article.objects.get().get_absolute_url()).content.decode()


def test_a_scheduled_article_waits_for_nobody_and_its_author_is_told_when_it_appears(author):
    article = draft_of(author)
    submissions.send(article.pk, by=author)
    publishing.schedule(article.pk, publishing.timezone.now() + publishing.dt.timedelta(hours=1))
    assert not submissions.waiting().exists()

    publishing.publish_due(publishing.timezone.now() + publishing.dt.timedelta(hours=2))

    assert notes(article)[-1][0] == "published"


def test_a_step_that_is_told_twice_is_one_mail(author, editor):
    article = draft_of(author)
    submissions.send(article.pk, by=author)
    note = EditorialNote.objects.get()

    submissions.mail_note.func(note_id=note.pk, user_id=editor.pk)

    assert mails() == [(["ingrid@example.org"], "For the editors: The harbour freezes")]


def test_the_list_asks_as_much_however_many_wait(desk, author, django_assert_max_num_queries):
    for _ in range(9):
        submissions.send(make_article(state="draft", authors=[author.author]).pk, by=author)
    desk.get(LIST)

    with django_assert_max_num_queries(20):
        assert desk.get(LIST).content.decode().count("state-waiting") == 9
