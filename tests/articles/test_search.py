"""Searching articles, on whichever database this is."""

import datetime as dt
import html
import importlib
import json
import random
from types import SimpleNamespace

import lxml.html
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles import publishing, search, writing
from articles.models.article import Article
from articles.models.taxonomy import Section
from articles.public import search_views
from tests.factories import make_article, make_author, make_editor, make_section, make_tag
from tests.machine import SHARED

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]
ATTACKS = SHARED / "data" / "attacks"


def found(client, **asked):
    """Return the headlines on a page of results, without marks."""
    answer = client.get("/search/", asked)
    assert answer.status_code == 200
    return [link.text_content() for link in lxml.html.fromstring(answer.text).xpath("//h2[@class='hit-headline']/a")]


def over_rest(client, **asked):
    return [row["headline"] for row in client.get("/api/v1/articles/", asked).json()["results"]]


@pytest.mark.parametrize(
    "query",
    [
        "harbour", "HARBOUR", "ｈａｒｂｏｕｒ", "harbour wall", "wall harbour", "“harbour”", "harbour!", '"harbour wall"',
        "naïve", "naive", "repair", "Åsa", "asa berg", "breakwaters", "  harbour  ", "town", "C++ harbour",
    ],
)  # fmt: skip
def test_an_article_is_found_by_its_words(client, query):
    author, tag = make_author(name="Åsa Berg"), make_tag("breakwaters")
    article = make_article(
        headline="The harbour wall",
        standfirst="A naïve repair",
        body="<p>C <b>and</b> more</p>",
        section=make_section("Town"),
    )
    writing.write({"tags": [tag.name], "authors": [author]}, by=make_editor(), article=article)
    make_article(headline="Something else", body="<p>strong</p>")

    assert found(client, q=query) == ["The harbour wall"]
    assert over_rest(client, q=query) == ["The harbour wall"]


@pytest.mark.parametrize(
    "query", ["strong", "href", "harbour ferry", '"wall harbour"', "harb", "", " ", "!!!", '"', "%", "_"]
)
def test_what_is_not_said_is_not_found(client, query):
    make_article(
        headline="The harbour wall", body='<p><strong>Stone</strong> <a href="https://example.org/">here</a></p>'
    )

    assert found(client, q=query) == []
    if query.strip():
        assert over_rest(client, q=query) == []


# Texts of scripts without blanks between words, or with vowel signs: what is found in each, and what is not.
SCRIPTS = {
    "東京都で選挙が行われた。第3回iPhone発売日、カフェ": (
        [
            "選挙",
            "東京都",
            "選",
            "た",
            "選挙が行われ",
            "選挙 東京",
            '"選挙が"',
            "第3回",
            "iphone発売",
            "ｶﾌｪ",
            "で選",
            "都",
        ],
        ["挙選", "京東", "東都", "選挙た", "第4回", "発売iphone", "て選", "で選 東西"],
    ),
    "北京市長說：「選舉」𠮷野家": (["北京", "選舉", "市長說", "𠮷野", "舉"], ["長市", "選挙", "說選"]),
    "선거가 열렸다": (["선거", "선거가", "열렸", "거", '"선거가 열렸"'], ["거선", "선가"]),
    "การเลือกตั้งทั่วไปปีนี้ที่กรุงเทพฯ": (["เลือกตั้ง", "เลือกตั้งทั่วไป", "ปี", "กรุงเทพ", "นี้"], ["ปู", "ตั้งเลือก", "กำ"]),
    "ການເລືອກຕັ້ງ ကောက်ပွဲ ការបោះឆ្នោត": (["ເລືອກຕັ້ງ", "ပွဲ", "ឆ្នោត"], ["ຕັ້ງເລືອກ", "ပဲွ"]),
    "हिन्दी में चुनाव, বাংলা নির্বাচন": (["चुनाव", "हिन्दी", "নির্বাচন", "हिन्दी चुनाव"], ["चनव", "हिन्द", "चु", "हिनदी"]),
}


@pytest.mark.parametrize("text", SCRIPTS, ids=lambda text: text[:6])
@pytest.mark.parametrize("place", ["headline", "body"])
def test_words_are_found_in_every_script(text, place):
    article = make_article(**{place: text})
    make_article(headline="Ferry", body="<p>Another article</p>")

    for asked, ids in zip(SCRIPTS[text], ([article.pk], []), strict=True):
        for query in asked:
            assert search.best(query) == ids, query


def test_letters_inside_a_run_are_marked_and_the_excerpt_is_about_them():
    article = make_article(
        headline="ｶﾌｪで選挙", standfirst="", body=f"<p>{'長い前置きが続く。' * 60}選<b>挙</b>が{'行われた。' * 60}</p>"
    )

    (hit,) = search.hits([article], "選挙 カフェ")

    assert hit.headline == "<mark>ｶﾌｪ</mark>で<mark>選挙</mark>"
    assert "く。<mark>選挙</mark>が行われた。" in hit.excerpt
    assert 200 < len(hit.excerpt) < 300
    (thai,) = search.hits([make_article(headline="การเลือกตั้งทั่วไป")], "ตั้ง")
    assert thai.headline == "การเลือก<mark>ตั้ง</mark>ทั่วไป"


def test_a_very_long_article_without_blanks_is_indexed():
    """No vector of PostgreSQL is longer than a megabyte."""
    chance = random.Random(7)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(290_000))
    article = make_article(body=f"<p>選挙{text}</p>")

    assert search.newest(Article.objects.all(), "選挙") == [article.pk]


def test_what_was_indexed_before_is_indexed_again_by_the_migration():
    article = make_article(headline="東京都で選挙が行われた。")
    make_article(state="draft", headline="選挙")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE articles_search SET " + {"sqlite": "headline = ''", "postgresql": "words = ''"}[connection.vendor]
        )
    assert search.newest(Article.objects.all(), "選挙") == []

    migration = importlib.import_module("articles.migrations.0009_split_words")
    migration.fill(apps, SimpleNamespace(connection=connection))

    assert search.newest(Article.objects.all(), "選挙") == [article.pk]


def test_what_readers_do_not_see_is_not_found(client):
    for state in ("draft", "scheduled", "withdrawn"):
        make_article(state=state, headline="The harbour")
    make_article(kind="page", headline="The harbour page")
    shown = make_article(headline="The harbour wall")

    assert found(client, q="harbour") == over_rest(client, q="harbour") == ["The harbour wall"]
    publishing.withdraw(shown.pk)
    assert found(client, q="harbour") == []


def test_new_words_are_found_and_old_ones_are_not(client):
    article = make_article(headline="The harbour wall")

    writing.write({"headline": "The lighthouse", "html": "", "body": "<p>Tower</p>"}, by=make_editor(), article=article)

    assert found(client, q="harbour") == []
    assert found(client, q="lighthouse tower") == ["The lighthouse"]


def test_a_headline_counts_more_than_the_text_and_the_newest_first_is_a_choice(client):
    filler = "<p>" + "words about other things entirely " * 40 + "harbour</p>"
    for n in range(3):
        make_article(headline=f"Other {n}", body=filler, at=timezone.now() - dt.timedelta(minutes=n + 1))
    make_article(headline="Harbour", at=timezone.now() - dt.timedelta(days=300))

    assert found(client, q="harbour")[0] == "Harbour"
    assert found(client, q="harbour", sort="newest") == ["Other 0", "Other 1", "Other 2", "Harbour"]


def test_section_and_days_narrow_it(client):
    town, culture = make_section(), make_section()
    make_article(headline="Old", section=town, at=dt.datetime(2020, 5, 1, 12, tzinfo=dt.UTC), body="<p>harbour</p>")
    make_article(headline="Mid", section=town, at=dt.datetime(2021, 5, 1, 12, tzinfo=dt.UTC), body="<p>harbour</p>")
    make_article(headline="New", section=culture, at=dt.datetime(2022, 5, 1, 12, tzinfo=dt.UTC), body="<p>harbour</p>")

    assert sorted(found(client, q="harbour", section=town.slug)) == ["Mid", "Old"]
    assert sorted(found(client, q="harbour", since="2021-05-01")) == ["Mid", "New"]
    assert sorted(found(client, q="harbour", until="2021-05-01")) == ["Mid", "Old"]
    assert found(client, q="harbour", since="2021-01-01", until="2021-12-31", section=town.slug) == ["Mid"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("section", "nothing"), ("since", "yesterday"), ("until", "2026-02-31"), ("sort", "x"), ("q", "a" * 301)],
)
def test_what_makes_no_sense_is_said_with_everything_typed(client, name, value):
    answer = client.get("/search/", {"q": "harbour", name: value})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "data-code=" in page
    assert 'value="harbour"' in page or name == "q"


def test_words_are_marked_in_headline_and_text_and_nothing_else_is_markup(client):
    make_article(headline="<b>Harbour</b> & walls", body="<p>" + "before " * 60 + "the harbours &lt;i&gt; of old.</p>")

    page = client.get("/search/", {"q": "harbour"}).content.decode()

    assert "&lt;b&gt;<mark>Harbour</mark>&lt;/b&gt; &amp; walls" in page
    assert "the <mark>harbours</mark> &lt;i&gt; of old." in page
    assert "… before" in page


def test_many_results_come_in_pages(client):
    for n in range(23):
        make_article(headline=f"Harbour {n:02}", at=timezone.now() - dt.timedelta(minutes=n))
    first = client.get("/search/", {"q": "harbour", "sort": "newest"})

    assert first.text.count('class="hit"') == 20
    assert "23 results for “harbour”" in first.content.decode()
    assert "?q=harbour&amp;sort=newest&amp;page=2" in first.content.decode()
    assert found(client, q="harbour", sort="newest", page="2") == ["Harbour 20", "Harbour 21", "Harbour 22"]
    assert client.get("/search/", {"q": "harbour", "page": "3"}).status_code == 404


@pytest.mark.parametrize("many", [1, 12])
def test_a_page_of_results_asks_as_much_however_many_it_shows(client, django_assert_num_queries, many):
    for _ in range(many):
        make_article(headline="Harbour", authors=[make_author()], section=make_section())
    client.get("/")

    # The paper, its menu, sections and pages; ids, whether there are more, ranks, rows; the sections to choose from.
    # PostgreSQL is asked instead how many it expects; where these are few, it finds all of them at once, with ranks.
    with django_assert_num_queries(8 if connection.vendor == "postgresql" else 9):
        assert len(found(client, q="harbour")) == many


def test_the_newest_are_found_first_in_whatever_order_they_came(client, monkeypatch):
    """An archive that comes in later does not stand before the news, and what else is asked is looked for on."""
    monkeypatch.setattr(search, "AMONG", (2, 4, None))
    day = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    town, far = make_section("Town"), make_section("Far")
    for number in (3, 1, 5, 2, 4):
        article = make_article(headline=f"Harbour {number}", section=far if number == 1 else town)
        Article.objects.filter(pk=article.pk).update(published_at=day + dt.timedelta(days=number))
    search.renew()

    assert search.newest(Article.objects.all(), "harbour", 2) == ids_of("Harbour 5", "Harbour 4")
    assert search.newest(Article.objects.filter(section=far), "harbour", 2) == ids_of("Harbour 1")
    assert found(client, q="harbour", sort="newest") == [f"Harbour {number}" for number in (5, 4, 3, 2, 1)]
    assert found(client, q="harbour", sort="newest", until="2026-05-03") == ["Harbour 2", "Harbour 1"]
    assert over_rest(client, q="harbour", published_after="2026-05-05T00:00:00Z") == ["Harbour 5", "Harbour 4"]
    for since, until in (("9999-12-30", ""), ("", "0002-01-01"), ("9998-01-01", "9998-01-01")):
        assert found(client, q="harbour", since=since, until=until) == []


def test_an_article_whose_time_moves_is_in_the_index_once():
    article = make_article(headline="Harbour")
    for year in (2024, 2020, 2026):
        Article.objects.filter(pk=article.pk).update(published_at=dt.datetime(year, 1, 1, tzinfo=dt.UTC))
        search.note([article.pk])

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM articles_search")
        assert cursor.fetchone() == (1,)
    assert search.newest(Article.objects.all(), "harbour") == [article.pk]


def ids_of(*headlines):
    return [Article.objects.get(headline=headline).pk for headline in headlines]


def test_the_page_is_public_and_each_question_has_its_own(client):
    make_article(headline="Harbour")
    make_article(headline="Lighthouse")
    first, second = client.get("/search/", {"q": "harbour"}), client.get("/search/", {"q": "lighthouse"})

    assert first["ETag"] != second["ETag"]
    assert first["Cache-Control"] == "public, max-age=0, s-maxage=1"
    assert client.get("/search/", {"q": "harbour"}, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert 'name="robots" content="noindex' in client.get("/search/").content.decode()


def test_the_index_is_made_anew_by_a_command(client, capsys):
    make_article(headline="Harbour")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM articles_search")
    assert found(client, q="harbour") == []

    call_command("reindex_articles")

    assert capsys.readouterr().out == "1 articles are in the index.\n"
    assert found(client, q="harbour") == ["Harbour"]


HOSTILE = [
    '"', "''", "* NEAR(a b)", "headline: x", "{a b} : c", "a AND OR NOT", "^a", "a -b", "(((", "a:*", "a & | ! b", "\\", "<->",
    "'; DROP TABLE articles_article; --", "\x00", "a" * 5000, '"' * 500, "\ud800", "ﬀ", "़", "🏴", "\u202e", "a\x00b", "%s %(x)s {}",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_an_error(query):
    make_article(headline="Harbour a b")

    search.hits(search.rows(search.best(query)), query)


@pytest.mark.skipif(not ATTACKS.exists(), reason="the shared attack lists are absent")
def test_no_line_of_the_attack_lists_is_an_error(client):
    make_article(headline="Harbour <script>alert(1)</script>")
    lines = (ATTACKS / "own" / "unicode.dev.jsonl").read_text().splitlines()
    texts = [value for line in lines for value in json.loads(line).values() if isinstance(value, str)]

    for text in texts[:300]:
        assert client.get("/search/", {"q": text.encode("utf-8", "replace").decode()[:300]}).status_code in {200, 400}
    assert len(texts) > 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_any_text_may_be_looked_for(query):
    search.hits(search.rows(search.best(query)), query)


@given(text=st.text(max_size=200), words=st.text(max_size=20))
def test_marking_loses_nothing_and_lets_no_markup_in(text, words):
    marked = search._Marker(search.parts(words))(text)

    assert html.unescape(marked.replace("<mark>", "").replace("</mark>", "")) == html.unescape(html.escape(text))
    assert "<" not in marked.replace("<mark>", "").replace("</mark>", "")


WORDY = st.text(alphabet="ferryFERRYéÉåøßſİıǰσςΣ_-’“ ²ªⓐ™ﬀ\u00ad\u0301\0学校한", max_size=60)


@given(
    text=WORDY | st.text(max_size=80),
    words=st.sampled_from(["ferry", "Férry ery", "øß", "学校 ferr", '"a ferry"']) | WORDY,
)
def test_looking_for_beginnings_finds_the_words_that_looking_at_each_word_finds(text, words):
    marker = search._Marker(search.parts(words))

    assert list(marker.places(text)) == list(marker._places_by_word(text))


def test_a_result_that_is_kept_shows_each_change():
    section = make_section("Town")
    article = make_article(headline="The harbour", standfirst="A", body="<p>In the harbour.</p>", section=section)

    def shown(query="harbour"):
        return search_views._written(search.rows([article.pk]), query)

    def written_anew():
        return search_views._hit(search.hits([Article.objects.get(pk=article.pk)], "harbour")[0], dt.UTC, "en-gb")

    with override_settings(TIME_ZONE="UTC", LANGUAGE_CODE="en-gb"), translation.override("en-gb"):
        assert "The <mark>harbour</mark></a></h2>" in shown()
        changes = {"headline": "Harbours", "standfirst": "Two harbours", "body": "<p>A new harbour.</p>", "slug": "new"}
        changes |= {"published_at": timezone.now() - dt.timedelta(days=9), "published_on": dt.date(2020, 1, 2)}
        for name, value in (changes | {"section": None}).items():
            before = shown()
            Article.objects.filter(pk=article.pk).update(**{name: value})
            assert before != shown() == written_anew()
        Article.objects.filter(pk=article.pk).update(section=section)
        for name in ("name", "slug"):
            before = shown()
            Section.objects.update(**{name: "city"})
            assert before != shown() == written_anew()
        assert "A <mark>new</mark> harbour" in shown("new")
        assert "<mark>Harbours</mark>" not in shown("new")


def test_the_best_matches_come_first_and_of_equal_ones_the_newest():
    now, rest = timezone.now(), {"standfirst": "", "body": "<p>It was late.</p>"}
    once_in_text = {"body": "<p>The harbour.</p>"}
    older, newer, most = (
        make_article(**{"headline": "A quay", **rest, **more}, at=now - dt.timedelta(days=days))
        for more, days in ((once_in_text, 3), (once_in_text, 2), ({"headline": "A harbour"}, 5))
    )
    make_article(state="draft", headline="A harbour", **rest)

    assert search.best("harbour") == [most.pk, newer.pk, older.pk]
    assert search.newest_published("harbour") == [newer.pk, older.pk, most.pk]
    assert search.best("harbour", None, search.Span(now - dt.timedelta(days=4))) == [newer.pk, older.pk]


def test_an_article_from_before_1970_is_found_too():
    long_ago = dt.datetime(1965, 5, 1, tzinfo=dt.UTC)
    old, new = make_article(headline="Harbour", at=long_ago), make_article(headline="Harbour")
    between = search.Span(long_ago - dt.timedelta(days=1), long_ago + dt.timedelta(days=1))

    assert search.newest_published("harbour") == [new.pk, old.pk]
    assert search.newest_published("harbour", None, between) == [old.pk]
    assert search.newest_published("harbour", None, search.Span(until=long_ago)) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="FTS5 keeps texts in its own way.")
def test_the_words_of_articles_stand_in_the_rows_of_the_index_also_of_one_from_before():
    def beside():
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'articles_search'")
            cursor.execute(f"SELECT count(*) FROM {cursor.fetchone()[0]}")
            return cursor.fetchone()[0]

    move = importlib.import_module("articles.migrations.0016_search_words_in_rows").move
    connection.check_constraints()  # As at the end of a transaction: PostgreSQL alters no table before.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE articles_search RESET (toast_tuple_target)")
    articles = [make_article(body=f"<p>{' '.join(f'w{n}x{pk}' for n in range(400))}</p>") for pk in range(3)]
    assert beside() > 0
    found = [search.best(f"w7x{pk}") for pk in range(3)]

    for _ in range(2):
        move(apps, SimpleNamespace(connection=connection))
        assert beside() == 0
        assert [search.best(f"w7x{pk}") for pk in range(3)] == found == [[article.pk] for article in articles]
    search.renew()
    search.ENGINES["postgresql"].create()
    search.renew()
    assert beside() == 0
