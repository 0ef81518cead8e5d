"""The desk's cards: a comment with its reports, its appeal, what colleagues say and what was decided, all of it hostile."""

from __future__ import annotations

import copy
import datetime as dt
import re
from itertools import count
from typing import Any

from django.utils import timezone

from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.models import (
    Appeal,
    Comment,
    ConnectionData,
    Decision,
    FilterEntry,
    Label,
    Note,
    Report,
    ReviewLock,
    Revision,
)
from comments.screening.normalise import plain
from newsreader.accounts.models import User
from newsreader.kit.text import tidy, tidy_line, tidy_name
from tests.attack.discussion import as_reply
from tests.attack.lists import Attack
from tests.attack.planting import CALM, STATUS, Planting, approve, posted, signed_in
from tests.attack.stage import WRITTEN, Stage
from tests.attack.units import LINK, Document, Unit, many, one_by_one, read
from tests.factories import make_article, make_editor

CARDS = 45  # on a page of fifty
CELLS = "#result_list tbody th, #result_list tbody td"  # The bar at the side has cells, too.
LONG_AGO = timezone.now() - dt.timedelta(days=400)
MARKED = WRITTEN | {"mark": []}
_number = count(1)
_WORD = re.compile(r"\w{2,}")


def line(text: str, length: int) -> str:
    """Return a text as a field of one line holds it, a calm word where nothing is left."""
    return tidy_line(text)[:length].strip() or CALM[1]


def on_the_desk(stage: Stage, attacks: list[Attack]) -> Planting:
    """Comments in the trash, reported and appealed, each under an article of its own, and the first two calm."""
    Comment.objects.update(flag_count=0, created_at=LONG_AGO)  # Those before lie on the desk no more.
    Appeal.objects.update(outcome=Appeal.Outcome.REJECTED)
    Article.objects.filter(section__slug__startswith="hostile-").update(section=None)
    Section.objects.filter(slug__startswith="hostile-").delete()  # The desk's filters name all that there are.
    article = make_article()
    root = posted(article, CALM[0], CALM[1], "")
    approve(article)
    planting = Planting(article, root=root)
    planting.calm = [posted(article, f"{CALM[0]} {at}", CALM[1], "", root).pk for at in (1, 2)]
    for attack in attacks:
        if comment := as_reply(stage, planting, attack):
            planting.comments[comment.pk] = attack, comment
    said = dict.fromkeys(planting.calm, CALM[1]) | {pk: attack.text for pk, (attack, _) in planting.comments.items()}
    _headlines(article, said)
    _chain(root, list(said))
    moderators = _moderators(list(said.values()))
    for (pk, text), by in zip(said.items(), moderators, strict=True):
        _beside(pk, text, by)
    planting.rows = list(planting.comments.values())
    return planting


def _headlines(article: Article, said: dict[int, str]) -> None:
    """Put each comment under an article whose headline, and whose section's name, is its text."""
    numbers = {pk: next(_number) for pk in said}
    sections = Section.objects.bulk_create(
        Section(name=line(text, 200), slug=f"hostile-{numbers[pk]}") for pk, text in said.items()
    )
    articles = []
    for (pk, text), section in zip(said.items(), sections, strict=True):
        one = copy.copy(article)
        one.pk, one.slug, one.headline, one.section = None, f"hostile-{numbers[pk]}", line(text, 300), section
        articles.append(one)
    for pk, one in zip(said, Article.objects.bulk_create(articles), strict=True):
        Comment.objects.filter(pk=pk).update(article=one)


def _chain(root: Comment, keys: list[int]) -> None:
    """Have each answer the one before, and all be in the trash, reported, from one network."""
    address = f"198.18.{next(_number) % 60_000 // 250}.{next(_number) % 250}"
    for before, pk in zip([root.pk, *keys], keys, strict=False):
        now = {"parent": before, "status": STATUS.TRASH, "flag_count": 1, "website": "", "text_key": ""}
        Comment.objects.filter(pk=pk).update(**now)
    ConnectionData.objects.filter(comment__in=keys).update(address=address)


def _moderators(names: list[str]) -> list[User]:
    users = [User(username=f"hostile{next(_number)}", name=line(name, 245), is_staff=True) for name in names]
    return User.objects.bulk_create(users)


def _beside(pk: int, text: str, by: User) -> None:
    """Write everything that stands beside a comment on its card."""
    words = [line(text, 200), *_WORD.findall(text)[:5], "script", "href", "amp", "lt", "quot"]
    reasons = [
        {"code": "held_words", "params": {"words": words}},
        {"code": "listed_pattern", "params": {"patterns": [line(text, 200)]}},
        {"code": "listed_agent", "params": {"agents": [line(text, 200)]}},
        {"code": "reserved_name", "params": {"name": line(text, 245)}},
        {"code": line(text, 40), "params": {}},
    ]
    Decision.objects.filter(comment=pk, number=1).update(source=line(text, 40))
    last = {"number": 2, "by": by, "before": STATUS.APPROVED, "after": STATUS.TRASH}
    decision = Decision.objects.create(comment_id=pk, reasons=reasons, **last)
    now = timezone.now()
    told = {"reason": "illegal", "detail": tidy(text)[:2_000], "law": line(text, 200), "name": tidy_name(text)[:245]}
    objected = {"objection": tidy(text)[:2_000], "objected_at": now, "kept_at": now, "kept_by": by}
    Report.objects.create(comment_id=pk, reporter=f"r{pk}", good_faith=True, email="x@example.org", **told, **objected)
    Appeal.objects.create(comment_id=pk, decision=decision, text=tidy(text)[:2_000])
    Note.objects.create(comment_id=pk, by=by, text=tidy(text)[:1_000])
    Label.objects.create(comment_id=pk, kind="tip", by=by)
    ReviewLock.objects.create(comment_id=pk, by=by, until=now + dt.timedelta(hours=1))
    Revision.objects.create(comment_id=pk, by=by, body=tidy(text)[:10_000])
    Comment.objects.filter(pk=pk).update(assigned_to=by)
    ConnectionData.objects.filter(comment=pk).update(email=line(text, 254))


_BESIDE = {"li": ["class"], "span": ["class", "dir"], "strong": []}
CARD = {
    ".comment-text": MARKED,
    ".claimed": {},
    ".where": {"a": ["href", "class", "aria-label"], "span": ["class"]},
    ".answers": {"a": ["href"], "span": ["class"]},
    ".reported": {"li": [], "strong": [], "span": ["dir"], "blockquote": ["class", "dir"], "br": []},
    ".entry > .appeal": {"strong": [], "br": []},
    ".why": {"strong": [], "span": ["class"]},
    ".beside": _BESIDE,
    ".who": _BESIDE | LINK,
    ".decisions": {"li": ["value"], "strong": [], "time": ["datetime"]},
}


def cards(stage: Stage, planting: Planting, surface: str) -> None:
    """The views of what is reported and of appeals, in turn: their cards are the same."""
    units = {str(pk): Unit(None) for pk in planting.calm}
    before = CALM[1]
    for pk, (attack, comment) in planting.comments.items():
        text = attack.text
        name, short = line(text, 245), tidy(text) if len(text) <= 300 else ""
        units[str(pk)] = Unit(attack, {
            ".comment-text": comment.body, ".claimed": name, ".where": f"{line(text, 300)} {line(text, 200)}",
            ".answers": before, ".reported": f"{line(text, 200)} {short} {tidy(text)[:2_000]}",
            ".entry > .appeal": tidy(text)[:2_000], ".why": f"{line(text, 200)} {name}",
            ".beside": f"{name} {tidy(text)[:1_000]}", ".who": line(text, 254), ".decisions": f"{line(text, 40)} {name}",
        })  # fmt: skip
        before = comment.name
    view = "appeals" if next(_number) % 2 else "reported"
    many(
        stage, surface, f"/admin/moderation/?status={view}", units, CARD, client=signed_in(make_editor()),
        unit="article[data-comment]", loose=".mark, form.deeds",
    )  # fmt: skip


def alike(stage: Stage, planting: Planting, surface: str) -> None:
    """Everything from the network of a calm one, the newest first."""
    calm, *others = planting.calm
    shown = [*reversed(planting.comments), *others]
    units = {}
    for at, pk in enumerate(shown):
        attack, comment = planting.comments.get(pk, (None, None))
        words = {".comment-text": comment.body, ".entry > p": f"{comment.name} {line(attack.text, 300)}"} if attack and comment else {}  # fmt: skip
        units[str(at)] = Unit(attack, words)
    parts = {".comment-text": MARKED, ".entry > p": LINK | {"strong": [], "bdi": [], "span": ["class"], "time": ["datetime"]}}  # fmt: skip
    path = f"/admin/moderation/{calm}/alike/?by=network&exact=1"
    many(stage, surface, path, units, parts, client=signed_in(make_editor()), unit=".alike-list > li")


def _listed(stage: Stage, planting: Planting, surface: str, model: Any, path: str) -> None:
    of = dict(model.objects.filter(comment__in=[*planting.comments, *planting.calm]).values_list("comment", "pk"))
    model.objects.exclude(pk__in=of.values()).delete()
    units = {str(of[pk]): Unit(None) for pk in planting.calm}
    for pk, (attack, comment) in planting.comments.items():
        units[str(of[pk])] = Unit(attack, {CELLS: f"{comment.name}: {comment.body[:60]}"})
    many(stage, surface, path, units, {CELLS: LINK}, client=signed_in(make_editor()))


def reports(stage: Stage, planting: Planting, surface: str) -> None:
    _listed(stage, planting, surface, Report, "/admin/comments/report/")


def appeals(stage: Stage, planting: Planting, surface: str) -> None:
    _listed(stage, planting, surface, Appeal, "/admin/comments/appeal/")


def rules_backtested(stage: Stage, planting: Planting, surface: str) -> None:
    """What the texts as entries would have found among the texts as comments, and a letter that is in all of them."""
    FilterEntry.objects.all().delete()
    patterns = dict.fromkeys(line(attack.text, 200) for attack, _ in planting.rows)
    made = [FilterEntry(pattern=pattern, match="substring") for pattern in [*patterns, "a", "e"] if plain(pattern)]
    FilterEntry.objects.bulk_create(made, ignore_conflicts=True)
    ids = [str(pk) for pk in FilterEntry.objects.values_list("pk", flat=True)]
    chosen = {"action": "try_on_comments", "_selected_action": ids, "index": "0"}
    answer = signed_in(make_editor(is_superuser=True)).post("/admin/comments/filterentry/", chosen)
    FilterEntry.objects.all().delete()
    pack = [attack for attack, _ in planting.rows]
    found = set(re.findall(r'data-comment="(\d+)"', answer.content.decode()))
    names = " ".join(comment.name for pk, (_, comment) in planting.comments.items() if str(pk) in found)
    document = Document(pack, read(stage, surface, pack, answer), {".backtest": names})
    boxes = {".backtest td": LINK | {"strong": ["class"]}}
    one_by_one(stage, surface, [document], boxes, pruned=".backtest td", loose="p")
