"""What editors write: articles whose every word is an attack, their lists, their pages in the admin, REST."""

from __future__ import annotations

from django.urls import reverse

from articles.formatting import sanitise
from articles.models.article import Byline, SourceAttribution
from articles.models.pictures import Picture
from articles.models.taxonomy import Author
from comments.drafts import is_website
from newsreader.kit.text import tidy_line
from tests.attack.lists import Attack
from tests.attack.planting import Planting, first_difference, packs, read_html, signed_in
from tests.attack.stage import EDITED, Stage, batches, missing, parsed
from tests.factories import make_article, make_editor, make_section, make_tag


def words(stage: Stage, attacks: list[Attack]) -> Planting:
    """Articles whose every word is a text: headline, body, names around it, picture. A dozen of texts an article."""
    planting = Planting()
    for pack in batches(attacks, 12):
        turn = [attack.text for attack in pack] * 12
        line = [tidy_line(text) or "–" for text in turn]
        section = make_section(line[0][:200])
        picture = Picture.objects.create(
            file="pictures/a.png", width=4, height=3, alternative_text=turn[1], caption=turn[2], credit=turn[3][:300]
        )
        article = make_article(
            headline=line[4][:300], standfirst=turn[5], section=section, lead_picture=picture,
            body="".join(f'<div data-attack="{at}">{sanitise(text)}</div>' for at, text in enumerate(turn[: len(pack)])),
        )  # fmt: skip
        for at in (6, 7):
            row = Author.objects.create(name=line[at][:245], slug=f"a-{article.pk}-{at}", biography=turn[at])
            Byline.objects.create(article=article, author=row, position=at)
        article.tags.add(*(make_tag(name[:200]) for name in line[8:11]))
        address = turn[11][:1000] if is_website(turn[11]) else ""
        SourceAttribution.objects.create(article=article, name=line[10][:200], url=address)
        planting.rows.append((pack[0], (pack, article, turn, line)))
    return planting


_OURS = {"a": ["href", "rel", "class", "dir"]}  # the only element of ours in what holds their words
_EDITED = {
    ".article-text": EDITED,
    "h1, h2, .standfirst, .teaser-standfirst, figcaption .credit, .tags li": _OURS,
}


def article_words(stage: Stage, planting: Planting, surface: str) -> None:
    usual: set[str] = set()
    texts = ["h1", ".standfirst", ".kicker", ".byline", ".tags", ".credit", "title", "meta[name=description]"]
    for some in batches(planting.rows, 20):
        answers = [stage.client.get(article.get_absolute_url()) for _, (_, article, _, _) in some]
        seen = stage.frames(
            [answer.content.decode() for answer in answers], _EDITED,
            pruned=".article-text, script, .menu, .sources", texts=texts, loose=".closed", pictured=True,
        )  # fmt: skip
        for (attack, (pack, article, turn, line)), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            usual = usual or {one.bones}
            if one.bones not in usual:
                bones = first_difference(next(iter(usual)), one.bones)
                stage.tally.fault("broke out", surface, attack.list, bones, article.headline)
            wanted = [line[4], turn[5], line[0], line[6], line[8], turn[3][:300], line[4], turn[5]]
            for selector, typed_, shown in zip(texts, wanted, one.texts, strict=False):
                if gone := missing(typed_[:200].rpartition(" ")[0], shown):
                    stage.tally.fault("lost", surface, attack.list, f"{selector} without {gone[:5]}", typed_)
            for kind, what, where in one.faults:
                text = turn[int(where)] if where.isdigit() else attack.text
                stage.tally.fault(kind, surface, attack.list, what, text)


def lists_of_articles(stage: Stage, planting: Planting, surface: str) -> None:
    """Front page, a section, a tag, an author: hundreds of headlines; and the editors' lists of them."""
    editor = signed_in(make_editor(is_superuser=True))
    articles = [article for _, (_, article, _, _) in planting.rows]
    paths = [(stage.client, "/")]
    for article in articles[:: max(1, len(articles) // 5)]:
        paths += [(stage.client, article.section.get_absolute_url())]
        paths += [(stage.client, byline.author.get_absolute_url()) for byline in article.bylines.all()]
        paths += [(stage.client, tag.get_absolute_url()) for tag in article.tags.all()]
        paths += [(editor, f"/admin/articles/article/{article.pk}/change/")]
    paths += [
        (editor, reverse(f"admin:articles_{name}_changelist"))
        for name in ("article", "section", "tag", "author", "picture")
    ]
    for some in batches(paths, 10):
        documents = [client.get(path).content.decode() for client, path in some]
        for one in stage.frames(
            documents,
            {"h1, h2": _OURS | {"span": ["class", "data-when"]}},
            pruned="script, .writing-look",
            texts=[],
            pictured=True,
        ):
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, planting.list, what)
    for _, (pack, _, _, _) in planting.rows:
        for each in pack:
            stage.tally.tried(surface, each.list)


def api_articles(stage: Stage, planting: Planting, surface: str) -> None:
    for attack, (pack, article, turn, line) in planting.rows:
        body = parsed(stage.client.get(f"/api/v1/articles/{article.pk}/"))
        for each in pack:
            stage.tally.tried(surface, each.list)
        if (body["headline"], body["standfirst"], body["section"]["name"]) != (line[4][:300], turn[5], line[0][:200]):
            stage.tally.fault("lost", surface, attack.list, "not as it was stored", line[4])
        for tag, names in read_html(body["html"]).tags:
            if tag not in EDITED or set(names) - {*EDITED[tag], *EDITED["*"]}:
                stage.tally.fault("broke out", surface, attack.list, f"<{tag}> {names}", article.body)


def saved(stage: Stage, attacks: list[Attack]) -> Planting:
    """Texts as an editor's form sends them, whatever stands in them: forty to an article, and saved twice."""
    editor, planting, section = signed_in(make_editor(is_superuser=True)), Planting(), make_section("Rich")
    for number, pack in enumerate(packs(attacks, 40, 200_000)):
        article = make_article(headline=f"Rich {number}", section=section)
        path = reverse("admin:articles_article_change", args=[article.pk])
        fields = {
            "headline": article.headline, "section": section.pk, "standfirst": "", "takes_comments": "on", "language": "",
            "bylines-TOTAL_FORMS": 0, "bylines-INITIAL_FORMS": 0, "sources-TOTAL_FORMS": 0, "sources-INITIAL_FORMS": 0,
        }  # fmt: skip
        text = "".join(f"<p>Number {at}.</p><div>{attack.text}</div>" for at, attack in enumerate(pack))
        answer = editor.post(path, fields | {"body": text})
        article.refresh_from_db(fields=["body"])
        if answer.status_code != 302:
            stage.tally.fault("error", "rich text", pack[0].list, f"{answer.status_code} to a text", text)
            continue
        first = article.body
        editor.post(path, fields | {"body": first})
        article.refresh_from_db(fields=["body"])
        if article.body != first:
            changed = first_difference(first, article.body)
            stage.tally.fault("lost", "rich text", pack[0].list, f"saved again, it changes: {changed}", text)
        planting.rows.append((pack[0], (pack, article)))
    return planting


def rich_text(stage: Stage, planting: Planting, surface: str) -> None:
    """What was saved, as its readers get it: the allowed elements alone, and the page around them as it always is."""
    usual = ""
    for some in batches(planting.rows, 10):
        answers = [stage.client.get(article.get_absolute_url()) for _, (_, article) in some]
        seen = stage.frames(
            [answer.content.decode() for answer in answers], {".article-text": EDITED},
            pruned=".article-text, script, .reading", texts=[], loose=".closed", pictured=True,
        )  # fmt: skip
        for (attack, (pack, article)), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            usual = usual or one.bones
            if one.bones != usual:
                stage.tally.fault("broke out", surface, attack.list, first_difference(usual, one.bones), article.body)
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, attack.list, what, article.body)


def desk_form(stage: Stage, planting: Planting, surface: str) -> None:
    """The form an editor opens again, and how it looks: with the page's policy off, nothing runs or leaves its box."""
    editor = signed_in(make_editor(is_superuser=True))
    for some in batches(planting.rows, 10):
        documents = []
        for _, (_, article) in some:
            documents += [editor.get(reverse("admin:articles_article_change", args=[article.pk])).content.decode()]
        seen = stage.frames(documents, {}, pruned="script, textarea, .writing-look", texts=["#id_body"], pictured=True)
        for (attack, (pack, article)), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            if one.texts and one.texts[0].strip() != article.body.strip().replace("\r\n", "\n"):
                stage.tally.fault(
                    "lost", surface, attack.list, first_difference(article.body, one.texts[0]), article.body
                )
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, attack.list, what, article.body)
