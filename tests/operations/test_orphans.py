"""Stored files that belong to nothing: which are deleted, and which only seem to."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from articles import pictures
from articles.models.pictures import Picture
from articles.models.site import Site
from comments.models import Comment
from newsreader.accounts.models import CommenterIdentity
from newsreader.operations import orphans
from tests.factories import make_article, make_comment, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def store(media: Path, name: str, *, days: float = 2) -> str:
    stored = default_storage.save(name, ContentFile(b"picture"))
    at = (timezone.now() - dt.timedelta(days=days)).timestamp()
    os.utime(media / stored, (at, at))
    return stored


def left(media: Path) -> set[str]:
    return {path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()}


def test_what_belongs_to_something_stays(media):
    shown = Picture.objects.create(file="pictures/2026/11/boat.jpg", width=1, height=1, widths=[320])
    store(media, "pictures/2026/11/boat.jpg")
    for width in (320, "share"):
        store(media, pictures.copy_name(shown, width, "jpg"))
    Site.objects.update(logo=store(media, "pictures/logo/paper.webp"))
    make_article(body=f'<p><img src="/media/{store(media, "pictures/Fähre.jpg")}" alt=""></p>'.replace("ä", "%C3%A4"))
    make_user(avatar=store(media, "avatars/ada.webp"))
    CommenterIdentity.objects.create(provider="github", uid="1", avatar=store(media, "avatars/grace.webp"))
    store(media, "exports/of-somebody-else.zip")
    store(media, "pictures/just-uploaded.jpg", days=0.5)
    before = left(media)

    assert orphans.clear(DAY).names == []
    assert left(media) == before


def test_what_belongs_to_nothing_goes_and_no_comment_shows_it(media, caplog):
    caplog.set_level("INFO")
    portrait = store(media, "avatars/removed.webp")
    comment = make_comment(user=make_user(avatar="avatars/now.webp"))
    Comment.objects.filter(pk=comment.pk).update(avatar=portrait)
    names = [portrait, store(media, "pictures/replaced.jpg"), store(media, "pictures/replaced.640.avif")]

    found = orphans.clear(DAY)

    assert (set(found.names), found.deleted) == (set(names), True)
    assert left(media) == set()
    comment.refresh_from_db()
    assert comment.avatar == "avatars/now.webp"
    assert "3 belong to nothing" in caplog.text


def test_looking_deletes_nothing(media, caplog):
    caplog.set_level("INFO")
    store(media, "pictures/replaced.jpg")

    assert orphans.clear(DAY, delete=False) == orphans.Orphans(["pictures/replaced.jpg"], 7, deleted=False)
    assert left(media) == {"pictures/replaced.jpg"}
    assert "1 belong to nothing (0 kB), left" in caplog.text


def test_where_most_files_would_go_none_does(media, monkeypatch, caplog):
    monkeypatch.setattr(orphans, "SUSPECT", 3)
    for number in range(5):
        store(media, f"pictures/of-another-database-{number}.jpg")

    assert not orphans.clear(DAY).deleted
    assert len(left(media)) == 5
    assert "nothing is deleted" in caplog.text


def test_a_run_asks_few_questions_and_deletes_so_many(media, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(orphans, "MOST", 4)
    for number in range(60):
        store(media, f"pictures/{number % 20}.{320 + number}.webp")
    Picture.objects.bulk_create(Picture(file=f"pictures/{number}.jpg", width=1, height=1) for number in range(10))
    [store(media, f"pictures/{number}.jpg") for number in range(10)]

    with django_assert_max_num_queries(12):
        assert len(orphans.clear(DAY).names) == 4
    assert len(left(media)) == 66
