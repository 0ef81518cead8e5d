"""Nothing is left of an erased person: in the database's own files, a dump of it, media, mails; the rest stays."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from itertools import count

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles.models.article import Article
from comments.audit import audit_log
from comments.models import (
    Appeal,
    AuditEntry,
    Ban,
    Comment,
    CommentSettings,
    ConnectionData,
    Delivery,
    KeptDraft,
    Note,
    Report,
    Revision,
)
from comments.models.search_index import with_words, words_in
from comments.moderation.bans import ban
from comments.moderation.erasing import erase_author
from comments.moderation.moderator_edits import revise
from comments.objections.reports import Reporter, report
from comments.screening import ban_checks
from newsreader.accounts.leaving import leave
from newsreader.accounts.models import CommenterIdentity, Invitation, SentPicture, User
from newsreader.mailing.models import Letter
from newsreader.personal_data import people
from newsreader.personal_data.erasing import BelongsToNewsroom, erase
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user
from tests.personal_data.leftovers import left_of

pytestmark = pytest.mark.usefixtures("transactional_db")

NAME = "Jörg “Jo” O'Hågan-Öztürk Xylofonbau"
ADDRESS = "joerg.oehagan@bücher.example"
IP, AGENT = "203.0.113.77", "Privatbrowser/7.3 (Jörgs Rechner)"
WEBSITE, PROFILE, PICTURE = "https://oehagan.example/", "https://social.example/joehagan", "https://img.example/jo.png"
TEXT, EARLIER = "Mein Kahn heißt Möwchen.", "Mein Kahn heißt Spätzchen."
USERNAME, UID, TOKEN = "joehagan77", "uid-8842-joehagan", "token-of-joehagan"
WORD = "xylofonbau"  # of their names, as a search index holds it: folded, without anything around it
THEIRS = (NAME, ADDRESS, IP, AGENT, WEBSITE, PROFILE, PICTURE, EARLIER, USERNAME, UID, TOKEN, "von Mitlesern gemerkt")

_number = count(1)


@pytest.fixture(autouse=True)
def _folders(transactional_db, tmp_path, settings):
    settings.MEDIA_ROOT, settings.MAIL_FOLDER = tmp_path / "media", tmp_path / "mails"
    settings.EMAIL_FILE_PATH, settings.UPLOAD_FOLDER = tmp_path / "kept", tmp_path / "imports"
    CommentSettings.objects.current()
    CommentSettings.objects.update(flood_seconds=0)


def stored_portrait() -> str:
    return default_storage.save("avatars/portrait-of-joehagan.webp", ContentFile(b"RIFF portrait of joehagan77"))


@pytest.fixture
def account() -> User:
    """An account with everything that one can have: provider, token, second factor, session, picture, invitation."""
    user = make_user(USERNAME, name=NAME, first_name="Jörg", last_name="Öztürk-Hågan", avatar=stored_portrait())
    EmailAddress.objects.filter(user=user).update(email=ADDRESS)
    User.objects.filter(pk=user.pk).update(email=ADDRESS)
    social = SocialAccount.objects.create(
        user=user, provider="google", uid=UID, extra_data={"name": NAME, "email": ADDRESS, "picture": PICTURE}
    )
    SocialToken.objects.create(account=social, token=TOKEN, token_secret=TOKEN)
    CommenterIdentity.objects.create(
        provider="google", uid=UID, user=user, display_name=NAME, avatar_source=PICTURE, profile_url=PROFILE,
        email=ADDRESS, email_verified=True, avatar=stored_portrait(),
    )  # fmt: skip
    Authenticator.objects.create(user=user, type="totp", data={"secret": TOKEN})
    SentPicture.objects.create(user=user, data=f"JPEG of {USERNAME}".encode())
    Invitation.objects.create(email=ADDRESS, role="Authors", expires_at=timezone.now())
    client = Client(REMOTE_ADDR=IP, HTTP_USER_AGENT=AGENT)
    client.force_login(User.objects.get(pk=user.pk))
    client.get("/accounts/")
    UserSession.objects.update_or_create(
        session_key=client.session.session_key, defaults={"user": user, "ip": IP, "user_agent": AGENT}
    )
    return User.objects.get(pk=user.pk)


def comment_by(user: User | None, article: Article | None = None, *, status: str = "approved", **values) -> Comment:
    if user is None:
        values = {"name": NAME, "email": ADDRESS, "website": WEBSITE} | values
    comment = make_comment(
        article, user=user, status=status, address=IP, text=values.pop("text", f"{EARLIER} {next(_number)}"), **values
    )
    ConnectionData.objects.filter(comment=comment).update(user_agent=AGENT)
    return comment


def fill_what_is_around(comment: Comment, moderator: User) -> None:
    """What others, the worker and the libraries hold of the comment and of its author."""
    revise(comment.pk, TEXT, by=moderator)
    Note.objects.create(comment=comment, by=moderator, text=f"{NAME} schreibt oft.")
    Appeal.objects.create(comment=comment, decision=comment.decisions.get(number=1), text=f"Ich, {NAME}, {EARLIER}")
    Report.objects.create(comment=comment, reason="abuse", detail=f"{NAME} beleidigt.", reporter="x" * 64)
    ban(email=ADDRESS, by=moderator, note=f"{NAME}, von Mitlesern gemerkt")
    ban(network=IP, by=moderator, note="von Mitlesern gemerkt")
    Letter.objects.create(name="comment_published", address=ADDRESS.upper(), about="decision", about_id=1)
    decision = comment.decisions.get(number=1)
    Delivery.objects.get_or_create(decision=decision, event="confirm", address=ADDRESS)
    for status in ("SUCCESSFUL", "READY"):
        DBTaskResult.objects.create(
            task_path="newsreader.x", status=status, args_kwargs={"args": [ADDRESS, PICTURE], "kwargs": {}},
            priority=0, queue_name="default", backend_name="default", run_after=timezone.now(),
            traceback=f"ValueError: {NAME}" if status == "SUCCESSFUL" else "",
        )  # fmt: skip
    KeptDraft.objects.create(
        browser="b", network="n", article=comment.article, typed={"name": NAME, "email": ADDRESS, "text": EARLIER}
    )
    content = ContentType.objects.get_for_model(Comment)
    LogEntry.objects.create(
        user=moderator, content_type=content, object_id=str(comment.pk), object_repr=str(comment), action_flag=CHANGE
    )
    caches["table"].set("who", {"name": NAME, "address": ADDRESS})
    other = make_comment(comment.article, name="Bo")
    report(
        other.pk, reason="illegal", detail=f"{EARLIER} Gruß, {NAME}", law="StGB", good_faith=True, name=NAME,
        email=ADDRESS, visitor=Reporter(address=IP),
    )  # fmt: skip


def fill_folders(settings) -> None:
    for folder in (settings.MAIL_FOLDER / "new", settings.EMAIL_FILE_PATH):
        folder.mkdir(parents=True)
    (settings.MAIL_FOLDER / "new" / "1.mail").write_bytes(
        b"Subject: =?utf-8?b?SsO2cmc=?=\nTo: desk@example.org\nContent-Type: text/plain; charset=utf-8\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(f"Von {NAME}".encode())
    )
    (settings.EMAIL_FILE_PATH / "20261129-120000-1.log").write_text(
        f"To: {ADDRESS}\nSubject: Hallo\n\nText\n{'-' * 79}\n"
    )
    (settings.EMAIL_FILE_PATH / "20261129-120000-2.log").write_text(
        f"To: bo@example.org\nSubject: Hallo\n\nText\n{'-' * 79}\n"
    )


def test_the_search_for_leftovers_finds_what_is_there(account, settings):
    """Else the tests below would pass without erasing."""
    comment = comment_by(account)
    guest = comment_by(None, comment.article)
    fill_what_is_around(guest, make_moderator())
    fill_folders(settings)

    texts = {text for _file, text in left_of(THEIRS, settings.EMAIL_FILE_PATH)}

    assert texts == set(THEIRS)


@pytest.mark.ci_both
@pytest.mark.parametrize("text", ["keep", "remove"])
def test_nothing_is_left_of_an_account(account, settings, text):
    moderator = make_moderator()
    article = make_article()
    comment = comment_by(account, article)
    for status in ("pending", "spam", "trash"):
        comment_by(account, article, status=status)
    left_as_guest = comment_by(None, article)
    fill_what_is_around(left_as_guest, moderator)
    fill_folders(settings)

    call_command("erase_person", ADDRESS.upper(), "--text", text)

    removed = [EARLIER, TEXT] if text == "remove" else []
    wanted = [each for each in THEIRS if each != EARLIER] + removed
    assert left_of([*wanted, WORD], settings.EMAIL_FILE_PATH) == set()
    assert (settings.EMAIL_FILE_PATH / "20261129-120000-2.log").exists()
    assert not User.objects.filter(pk=account.pk).exists()
    assert default_storage.listdir("avatars")[1] == []
    comment.refresh_from_db()
    assert comment.status == ("approved" if text == "keep" else "trash")
    assert audit_log.verify()[1] == []


@pytest.mark.ci_both
def test_nothing_is_left_of_a_guest_with_an_unconfirmed_address(settings):
    first = comment_by(None, text=EARLIER)
    fill_what_is_around(first, make_moderator())
    others = make_comment(first.article, name="Bo", text="Ich bleibe.")

    call_command("erase_person", ADDRESS, "--text", "remove")

    assert left_of([*THEIRS, TEXT, WORD, "mowchen"]) == set()
    others.refresh_from_db()
    assert (others.name, others.body) == ("Bo", "Ich bleibe.")
    assert others.connection_data.email


def test_text_that_is_kept_is_by_a_former_reader_at_once(client):
    comment = comment_by(None, text=TEXT)
    reply = make_comment(parent=comment, name="Bo")
    page = comment.article.get_absolute_url()
    before = client.get(page)
    assert "O&#x27;Hågan" in before.content.decode()

    call_command("erase_person", ADDRESS)

    after = client.get(page, headers={"If-None-Match": before["ETag"]})
    text = after.content.decode()
    assert after.status_code == 200
    assert "O&#x27;Hågan" not in text
    assert "A former reader" in text
    assert TEXT in text
    answer = client.get(f"/api/v1/comments/{comment.pk}/").json()
    assert answer["author"]["name"] == "A former reader"
    assert client.get(f"/api/v1/comments/{reply.pk}/").status_code == 200


def test_text_that_is_removed_leaves_a_removed_comment_with_its_replies(client):
    comment = comment_by(None, text=TEXT)
    make_comment(parent=comment, name="Bo", text="Meiner auch.")
    page = comment.article.get_absolute_url()
    client.get(page)

    call_command("erase_person", ADDRESS, "--text", "remove")

    text = client.get(page).content.decode()
    assert "Möwchen" not in text
    assert "Meiner auch." in text
    article = Article.objects.get(pk=comment.article_id)
    assert article.comment_count == 1
    comment.refresh_from_db()
    assert (comment.body, comment.html, comment.status) == ("", "", "trash")
    assert comment.decisions.last().reason == "erased"


def test_a_search_on_the_desk_finds_them_no_more():
    comment = comment_by(None, text=TEXT)
    assert Comment.objects.filter(pk__in=with_words(words_in("Öztürk"))).count() == 1

    call_command("erase_person", ADDRESS)

    assert not Comment.objects.filter(pk__in=with_words(words_in("Öztürk"))).exists()
    assert Comment.objects.get(pk__in=with_words(words_in("Möwchen"))).pk == comment.pk


def test_somebody_elses_account_that_names_the_address_only_loses_the_address():
    guest = comment_by(None)
    other = make_user("bo")
    EmailAddress.objects.create(user=other, email=ADDRESS, verified=False)
    kept = make_comment(guest.article, user=other)

    call_command("erase_person", ADDRESS)

    other.refresh_from_db()
    assert other.is_active
    assert [row.email for row in EmailAddress.objects.filter(user=other)] == ["bo@example.org"]
    kept.refresh_from_db()
    assert kept.identity
    guest.refresh_from_db()
    assert guest.author_erased_at


def test_an_account_that_nobody_has_confirmed_is_erased_with_its_address():
    user = make_user("jo", verified=False)

    call_command("erase_person", user.email)

    assert not User.objects.filter(pk=user.pk).exists()


def test_all_confirmed_addresses_of_an_account_are_theirs(account):
    EmailAddress.objects.create(user=account, email="second@example.org", verified=True)
    guest = make_comment(email="second@example.org", name="Jo")

    call_command("erase_person", ADDRESS)

    guest.refresh_from_db()
    assert guest.author_erased_at


def test_bans_hold_though_nobody_can_read_whose_they_are(account):
    moderator = make_moderator()
    comment_by(None)
    ban(email=ADDRESS, by=moderator)
    ban(network=IP, by=moderator)
    ban(identity=account.identities.first(), by=moderator, note=NAME)

    call_command("erase_person", ADDRESS)

    assert {row.note for row in Ban.objects.all()} == {""}
    assert len(ban_checks.against(make_draft(email=ADDRESS, address="192.0.2.9"))) == 1
    assert len(ban_checks.against(make_draft(email="bo@example.org", address=IP))) == 1
    assert ban_checks.against(make_draft(email="bo@example.org", address="192.0.2.9")) == []


def test_the_newsroom_is_refused_until_its_roles_are_ended():
    editor = make_moderator()
    comment = make_comment(user=editor)

    with pytest.raises(CommandError) as refused:
        call_command("erase_person", editor.email)
    assert refused.value.returncode == 1
    assert "\n" not in str(refused.value)
    comment.refresh_from_db()
    assert comment.identity

    leave(editor.pk, by=User.objects.create_superuser("root", "root@example.org", "secret"))
    call_command("erase_person", editor.email)
    assert not User.objects.filter(pk=editor.pk).exists()


def test_a_dry_run_changes_nothing_and_counts(account):
    comment_by(account)
    entries = AuditEntry.objects.count()

    said = io.StringIO()
    call_command("erase_person", ADDRESS, "--dry-run", stdout=said)

    assert "1 accounts" in said.getvalue()
    assert "1 comments" in said.getvalue()
    assert User.objects.filter(pk=account.pk, is_active=True).exists()
    assert AuditEntry.objects.count() == entries
    assert ADDRESS not in said.getvalue()


@pytest.mark.parametrize("address", ["", "nobody", "@", " @ "])
def test_what_is_no_address_is_refused_in_one_line(address):
    with pytest.raises(CommandError) as refused:
        call_command("erase_person", address)
    assert refused.value.returncode == 1


def test_an_address_that_nobody_has_is_no_fault(capsys):
    call_command("erase_person", "nobody@example.org")

    assert "No account" in capsys.readouterr().out


def test_erasing_that_was_cut_short_is_finished_by_the_next_run(account, monkeypatch, settings):
    article = make_article()
    for number in range(5):
        comment_by(account, article, text=f"{EARLIER} {number}")
    monkeypatch.setattr("newsreader.personal_data.erasing.BATCH", 2)
    done = []

    def cut_short(ids, *, keep_text):
        if done:
            raise KeyboardInterrupt
        done.append(ids)
        erase_author(ids, keep_text=keep_text)

    with monkeypatch.context() as patched:
        patched.setattr("newsreader.personal_data.erasing.of_comments.erase_author", cut_short)
        with pytest.raises(KeyboardInterrupt):
            erase(people.find(ADDRESS), keep_text=False)
    assert Comment.objects.filter(identity=None).count() == 2

    done.clear()
    call_command("erase_person", ADDRESS, "--text", "remove")
    call_command("erase_person", ADDRESS, "--text", "remove")

    assert left_of(THEIRS) == set()
    assert Comment.objects.exclude(body="").count() == 0


def test_it_is_on_record_without_the_person(account):
    comment_by(account)

    call_command("erase_person", ADDRESS)

    entry = AuditEntry.objects.get(kind="person_erased")
    assert entry.facts["comments"] == 1
    assert entry.facts["text"] == "keep"
    assert entry.personal is None
    assert not AuditEntry.objects.exclude(personal=None).filter(subject=f"account:{account.pk}").exists()


def test_earlier_texts_are_gone_where_the_text_is_kept(account):
    comment = comment_by(account)
    revise(comment.pk, TEXT, by=make_moderator())

    call_command("erase_person", ADDRESS)

    assert not Revision.objects.filter(comment=comment).exists()


def test_what_was_decided_stays_on_record(account):
    comment = comment_by(account)
    decisions = list(comment.decisions.values_list("number", "after"))

    call_command("erase_person", ADDRESS)

    assert list(comment.decisions.values_list("number", "after")) == decisions
    assert audit_log.verify()[1] == []


@pytest.mark.ci_sqlite
def test_every_connection_overwrites_what_it_deletes():
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)


@pytest.mark.ci_both
def test_nothing_is_left_of_many_comments():
    """So many that the pages of tables and indexes are split and merged."""
    article = make_article()
    first = make_comment(article, name="Bo")
    rows, data = [], []
    for number in range(600):
        rows.append(
            Comment(
                article=article, name=NAME, body=f"{TEXT} {number} " * (number % 30), html="", website=WEBSITE,
                path=f"{first.path}x{number:06}", status="pending",
                created_at=timezone.now() - timedelta(days=number),
            )
        )  # fmt: skip
    made = Comment.objects.bulk_create(rows)
    data = [ConnectionData(comment=row, email=ADDRESS, address=IP, user_agent=AGENT) for row in made]
    ConnectionData.objects.bulk_create(data)

    with pytest.raises(BelongsToNewsroom):
        erase(people.of_account(make_moderator().pk), keep_text=True)
    erase(people.find(ADDRESS), keep_text=False)

    assert left_of([NAME, ADDRESS, AGENT, WEBSITE, "Möwchen", WORD, "mowchen"]) == set()


def test_what_lies_beside_the_kept_mails_stays(settings, tmp_path):
    """`filemail:///var/lib/newsreader` may hold the database, too."""
    make_comment(email=ADDRESS, name="Jo")
    beside, mail_of_theirs = tmp_path / "site.sqlite3", tmp_path / "20261129-120000-140.log"
    for file in (beside, mail_of_theirs):
        file.write_text(f"To: {ADDRESS}\n\nHello")
    settings.EMAIL_FILE_PATH = str(tmp_path)

    call_command("erase_person", ADDRESS)

    assert (beside.exists(), mail_of_theirs.exists()) == (True, False)
