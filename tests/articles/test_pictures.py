"""Editors' pictures: from what is sent to what a browser shows."""

import io
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from lxml import html
from PIL import Image

from articles import pictures
from articles.models.article import Article
from articles.models.pictures import Picture
from newsreader.kit.images import NotAPicture
from tests.factories import make_article, make_editor

pytestmark = pytest.mark.django_db


def a_picture(width=700, height=450, form="JPEG", mode="RGB", **options):
    """Return a file that holds a picture, different in each of its quarters."""
    image = Image.new(mode, (width, height), "#204060")
    image.paste("#c04020", (0, 0, width // 2, height // 2))
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def kept(picture, size, form):
    with default_storage.open(pictures.copy_name(picture, size, form)) as file:
        return Image.open(io.BytesIO(file.read()))


def test_a_picture_is_copied_in_every_size_that_is_smaller():
    picture = pictures.add(a_picture(1400, 900), "The Boat (1).JPG", alternative_text="A boat")
    picture.refresh_from_db()

    assert picture.file.name.startswith("pictures/")
    assert re.search(r"/the-boat-1-[0-9a-f]{8}\.jpg$", picture.file.name)
    assert (picture.width, picture.height) == (1400, 900)
    assert picture.widths == [320, 640, 960, 1280]
    for width in picture.widths:
        for form, kind in (("avif", "AVIF"), ("webp", "WEBP"), ("jpg", "JPEG")):
            copy = kept(picture, width, form)
            assert (copy.format, copy.width, copy.height) == (kind, width, round(900 * width / 1400))
    assert kept(picture, "share", "jpg").size == (1200, 630)


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x0112] = 6  # Turned by a quarter.
    exif[0x010E] = "secret place"
    picture = pictures.add(a_picture(600, 400, exif=exif), "x.jpg")
    picture.refresh_from_db()

    with picture.file.open() as file:
        data = file.read()
    assert b"secret" not in data
    assert (picture.width, picture.height) == (400, 600)
    assert not Image.open(io.BytesIO(data)).getexif()


def test_what_is_transparent_stays_so_and_what_is_huge_is_made_smaller():
    clear = pictures.add(a_picture(800, 400, "PNG", "RGBA"), "logo.png")
    huge = pictures.add(a_picture(3000, 1500), "huge.jpg")
    clear.refresh_from_db()
    huge.refresh_from_db()

    assert clear.file.name.endswith(".webp")
    assert pictures.forms_of(clear) == ["avif", "webp"]
    assert (huge.width, huge.height) == (2560, 1280)
    assert huge.widths == [320, 640, 960, 1280, 1920]


def test_a_small_one_has_one_copy_of_its_own_size():
    picture = pictures.add(a_picture(200, 100), "small.jpg")
    picture.refresh_from_db()

    assert picture.widths == [200]


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"\xff\xd8\xff" * 50],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(NotAPicture):
        pictures.add(data, "x.jpg")
    assert not Picture.objects.exists()


def test_one_that_cannot_be_read_any_more_is_tried_once():
    broken = Picture(alternative_text="x")
    broken.file.save("broken.jpg", ContentFile(a_picture(10, 10)), save=False)
    with default_storage.open(broken.file.name, "wb") as file:
        file.write(b"nothing")
    broken.save()

    pictures.make_missing()
    broken.refresh_from_db()

    assert broken.widths == []
    assert "<picture>" not in pictures.markup(broken, "100vw")


def test_the_worker_makes_what_nobody_has_made():
    old = Picture(alternative_text="x")
    old.file.save("old.jpg", ContentFile(a_picture(700, 300)))
    article = make_article(lead_picture=old)

    pictures.make_missing()
    old.refresh_from_db()

    assert old.widths == [320, 640]
    assert Article.objects.get(pk=article.pk).page_version == article.page_version + 1


def test_two_workers_do_not_make_the_same_copies_at_once(monkeypatch):
    picture = Picture(alternative_text="x")
    picture.file.save("boat.jpg", ContentFile(a_picture()))
    asked, copied = [], pictures._copied

    def interrupted(row, pixels):
        asked.append(row.pk)
        pictures.make_missing()  # As the worker's other thread does, in the middle of the task.
        return copied(row, pixels)

    monkeypatch.setattr(pictures, "_copied", interrupted)
    pictures.make_copies.call(picture.pk)

    assert asked == [picture.pk]
    assert Picture.objects.get().widths == [320, 640]


def test_copies_of_how_a_picture_was_are_not_shown_and_made_anew(monkeypatch):
    picture = Picture(alternative_text="x")
    picture.file.save("boat.jpg", ContentFile(a_picture()))
    copied = pictures._copied

    def outrun(row, pixels):
        Picture.objects.filter(pk=row.pk).update(focal_y=0)
        return copied(row, pixels)

    with monkeypatch.context() as patched:
        patched.setattr(pictures, "_copied", outrun)
        pictures.make_copies.call(picture.pk)
    assert Picture.objects.get().widths is None
    pictures.make_missing()

    assert Picture.objects.get().widths == [320, 640]


def test_a_page_offers_every_size_and_keeps_the_place(client):
    picture = pictures.add(a_picture(), "boat.jpg", alternative_text='A "boat"', focal_x=23, focal_y=88)
    article = make_article(lead_picture=picture)

    page = html.fromstring(client.get(article.get_absolute_url()).content)
    (shown,) = page.xpath("//figure//picture")
    (image,) = shown.xpath(".//img")

    assert [source.get("type") for source in shown.xpath(".//source")] == ["image/avif", "image/webp"]
    assert [one.split()[1] for one in image.get("srcset").split(", ")] == ["320w", "640w"]
    assert (image.get("width"), image.get("height"), image.get("alt")) == ("700", "450", 'A "boat"')
    assert "focus-x-20 focus-y-90" in image.get("class")
    assert image.get("fetchpriority") == "high"
    for address in re.findall(r"/media/\S+", image.get("srcset")):
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")


def test_pictures_in_a_text_come_in_all_sizes_too(client, django_assert_num_queries):
    picture = pictures.add(a_picture(), "boat.jpg", alternative_text="A boat")
    picture.refresh_from_db()
    body = f'<figure><img src="{picture.file.url}" alt="Another &lt;word&gt;"></figure><img src="https://example.org/x.jpg">'

    with django_assert_num_queries(1):
        shown = html.fromstring(pictures.in_text(body))

    assert shown.xpath("//picture//img/@alt") == ["Another <word>"]
    assert shown.xpath("//picture//img/@loading") == ["lazy"]
    assert shown.xpath("//a/@href") == ["https://example.org/x.jpg"]
    with django_assert_num_queries(0):
        assert pictures.in_text("<p>None</p>") == "<p>None</p>"


def send(client, **values):
    fields = {"alternative_text": "A boat", "caption": "", "credit": "", "focal_x": "50", "focal_y": "50"} | values
    return client.post("/admin/articles/picture/add/", fields)


def test_an_editor_uploads_one(client):
    client.force_login(make_editor())

    answer = send(client, file=SimpleUploadedFile("../../boat.php", a_picture(), "text/html"))
    picture = Picture.objects.get()

    assert answer.status_code == 302
    assert re.fullmatch(r"pictures/\d{4}/\d{2}/boat-[0-9a-f]{8}\.jpg", picture.file.name)
    assert picture.widths == [320, 640]


def test_an_editor_is_told_what_is_no_picture(client):
    client.force_login(make_editor())

    answer = send(client, file=SimpleUploadedFile("boat.jpg", b"<?php echo 1;", "image/jpeg"), caption="Kept words")

    assert answer.status_code == 200
    assert "We cannot use this file" in answer.content.decode()
    assert "Kept words" in answer.content.decode()
    assert not Picture.objects.exists()


def test_another_focal_point_cuts_the_shared_picture_anew(client):
    picture = pictures.add(a_picture(700, 700), "boat.jpg")
    client.force_login(make_editor())
    before = kept(picture, "share", "jpg").getpixel((100, 400))

    client.post(
        f"/admin/articles/picture/{picture.pk}/change/",
        {"alternative_text": "", "caption": "", "credit": "", "focal_x": "50", "focal_y": "0"},
    )

    assert before != kept(picture, "share", "jpg").getpixel((100, 400))
    assert Picture.objects.get().widths == [320, 640]


@pytest.mark.django_db(transaction=True)
def test_a_deleted_picture_takes_its_copies_along_and_leaves_no_article_broken(client):
    picture = pictures.add(a_picture(), "boat.jpg")
    article = make_article(lead_picture=picture)
    picture.refresh_from_db()
    name = pictures.copy_name(picture, 640, "webp")
    assert default_storage.exists(name)
    client.force_login(make_editor())

    client.post(f"/admin/articles/picture/{picture.pk}/delete/", {"post": "yes"})

    assert not default_storage.exists(name)
    assert client.get(article.get_absolute_url()).status_code == 200


def test_programs_are_told_the_sizes(client):
    picture = pictures.add(a_picture(500, 300), "boat.jpg")
    article = make_article(lead_picture=picture)

    told = client.get(f"/api/v1/articles/{article.pk}/").json()["picture"]

    assert [(copy["width"], copy["type"]) for copy in told["sizes"]] == [
        (320, "image/avif"),
        (320, "image/webp"),
        (320, "image/jpeg"),
    ]
    assert told["sizes"][0]["url"].startswith("http://testserver/media/pictures/")
