"""`manage.py import_site`: what it answers, and that nothing stays of a file that cannot be read."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from articles.models.article import Article
from articles.models.taxonomy import Author
from comments.models import Comment
from newsreader.management.commands.import_site import Command
from newsreader.transfer import unpacking

SAMPLES = Path(__file__).parent.parent / "samples" / "wordpress"


def import_site(path: Path, **options: Any) -> None:
    call_command("import_site", "--from", "wordpress", str(path), **options)


@pytest.mark.django_db
def test_it_ends_with_the_report(capsys, tmp_path):
    import_site(SAMPLES / "harbour.xml", report=tmp_path / "report.json")

    said = capsys.readouterr().out
    assert "articles: 7 (3 draft, 2 published, 1 scheduled, 1 withdrawn)" in said
    assert "comments: 6 (3 approved, 1 pending, 1 spam, 1 trash)" in said
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["from"], report["file"], report["dry_run"]) == ("wordpress", "harbour.xml", False)
    assert report["came_in"]["comments"] == {"total": 6, "approved": 3, "pending": 1, "spam": 1, "trash": 1}
    left_out = {group["code"]: group["items"] for group in report["left_out"]}
    told = {"subject": "attachment 14 North mole", "detail": "attachment", "file": "harbour.xml"}
    assert left_out["picture"] == [told]


@pytest.mark.django_db
def test_a_dry_run_reports_the_same_and_writes_nothing(capsys):
    import_site(SAMPLES / "harbour.xml", dry_run=True)

    said = capsys.readouterr().out
    assert said.startswith("Nothing was changed")
    assert "comments: 6" in said
    assert not Article.objects.exists()
    assert not Author.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("broken.xml", "not well-formed"),
        ("feed.xml", "not a WordPress export"),
        ("entities.xml", "document type"),
        ("no.xml", "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing_behind(name, why):
    with pytest.raises(CommandError, match=why) as refusal:
        import_site(SAMPLES / name)

    assert refusal.value.returncode == 1
    assert "\n" not in str(refusal.value)
    assert not Article.objects.exists()
    assert not Comment.objects.exists()


@pytest.mark.django_db
def test_progress_is_told_beside_the_report(capsys, monkeypatch):
    monkeypatch.setattr("newsreader.management.commands.import_site.EVERY", 0)

    import_site(SAMPLES / "harbour.xml")

    told = capsys.readouterr()
    assert "% read: 1 articles, 1 comments" in told.err
    assert "written: 8 articles, 6 comments" in told.err
    assert "% read" not in told.out


@pytest.mark.django_db
def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.xml").touch()

    with pytest.raises(CommandError, match="not well-formed"):
        import_site(tmp_path / "empty.xml")


@pytest.mark.django_db
def test_a_report_that_cannot_be_written_is_refused_before_the_import(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        import_site(SAMPLES / "harbour.xml", report=tmp_path / "missing" / "report.json")

    assert not Article.objects.exists()


@pytest.mark.django_db
def test_blank_lines_before_the_document_do_not_matter(tmp_path):
    path = tmp_path / "late.xml"
    path.write_bytes(b"\xef\xbb\xbf\r\n\n" + (SAMPLES / "harbour.xml").read_bytes())

    import_site(path)

    assert Article.objects.count() == 8


@pytest.mark.parametrize("words", [["--from", "nobody", "x.xml"], ["x.xml"], ["--from", "wordpress"]])
def test_wrong_usage_exits_with_2(words, capsys):
    with pytest.raises(SystemExit) as leaving:
        Command().run_from_argv(["manage.py", "import_site", *words])

    assert leaving.value.code == 2


HARBOUR = (SAMPLES / "harbour.xml").read_bytes()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.xml", data)
    return file.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        zipped(**{"blog001": HARBOUR, "__MACOSX/blog": b"no"}),
        zipped(blog001=HARBOUR, blog002=HARBOUR),
        gzip.compress(HARBOUR),
        b"<br />\n<b>Warning</b>:  Undefined array key in <b>/x.php</b> on line <b>2</b><br />\n" + HARBOUR,
        b"PHP Deprecated: creation of dynamic property\n\n" + HARBOUR,
    ],
    ids=["zip", "zip of two", "gzip", "a warning before it", "a notice before it"],
)
def test_an_export_is_read_as_it_is_handed_out(tmp_path, capsys, data):
    (tmp_path / "export").write_bytes(data)

    import_site(tmp_path / "export")

    said = capsys.readouterr().out
    assert "articles: 7 (3 draft, 2 published, 1 scheduled, 1 withdrawn)" in said
    assert "comments: 6 (3 approved, 1 pending, 1 spam, 1 trash)" in said
    assert ("such as warnings of the old site" in said) == (data[:3] in {b"<br", b"PHP"})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 and then nothing", "damaged"),
        (gzip.compress(HARBOUR)[:500], "damaged"),
        (zipped(**{"a.txt": b"x"}).replace(b".xml", b".txt"), "no .xml file"),
        ("without end", "without end"),
    ],
)
@pytest.mark.django_db
def test_an_archive_that_cannot_be_read_is_refused_in_words(tmp_path, data, why, monkeypatch):
    if data == "without end":  # Made here, since whoever only collects the tests need not wait for it.
        data = gzip.compress(bytes(150 * 1024 * 1024), compresslevel=1)
    monkeypatch.setattr(unpacking, "MOST_GROWTH", 2)
    (tmp_path / "export").write_bytes(data)

    with pytest.raises(CommandError, match=f"{why}.*Nothing was imported"):
        import_site(tmp_path / "export")
