"""A small export comes in: articles, people, sections, tags, old addresses and every comment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from articles.models.article import Article, Byline, Redirect
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from articles.records import ArticleRecord, NameRecord, Origin
from comments.models import Comment, ConnectionData, Decision
from newsreader.transfer.load import load
from newsreader.transfer.readers import READERS
from newsreader.transfer.report import Report

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)
SAMPLES = Path(__file__).parent.parent / "samples" / "wordpress"
MODELS: list[type[models.Model]] = [
    Site, Section, Tag, Author, Article, Byline, Redirect, Article.tags.through, Comment, ConnectionData, Decision,
]  # fmt: skip


def rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in MODELS]


def bring_in(path: Path, *, dry_run_too: bool = True) -> Report:
    """Import a file, after a dry run that has to say the same."""
    dry, report = Report(), Report()
    with path.open("rb") as file:
        if dry_run_too:
            load(READERS["wordpress"]([file]), dry, dry_run=True)
        load(READERS["wordpress"]([file]), report)
    assert not dry_run_too or dry.as_json() == report.as_json()
    return report


@pytest.fixture
def report() -> Report:
    return bring_in(SAMPLES / "harbour.xml")


def found(number: int) -> Article:
    return Article.objects.get(origin_id=str(number))


def codes(report: Report) -> dict[str, int]:
    return {code: len(items) for left_out in (True, False) for code, items in report.groups(left_out=left_out).items()}


def test_an_article_comes_in_with_all_that_belongs_to_it(report):
    article = found(7)

    assert (article.kind, article.state, article.headline) == ("article", "published", "The ferry & the fog")
    assert (article.origin_site, article.origin_type) == ("harbour.example/paper", "post")
    assert article.body == "<p>The boat waited.<br>\nNobody minded.</p>\n<p>At nine it left.</p>"
    assert article.standfirst == "A late start & a calm sea"
    assert article.published_at == dt.datetime(2024, 1, 31, 23, 30, tzinfo=dt.UTC)
    assert article.get_absolute_url() == "/2024/02/01/the-ferry/"  # The day in Berlin.
    assert article.section.name == "Harbour"
    assert [tag.name for tag in article.tags.order_by("name")] == ["Fog", "Weather"]
    assert [author.name for author in article.authors.all()] == ["Mira Holm"]
    assert not article.takes_comments
    assert article.comment_count == 2


def test_a_picture_on_another_site_comes_in_as_a_link_and_the_report_names_it(client):
    picture = '<img src="https://other.example/a.jpg" alt="A boat">'
    record = ArticleRecord(
        Origin("a", "post", "1"), "article", "Boats", "boats", "published", body=picture, published_at=NOON
    )
    report = Report()
    load([record], report)

    (remark,) = report.groups(left_out=False)["foreign_picture"]
    assert (remark.subject, remark.detail) == ("article 1 Boats", "https://other.example/a.jpg")
    assert "Picture on other.example: A boat</a>" in client.get(Article.objects.get().get_absolute_url()).text


@pytest.mark.parametrize(
    ("number", "state", "slug"),
    [
        (8, "published", "about"),
        (9, "published", "the-ferry-2"),
        (10, "scheduled", "\u0915\u093e"),
        (11, "draft", "half-an-idea"),
        (12, "withdrawn", "taken-back"),
        (13, "draft", "members"),
        (15, "draft", "south-mole"),
    ],
)
def test_each_state_and_slug_becomes_ours(report, number, state, slug):
    assert (found(number).state, found(number).slug) == (state, slug)


def test_times_agree_with_the_states(report):
    assert found(10).scheduled_for.year == 2124
    assert found(10).published_on is None
    assert found(11).published_at is None
    assert found(11).created_at == dt.datetime(2024, 3, 1, 8, tzinfo=dt.UTC)  # Nine o'clock in Berlin.
    assert found(12).published_on == dt.date(2023, 3, 1)


def test_a_page_of_the_block_editor_keeps_its_paragraphs(report):
    assert (found(8).kind, found(8).body) == ("page", "<p>We print\non Fridays.</p>")
    assert found(8).authors.get().name == "unlisted"


def test_pictures_and_menus_stay_out_unless_somebody_said_something_there(report):
    assert not Article.objects.filter(origin_id__in=["14", "16"]).exists()
    assert Comment.objects.get(origin_id="30").article == found(15)


def test_every_comment_comes_in(report):
    assert report.came_in["comments"] == {"approved": 3, "pending": 1, "spam": 1, "trash": 1}
    assert Comment.objects.get(origin_id="21").parent.origin_id == "20"
    ping = Comment.objects.get(origin_id="22")
    assert (ping.kind, ping.body, ping.parent) == ("pingback", "", None)
    assert ping.created_at == found(7).published_at
    assert Comment.objects.get(name="Twice").status == "spam"
    assert Comment.objects.get(name="Shop").status == "trash"


def test_the_report_says_what_is_not_as_it_was(report):
    assert codes(report) == {
        "picture": 1,
        "not_an_article": 1,
        "draft_for_its_comments": 1,
        "with_password": 1,
        "slug_changed": 1,
        "comment_id_replaced": 1,
        "internal_comment": 1,
        "parent_lost": 1,
        "parent_elsewhere": 1,
    }
    assert "comments whose parent is missing, now top-level comments: 1\n    22: 404" in report.as_text()


def test_a_second_run_changes_nothing(report):
    before = rows()

    again = bring_in(SAMPLES / "harbour.xml")

    assert rows() == before
    assert not again.came_in
    assert again.already_here == {"articles and pages": 8, "comments": 6}


def test_an_editors_work_since_is_left_alone(report):
    Article.objects.filter(origin_id="7").update(headline="Mended", state="withdrawn")

    bring_in(SAMPLES / "harbour.xml")

    assert (found(7).headline, found(7).state) == ("Mended", "withdrawn")


@pytest.mark.parametrize("old", ["/paper/2024/01/31/the-ferry/", "/paper/?p=7"])
def test_an_old_address_leads_to_the_article(report, client, old):
    answer = client.get(old)

    assert (answer.status_code, answer.headers["Location"]) == (301, "/2024/02/01/the-ferry/")


PLAIN = """<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<link>http://plain.example</link><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login>anna</wp:author_login><wp:author_display_name>Anna K.</wp:author_display_name></wp:author>
<item><title>Picture</title><link>http://plain.example/2024/01/31/new-name/boat/</link><wp:post_id>5</wp:post_id>
<wp:post_type>attachment</wp:post_type><wp:post_parent>102</wp:post_parent></item>
<item><title>Renamed</title><link>http://plain.example/archive/new-name/</link><dc:creator>anna</dc:creator>
<wp:post_id>102</wp:post_id><wp:post_date_gmt>2024-01-31 12:00:00</wp:post_date_gmt><wp:status>publish</wp:status>
<wp:post_name>new-name</wp:post_name><wp:post_type>post</wp:post_type>
<category domain="category" nicename="news">News</category><category domain="post_tag" nicename="fog">Fog</category>
<wp:postmeta><wp:meta_key>_wp_old_slug</wp:meta_key><wp:meta_value>old-name</wp:meta_value></wp:postmeta></item>
<item><title>About</title><link>http://plain.example/about/</link><wp:post_id>7</wp:post_id><wp:status>publish</wp:status>
<wp:post_date_gmt>2024-01-31 12:00:00</wp:post_date_gmt><wp:post_name>about</wp:post_name>
<wp:post_type>page</wp:post_type></item>
<item><title>Secret</title><link>http://plain.example/?p=9</link><wp:post_id>9</wp:post_id><wp:status>draft</wp:status>
<wp:post_name>secret</wp:post_name><wp:post_type>post</wp:post_type>
<category domain="category" nicename="secrets">Secrets</category></item>
</channel></rss>"""
NEW = "/2024/01/31/new-name/"


def test_every_address_of_the_old_site_leads_to_where_it_is_now(client, tmp_path, subtests):
    (tmp_path / "plain.xml").write_text(PLAIN)
    bring_in(tmp_path / "plain.xml")

    for old, new in {
        "/?p=102": NEW,
        "/?p=102&preview=true": NEW,
        "/?p=102&feed=rss2": f"{NEW}feed/",
        "/?page_id=7": "/pages/about/",
        "/?p=7": "/pages/about/",
        "/?attachment_id=5": NEW,
        "/2024/01/31/new-name/boat/": NEW,
        "/?feed=rss2": "/feed/",
        "/?feed=atom": "/feed/atom/",
        "/?feed=comments-rss2": "/comments/feed/",
        "/feed/rss2/": "/feed/",
        "/archive/new-name/": NEW,
        "/archive/new-name": NEW,
        "/archive/new-name/?replytocom=3": NEW,
        "/archive/new-name/feed/": f"{NEW}feed/",
        "/archive/new-name/feed/atom/": f"{NEW}feed/atom/",
        "/archive/new-name/amp/": NEW,
        "/archive/new-name/comment-page-2/": NEW,
        "/archive/new-name/2/": NEW,
        "/archive/old-name/": NEW,
        "/archive/old-name/amp": NEW,
        "/category/news/": "/sections/news/",
        "/category/parent/news/page/2/": "/sections/news/",
        "/category/news/feed/": "/sections/news/feed/",
        "/tag/fog": "/tags/fog/",
        "/?tag=fog": "/tags/fog/",
        "/author/anna/": "/authors/anna-k/",
        "/?author_name=anna": "/authors/anna-k/",
        "/about": "/pages/about/",
        "/about/": "/pages/about/",
    }.items():
        with subtests.test(old):
            answer = client.get(old)
            assert (answer.status_code, answer.headers.get("Location")) == (301, new)
            assert client.get(new).status_code == 200

    for nothing in ("/archive/secret/", "/category/secrets/", "/tag/none/", "/author/nobody/", "/amp/", "/archive/2/"):
        with subtests.test(nothing):
            assert client.get(nothing).status_code == 404
    assert client.get("/?p=9").status_code == 200  # The front page, as for any number.


def test_the_same_ids_of_another_site_are_other_articles(report, tmp_path):
    other = tmp_path / "other.xml"
    other.write_text((SAMPLES / "harbour.xml").read_text().replace("harbour.example", "lake.example"))

    bring_in(other)

    assert Article.objects.filter(origin_id="7").count() == 2
    assert Comment.objects.filter(origin_id="21").count() == 2
    assert Author.objects.filter(name="Mira Holm").count() == 2
    assert Section.objects.filter(name="Harbour").count() == 1


@pytest.mark.parametrize(
    ("head", "site"),
    [
        (
            "<wp:base_blog_url>https://a.example/paper/</wp:base_blog_url><link>https://b.example</link>",
            "a.example/paper",
        ),
        ("<link>https://b.example</link><wp:base_site_url>https://c.example</wp:base_site_url>", "b.example"),
        ("<wp:base_site_url>https://c.example</wp:base_site_url><title>The Paper</title>", "c.example"),
        ("<link> </link><title>The  Paper</title>", "The Paper"),
    ],
)
def test_a_site_is_known_by_the_first_address_that_its_file_tells(tmp_path, head, site):
    path = tmp_path / "site.xml"
    path.write_text(
        f'<rss xmlns:wp="http://wordpress.org/export/1.0/"><channel>{head}'
        "<item><title>T</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type></item></channel></rss>"
    )

    bring_in(path)

    assert Article.objects.get().origin_site == site


def test_an_item_listed_twice_keeps_the_comments_of_both(tmp_path):
    def item(number: int, parent: int) -> str:
        return (
            "<item><title>T</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><wp:status>draft</wp:status>"
            f"<wp:comment><wp:comment_id>{number}</wp:comment_id><wp:comment_parent>{parent}</wp:comment_parent></wp:comment></item>"
        )

    path = tmp_path / "twice.xml"
    path.write_text(
        '<rss xmlns:wp="http://wordpress.org/export/1.0/"><channel><link>https://a.example</link>'
        f"{item(1, 2)}{item(2, 0)}</channel></rss>"
    )

    report = bring_in(path)

    assert codes(report) == {"listed_twice": 1, "comment_without_date": 2}
    assert Comment.objects.get(origin_id="1").parent == Comment.objects.get(origin_id="2")


def test_what_does_not_fit_is_cut_and_reported():
    report = Report()
    record = ArticleRecord(
        origin=Origin.of("s" * 300, "post", "i" * 300),
        kind="page",
        headline="H" * 400,
        slug="",
        state="draft",
        section=NameRecord(Origin.of("s", "category", "x"), "N" * 300),
    )

    load([record], report)

    article = Article.objects.get()
    assert (len(article.headline), len(article.slug), len(article.origin_id)) == (300, 200, 200)
    assert codes(report) == {"headline_cut": 1, "name_shortened": 1}


def test_tags_are_told_apart_by_their_names_and_a_second_run_changes_nothing():
    here = Tag.objects.create(name="C", slug="c")
    names = [("C++", "c"), ("C", "c-2"), ("C#", ""), ("\u200b", "unseen")]
    tags = tuple(NameRecord(Origin("old.example", "tag", str(at)), *pair) for at, pair in enumerate(names))
    record = ArticleRecord(Origin("old.example", "post", "1"), "article", "Languages", "languages", "draft", tags=tags)

    reports = [Report(), Report()]
    for report in reports:
        load([record], report)

    article = Article.objects.get()
    assert set(article.tags.values_list("name", flat=True)) == {"C", "C++", "C#"}
    assert here in article.tags.all()
    assert codes(reports[0])["tag_without_name"] == 1
    assert Tag.objects.count() == 3


def test_a_dry_run_counts_what_several_batches_would_share(tmp_path, monkeypatch):
    monkeypatch.setattr("newsreader.transfer.load.BATCH", 1)
    monkeypatch.setattr("comments.posting.importing.BATCH", 1)

    report = bring_in(SAMPLES / "harbour.xml")

    assert codes(report)["slug_changed"] == 1  # The other article of that day is in another batch.
    assert codes(report)["parent_elsewhere"] == 1
    assert report.came_in["comments"].total() == 6


def test_only_an_items_own_comments_are_comments(tmp_path):
    space = 'xmlns:wp="http://wordpress.org/export/1.2/"'
    said = "<wp:comment><wp:comment_id>{}</wp:comment_id><wp:comment_content>Yes</wp:comment_content></wp:comment>"
    item = "<item><title>T</title><wp:post_id>{}</wp:post_id><wp:post_type>post</wp:post_type>{}</item>"
    (tmp_path / "odd.xml").write_text(
        f"<rss {space}><channel><link>http://odd.example</link><comment>No</comment>{said.format(9)}"
        f"{item.format(1, said.format(1) + '<x>' + said.format(8) + '</x><comment>No</comment>')}"
        f"{item.format(2, '')}{item.format(3, said.format(3) + said.format(4))}</channel></rss>"
    )

    bring_in(tmp_path / "odd.xml")

    assert Article.objects.count() == 3
    found = Comment.objects.order_by("origin_id").values_list("origin_id", "article__origin_id")
    assert list(found) == [("1", "1"), ("3", "3"), ("4", "3")]
