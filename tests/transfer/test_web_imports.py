"""Importing from the newsroom: upload, dry run, report, import. What was uploaded is private and does not stay."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import stat
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from articles.models.article import Article
from articles.models.origins import ImportRun
from comments.models import AuditEntry, Comment
from newsreader.kit import private_uploads
from newsreader.kit.one_at_a_time import AlreadyRunning
from newsreader.transfer import importing, web_imports
from tests.factories import make_editor, make_moderator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
SAMPLES = Path(__file__).parent.parent / "samples" / "wordpress"
START = "/admin/import/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_FOLDER = tmp_path / "imports"
    return settings.UPLOAD_FOLDER


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def send(client, name="harbour.xml", content=None):
    content = (SAMPLES / name).read_bytes() if content is None else content
    return client.post(START, {"file": SimpleUploadedFile(name, content)})


def test_a_file_is_tried_then_imported_then_gone(client, editor, folder):
    answer = send(client)

    assert answer.status_code == 303
    page = client.get(answer["Location"]).content.decode()
    assert "Nothing is changed yet" in page
    assert "2 published" in page
    assert not Article.objects.exists()
    [kept] = private_uploads.found()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600

    assert client.post(answer["Location"], {"do": "import"}).status_code == 303

    page = client.get(answer["Location"])
    assert "Imported. The file is deleted." in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    run = ImportRun.objects.get()
    assert (run.file, run.finished_at is not None) == ("harbour.xml", True)
    assert (Article.objects.count(), Comment.objects.count()) == (8, 6)
    assert not kept.file.exists()
    entry = AuditEntry.objects.get(kind="import_uploaded")
    assert (entry.by_account, entry.personal) == (editor.pk, {"file": "harbour.xml"})

    # Pressed twice, or loaded anew: nothing more happens.
    client.post(answer["Location"], {"do": "import"})
    assert ImportRun.objects.count() == 1
    client.post(answer["Location"], {"do": "discard"})
    assert client.get(answer["Location"]).status_code == 404
    assert list(folder.iterdir()) == []


def test_a_packed_file_is_taken_and_the_same_again_is_here_already(client, editor):
    for _ in range(2):
        address = send(client, "harbour.xml.gz", gzip.compress((SAMPLES / "harbour.xml").read_bytes()))["Location"]
        client.post(address, {"do": "import"})

    assert "Here already, left as they are" in client.get(address).content.decode()
    assert Article.objects.count() == 8


@pytest.mark.parametrize(("name", "why"), [("broken.xml", "not well-formed"), ("feed.xml", "not a WordPress export")])
def test_what_cannot_be_read_says_why_and_is_deleted(client, editor, folder, name, why):
    page = client.get(send(client, name)["Location"]).content.decode()

    assert why in page
    assert "Nothing was imported" in page
    assert "Import now" not in page
    assert not list(folder.glob("*/file"))


@pytest.mark.parametrize(("content", "code"), [(b"", "empty_file"), (None, "require_file")])
def test_a_form_without_a_file_comes_back(client, editor, folder, content, code):
    answer = client.post(START, {"file": io.BytesIO(content)} if content is not None else {})

    assert answer.status_code == 422
    assert code in answer.content.decode() or "require_file" in answer.content.decode()
    assert not folder.exists()


def test_too_large_or_too_many_are_refused(client, editor, monkeypatch):
    monkeypatch.setattr(web_imports, "LARGEST", 100)
    assert "file_too_large" in send(client).content.decode()
    monkeypatch.undo()

    for _ in range(web_imports.MOST):
        assert send(client).status_code == 303
    assert "too_many_uploads" in send(client).content.decode()


@pytest.mark.parametrize("make", [make_moderator, lambda: make_user(group="Authors"), make_user])
def test_others_neither_see_nor_import(client, make, folder):
    kept = private_uploads.keep([b"<rss/>"], name="theirs.xml", size=6, state=web_imports.CHECKED, at=0)
    user = make()
    client.force_login(user)

    for address in (START, f"{START}{kept.id}/"):
        for answer in (client.get(address), client.post(address, {"do": "discard"})):
            assert answer.status_code in {302, 403}
            assert "theirs.xml" not in answer.content.decode()
    assert kept.file.exists()


@pytest.mark.parametrize("slug", ["0" * 32, "..", "x", "../../etc"])
def test_what_is_no_upload_is_not_found(client, editor, slug):
    assert client.get(f"{START}{slug}/").status_code == 404


def test_an_import_that_a_dead_worker_left_goes_on(client, editor):
    address = send(client)["Location"]
    [kept] = private_uploads.found()
    kept.note(state=web_imports.IMPORTING, at=time.time())

    client.post(address, {"do": "import"})  # Somebody is at it.
    assert not Article.objects.exists()
    assert "being imported" in client.get(address).content.decode()
    client.post(address, {"do": "discard"})
    assert kept.file.exists()

    kept.note(at=time.time() - web_imports.SILENCE - 1)
    assert "Go on" in client.get(address).content.decode()
    client.post(address, {"do": "import"})
    assert Article.objects.count() == 8


def test_while_another_import_runs_it_waits(client, editor, monkeypatch):
    address = send(client)["Location"]

    def busy(*args, **options):
        raise AlreadyRunning

    monkeypatch.setattr(importing, "import_files", busy)
    client.post(address, {"do": "import"})
    page = client.get(address).content.decode()

    assert "Another import is running" in page
    assert "Import now" in page
    assert [kept.file.exists() for kept in private_uploads.found()] == [True]


def test_what_nobody_works_on_is_forgotten(folder):
    old = private_uploads.keep([b"a"], state="checked")

    assert private_uploads.forget_old(dt.timedelta(days=3)) == 0
    assert private_uploads.forget_old(dt.timedelta(days=-1)) == 1
    assert not old.folder.exists()
