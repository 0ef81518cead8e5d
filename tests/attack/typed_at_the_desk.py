"""What moderators type and see again: searches and filters of the desk, entries and bans that are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.models import ArticleSettings, FilterEntry
from newsreader.kit.text import tidy_line
from tests.attack.desk_cards import line
from tests.attack.lists import Attack
from tests.attack.planting import Planting, packs, signed_in
from tests.attack.stage import Stage
from tests.attack.units import Document, one_by_one, read
from tests.factories import make_article, make_comment, make_editor

_MATCHES = ["regex", "network", "domain", "word", "agent"]


def sought(stage: Stage, attacks: list[Attack]) -> Planting:
    """Each pack as every filter, as headline of the article they are narrowed to, as name of a section."""
    planting, article = Planting(), make_article()
    make_comment(article, status="pending")
    ArticleSettings.objects.create(article=article, surge=1, surge_facts={"comments": 1})
    section, _ = Section.objects.get_or_create(slug="calm-at-the-desk", defaults={"name": "Calm"})
    moderator = signed_in(make_editor())
    for pack in packs(attacks, 6, 140):
        # No address with NUL in it gets this far (`Limits`), and no browser's form sends one.
        text = " ".join(attack.text for attack in pack).replace("\0", "")[:150]
        Article.objects.filter(pk=article.pk).update(headline=line(text, 300))
        Section.objects.filter(pk=section.pk).update(name=line(text, 200))
        given = dict.fromkeys(["q", "author", "network"], text) | {"reason": text[:30], text[:30]: "x"}
        query = urlencode(given | {"article": article.pk, "language": text[:9]}, errors="surrogatepass")
        answer = moderator.get(f"/admin/moderation/?{query}")
        planting.rows.append((pack[0], (pack, text, read(stage, "desk: sought", pack, answer))))
    return planting


def desk_sought(stage: Stage, planting: Planting, surface: str) -> None:
    def opened() -> Any:
        for _, (pack, text, html) in planting.rows:
            typed = tidy_line(text.strip())[:200]
            fields = dict.fromkeys(
                ["#search input[name=q]", "#search input[name=author]", "#search input[name=network]"], typed
            )
            yield Document(
                pack,
                html,
                fields | dict.fromkeys([".surging", ".chips"], line(text, 300)) | {".filter-fields": line(text, 200)},
            )

    boxes = {
        ".surging": {"strong": [], "a": ["href"], "span": ["class"]},
        ".chips": {"li": [], "a": ["class", "href"], "span": ["class", "aria-hidden"]},
        "select": {"option": ["value", "selected"]},
    }
    one_by_one(
        stage,
        surface,
        opened(),
        boxes,
        pruned="select",
        loose=".errornote, #bulk, .next-cards, .cards > *, .nothing, .pages",
    )


def refused_entries(stage: Stage, attacks: list[Attack]) -> Planting:
    """Entries, and bans, that cannot be: the forms come back with all of it, and say what is wrong with which."""
    planting, editor = Planting(), signed_in(make_editor(is_superuser=True))
    for number, pack in enumerate(packs(attacks)):
        text = "\n".join(attack.text for attack in pack)
        entry = dict.fromkeys(["entries", "examples", "counterexamples", "note"], text) | {
            "match": _MATCHES[number % 5], "action": "hold", "is_active": "on", "article": line(text, 20),
            "ends_at_0": "2001-01-01", "ends_at_1": "00:00",
        }  # fmt: skip
        ban = dict.fromkeys(["email", "network", "note", "identity"], text) | {"ends_at_0": text[:30], "ends_at_1": "x"}
        pages = [
            editor.post(f"/admin/comments/{kind}/add/", typed) for kind, typed in (("filterentry", entry), ("ban", ban))
        ]
        planting.rows.append((pack[0], (pack, text, [read(stage, "rules: refused", pack, page) for page in pages])))
    FilterEntry.objects.all().delete()
    return planting


def rules_refused(stage: Stage, planting: Planting, surface: str) -> None:
    _refused(stage, planting, surface, 0, ["#id_entries", "#id_examples", "#id_counterexamples", "#id_note"])


def bans_refused(stage: Stage, planting: Planting, surface: str) -> None:
    _refused(stage, planting, surface, 1, ["#id_email", "#id_network", "#id_note"])


def _refused(stage: Stage, planting: Planting, surface: str, at: int, fields: list[str]) -> None:
    documents = [Document(pack, pages[at], dict.fromkeys(fields, text)) for _, (pack, text, pages) in planting.rows]
    one_by_one(
        stage, surface, documents, {".errorlist": {"li": []}}, pruned="select, .field-article", loose=".errorlist"
    )
