"""Moderation in figures, for moderators and for everybody, with hostile reasons, names, codes and headlines in them."""

from __future__ import annotations

import csv
import datetime as dt
import io

from django.test import Client
from django.utils import timezone

from articles.models.article import Article
from comments.models import ArticleSettings, Comment, Decision, MonthlyStats, RefusalReason
from comments.objections.transparency import monthly_stats
from newsreader.accounts.models import User
from tests.attack.desk_cards import LONG_AGO, line
from tests.attack.lists import Attack
from tests.attack.planting import Planting, signed_in
from tests.attack.stage import Stage
from tests.attack.units import LINK, Document, one_by_one, read
from tests.factories import make_article, make_comment, make_moderator

TEN = 10  # rows in a table
MONTH = dt.date(2026, 1, 1)


def counted(stage: Stage, attacks: list[Attack]) -> Planting:
    """Decisions by ten moderators, for ten reasons, under ten articles."""
    if not (comments := list(Comment.objects.order_by("pk")[:TEN])):
        comments = [make_comment() for _ in range(TEN)]
        for at in range(TEN):
            RefusalReason.objects.create(code=f"counted-{at}", label="Calm")
            User.objects.create(username=f"counted{at}")
        ArticleSettings.objects.create(article=make_article(), surge=1)
    Decision.objects.all().update(created_at=LONG_AGO)
    Comment.objects.update(created_at=LONG_AGO)
    numbers, planting = monthly_stats(MONTH), Planting()
    for at, attack in enumerate(attacks):
        text, comment = attack.text, comments[at]
        Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now())
        Article.objects.filter(pk=comment.article_id).update(headline=line(text, 300))
        by = User.objects.get(username=f"counted{at}")
        by.name = line(text, 245)
        by.save(update_fields=["name"])
        RefusalReason.objects.filter(code=f"counted-{at}").update(label=line(text, 100))
        for number, code in enumerate((f"counted-{at}", line(text, 40))):
            last = comment.decisions.last().number + 1  # type: ignore[union-attr]
            reasons = [{"code": code, "params": {}}]
            Decision.objects.create(
                comment=comment,
                number=last,
                by=by if number else None,
                source="" if number else "x",
                after="trash",
                reasons=reasons,
            )
        numbers["decisions"]["people"]["refused_by_reason"][f"counted-{at}"] = at + 1
        numbers["decisions"]["automatic"]["held_by_reason"][text] = at + 1
        numbers["reports"]["received_by_reason"][text] = at + 1
    Article.objects.filter(discussion__surge=1).update(headline=line(attacks[0].text, 300))
    RefusalReason.objects.get(code="counted-0").save()  # The labels that were read are forgotten.
    MonthlyStats.objects.update_or_create(month=MONTH, defaults={"numbers": numbers})
    planting.rows = [(attack, None) for attack in attacks]
    return planting


def _one(
    stage: Stage,
    planting: Planting,
    surface: str,
    html: str,
    words: dict[str, str],
    boxes: dict[str, dict[str, list[str]]],
) -> None:
    pack = [attack for attack, _ in planting.rows]
    one_by_one(stage, surface, [Document(pack, html, words)], boxes, pruned="th, td, .surging")


def desk_figures(stage: Stage, planting: Planting, surface: str) -> None:
    pack = [attack for attack, _ in planting.rows]
    answer = signed_in(make_moderator()).get("/admin/moderation/figures/")
    every = " ".join(f"{line(attack.text, 245)} {line(attack.text, 300)}" for attack in pack)
    boxes = {".bars th": LINK, ".surging": LINK | {"strong": []}}
    _one(stage, planting, surface, read(stage, surface, pack, answer), {".figures": every}, boxes)


def transparency(stage: Stage, planting: Planting, surface: str) -> None:
    pack = [attack for attack, _ in planting.rows]
    every = " ".join(f"{line(attack.text, 100)} {attack.text}" for attack in pack)
    html = read(stage, surface, pack, Client().get("/transparency/"))
    _one(stage, planting, surface, html, {".month": every}, {".figures th": LINK})


def month_for_programs(stage: Stage, planting: Planting, surface: str) -> None:
    """CSV, read back by a parser, and JSON: every name as it was counted, and no cell that a spreadsheet would run."""
    told = Client().get("/transparency/2026-01.json").json()["numbers"]["decisions"]["automatic"]["held_by_reason"]
    lines = list(csv.reader(io.StringIO(Client().get("/transparency/2026-01.csv").content.decode(), newline="")))
    names = {row[1] for row in lines}
    for attack, _ in planting.rows:
        stage.tally.tried(surface, attack.list)
        if attack.text not in told or f"decisions.automatic.held_by_reason.{attack.text}" not in names:
            stage.tally.fault("lost", surface, attack.list, "not as it was counted", attack.text)
    if any(len(row) != 3 or row[1][:1] in "=+-@\t\r" for row in lines):
        stage.tally.fault("broke out", surface, planting.list, f"{[row for row in lines if len(row) != 3][:2]}")
