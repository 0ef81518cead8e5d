"""An export in several files is one import: in any order, with what one file says about another, once and as a whole."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from articles.models.article import Article, Redirect
from articles.models.origins import ImportRun
from comments.models import Comment
from comments.posting.importing import Admission
from newsreader.transfer.report import Report
from tests.transfer.test_cut_short import site
from tests.transfer.test_load import rows

HARBOUR = Path(__file__).parent.parent / "samples" / "wordpress" / "harbour.xml"
pytestmark = pytest.mark.django_db


def import_site(*paths: Path, **options: Any) -> dict[str, Any]:
    """Import them after a dry run that has to say the same, and return the report."""
    told = []
    for dry_run in (True, False):
        report = paths[0].parent / "report.json"
        call_command("import_site", "--from", "wordpress", *map(str, paths), report=report, dry_run=dry_run, **options)
        told.append(json.loads(report.read_text()))
    assert told[0] | {"dry_run": False, "import": told[1]["import"]} == told[1]
    return told[1]


def remarks(told: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the files and details of a report's notes, by their codes."""
    groups = told["left_out"] + told["remarks"]
    return {group["code"]: [(item["file"], item["detail"]) for item in group["items"]] for group in groups}


def split(path: Path, folder: Path, number: int, part: Callable[[int, str], int] = lambda n, item: n) -> list[Path]:
    """Write the items of an export to so many files, each with the head; `part` says which has an item."""
    head, *items = re.split(r"(?=<item>)", path.read_text(encoding="utf-8"))
    items[-1], foot = items[-1].split("</channel>", 1)
    names = [folder / f"part{n}.xml" for n in range(number)]
    for n, name in enumerate(names):
        own = "".join(item for m, item in enumerate(items) if part(m, item) % number == n)
        name.write_text(f"{head}{own}</channel>{foot}", encoding="utf-8")
    return names


def whole(path: Path) -> dict[str, Any]:
    """Return the site that an export in one file leaves. It is gone again."""
    with transaction.atomic():
        call_command("import_site", "--from", "wordpress", str(path))
        left = site()
        transaction.set_rollback(True)
    return left


def test_an_export_in_parts_leaves_the_site_that_the_whole_leaves(tmp_path, capsys):
    left, parts = whole(HARBOUR), split(HARBOUR, tmp_path, 3)
    capsys.readouterr()

    told = import_site(*parts)

    assert site() == left
    assert told["files"] == ["part0.xml", "part1.xml", "part2.xml"]
    assert told["file"] == ImportRun.objects.get().file == "part0.xml, part1.xml, part2.xml"
    assert told["came_in"]["comments"]["total"] == 6
    assert remarks(told)["picture"] == [("part1.xml", "attachment")]
    said = capsys.readouterr().out
    assert "articles: 7 (3 draft, 2 published, 1 scheduled, 1 withdrawn)" in said
    assert "pictures, whose files are not part of the export: 1 (1 in part1.xml)" in said
    assert re.search(
        r"whose parent is missing, now top-level comments: 1 \(1 in part\d.xml\)\n    part\d.xml: 22: 404", said
    )


def test_a_second_run_in_another_order_changes_nothing_and_one_undoing_takes_all_out(tmp_path):
    parts = split(HARBOUR, tmp_path, 3)
    import_site(*parts)
    before = rows()

    again = import_site(*reversed(parts))

    assert rows() == before
    assert (again["came_in"], again["import"]) == ({}, None)
    assert again["already_here"] == {"articles and pages": 8, "comments": 6}
    call_command("undo_import", str(ImportRun.objects.get().pk))
    assert not Article.objects.exists()
    assert not Comment.objects.exists()


@pytest.mark.parametrize("name", ["bloggure-en", "mydjangoblog-ne"])
def test_a_real_export_split_by_kind_or_by_date_comes_in_as_the_whole_does(shared, tmp_path, name):
    def by_kind(n: int, item: str) -> int:
        return len(re.findall("<wp:post_type>(?:<!.CDATA.)?(post|page)", item))

    def regardless_of_order(left: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the first named has where two articles want the same: slugs, and where old addresses lead."""
        articles = [row[:2] + row[3:] for row in left["articles"]]
        return left | {"articles": articles, "redirects": [row[:2] for row in left["redirects"]]}

    path = shared / "data" / "wxr" / "real" / f"{name}.xml"
    left = regardless_of_order(whole(path))
    for part, number in ((by_kind, 2), (lambda n, item: n // 20, 4)):
        with transaction.atomic():
            import_site(*reversed(split(path, tmp_path, number, part)))
            assert regardless_of_order(site()) == left
            transaction.set_rollback(True)


HEAD = """<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><link>http://{site}</link><wp:wxr_version>1.2</wp:wxr_version>"""
POST = """<item><title>{title}</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type>
<wp:status>publish</wp:status><wp:post_date_gmt>2024-01-31 12:00:00</wp:post_date_gmt><wp:post_name>one</wp:post_name>
<content:encoded><![CDATA[{text}]]></content:encoded>{comments}</item>"""
PICTURE = """<item><title>A {boat}</title><link>http://paper.example/one/boat/</link><wp:post_id>5</wp:post_id>
<wp:post_type>attachment</wp:post_type><wp:post_parent>1</wp:post_parent>
<wp:attachment_url>http://paper.example/{boat}.jpg</wp:attachment_url></item>
<item><title>Shared</title><wp:post_id>6</wp:post_id><wp:post_type>wp_block</wp:post_type>
<content:encoded><![CDATA[<p>Shared by {boat}.</p>]]></content:encoded></item>"""
COMMENT = """<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_approved>1</wp:comment_approved>
<wp:comment_content>{text}</wp:comment_content><wp:comment_date_gmt>2024-01-31 13:00:00</wp:comment_date_gmt>
<wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


def export(path: Path, *items: str, site: str = "paper.example") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{HEAD.format(site=site)}{''.join(items)}</channel></rss>")
    return path


def post(text: str = "Text.", *comments: tuple[int, str, int], title: str = "One") -> str:
    said = "".join(COMMENT.format(id=id, text=text, parent=parent) for id, text, parent in comments)
    return POST.format(title=title, text=text, comments=said)


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_pictures_and_shared_blocks_of_another_file_are_put_in_their_places(tmp_path, step):
    shown = '[gallery] <!-- wp:block {"ref":6} /-->'
    files = [
        export(tmp_path / "posts.xml", post(shown)),
        export(tmp_path / "media.xml", PICTURE.format(boat="ferry")),
        export(tmp_path / "media-again.xml", PICTURE.format(boat="ferry"), post(shown)),
        export(tmp_path / "other.xml", PICTURE.format(boat="raft"), site="other.example"),
    ]

    told = import_site(*files[::step])

    body = Article.objects.get().body
    assert body.count("http://paper.example/ferry.jpg") == 1
    assert "Shared by ferry." in body
    assert "raft" not in body
    assert not remarks(told).keys() & {"gallery_missing", "block_missing"}
    assert Redirect.objects.filter(path="/one/boat/").exists()


def test_files_of_one_archive_know_of_each_other_too(tmp_path):
    with ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(export(tmp_path / "a.xml", post("[gallery]")), "a.xml")
        archive.write(export(tmp_path / "b.xml", PICTURE.format(boat="ferry")), "b.xml")

    import_site(tmp_path / "export.zip")

    assert "http://paper.example/ferry.jpg" in Article.objects.get().body


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_a_reply_finds_its_parent_in_another_file(tmp_path, step):
    old = export(tmp_path / "old.xml", post("Text.", (20, "First.", 0), (21, "Second.", 22)))
    new = export(tmp_path / "new.xml", post("Text.", (20, "First.", 0), (22, "Third.", 20)))

    told = import_site(*[old, new][::step])

    assert dict(Comment.objects.values_list("origin_id", "parent__origin_id")) == {"20": None, "21": "22", "22": "20"}
    second = [old, new][::step][1].name
    assert told["came_in"]["comments"]["total"] == 3
    assert remarks(told) == {"listed_twice": [(second, "One")], "comment_listed_twice": [(second, "")]}
    again = import_site(*[old, new][::step])
    assert again["already_here"] == {"articles and pages": 1, "comments": 3}
    assert remarks(again) == remarks(told)


def test_of_an_article_in_two_files_the_first_named_is_taken(tmp_path):
    files = [export(tmp_path / f"{title}.xml", post(title=title)) for title in ("Zebra", "Ant")]

    import_site(*files)

    assert Article.objects.get().headline == "Zebra"


def test_the_same_file_given_twice_is_read_once_and_named(tmp_path, capsys):
    first = export(tmp_path / "a" / "export.xml", post("Text.", (20, "First.", 0)))
    second = export(tmp_path / "b" / "export.xml", post("Text.", (20, "First.", 0)))

    told = import_site(first, second, first)

    assert remarks(told) == {"file_given_twice": [(str(second), str(first)), (str(first), str(first))]}
    assert told["came_in"]["comments"]["total"] == 1
    assert "files with the same content as another; read once: 2 (1 in" in capsys.readouterr().out


def test_an_import_of_one_file_goes_on_where_it_was_however_often_the_file_is_given(tmp_path):
    path = export(tmp_path / "one.xml", post("Text.", (20, "First.", 0)))
    import_site(path)
    one = ImportRun.objects.get()
    ImportRun.objects.update(finished_at=None)

    assert import_site(path, path)["import"] == one.pk
    assert ImportRun.objects.get().finished_at


def test_an_import_that_was_cut_short_goes_on_in_any_order(tmp_path, monkeypatch, capsys):
    parts = split(HARBOUR, tmp_path, 3)
    with monkeypatch.context() as patch:
        patch.setattr(Admission, "write", lambda *args: (_ for _ in ()).throw(IntegrityError))
        with pytest.raises(CommandError, match=r"part0\.xml, .*cut short; run it again"):
            call_command("import_site", "--from", "wordpress", *map(str, parts))
    assert not Comment.objects.exists()

    told = import_site(parts[2], parts[0], parts[1])

    assert "was cut short; it goes on" in capsys.readouterr().err
    assert ImportRun.objects.get().pk == told["import"]
    assert told["came_in"]["articles"]["total"] == 7
    assert told["came_in"]["comments"]["total"] == 6


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("broken.xml", b"<rss><channel><item>", "not well-formed"),
        ("feed.xml", b"<rss><channel><title>x</title></channel></rss>", "not a WordPress export"),
        ("item.xml", b"<item/>", "not a WordPress export"),
        ("cut.gz", gzip.compress(HARBOUR.read_bytes())[:500], "damaged"),
        ("none.xml", None, "No such file"),
    ],
)
def test_one_file_that_cannot_be_read_is_named_and_nothing_comes_in(tmp_path, name, content, why, position):
    parts = split(HARBOUR, tmp_path, 2)
    parts.insert(position, tmp_path / name)
    if content is not None:
        parts[position].write_bytes(content)

    with pytest.raises(CommandError, match=f"^{re.escape(str(tmp_path / name))}: .*{why}") as refusal:
        call_command("import_site", "--from", "wordpress", *map(str, parts))

    assert "\n" not in str(refusal.value)
    assert not Article.objects.exists()
    assert not ImportRun.objects.exists()


def test_progress_counts_all_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("newsreader.management.commands.import_site.EVERY", 0)
    parts = split(HARBOUR, tmp_path, 2)
    call_command("import_site", "--from", "wordpress", *map(str, parts))

    shares = [int(share) for share in re.findall(r"^(\d+) % read", capsys.readouterr().err, re.MULTILINE)]
    assert shares == sorted(shares)
    assert shares[0] < 100
    assert shares[-1] == 100


def test_the_names_of_many_files_are_told_briefly():
    report = Report(files=[f"{n}.md" for n in range(9)])
    for name in report.files:
        report.remark("picture", "x", left_out=True, file=name)

    assert ": 9 (1 in 0.md, 1 in 1.md, 1 in 2.md, 1 in 3.md, 1 in 4.md, …)" in report.as_text()
