"""Pages as hundreds of equal units (cards, rows of a list), and pages one by one: what must be true of either.

Each unit stands in its place, looks like the calm one, and every part of it holds what was put there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from tests.attack.lists import Attack
from tests.attack.planting import first_difference
from tests.attack.stage import Stage, batches, missing

LINK, NOTHING = {"a": ["href"]}, dict[str, list[str]]()
ADMIN_ROW = {"th": LINK, "td": {"a": ["href"], "img": ["src", "alt"], "input": ["type", "name", "value", "class", "aria-label"]}}  # fmt: skip


@dataclass
class Unit:
    """What one unit shows of a text: for each part, by its selector, the words that stand in it. Calm: no attack."""

    attack: Attack | None
    words: dict[str, str] = field(default_factory=dict)


@dataclass
class Document:
    """A page of its own with some texts in it."""

    pack: list[Attack]
    html: str
    words: dict[str, str] = field(default_factory=dict)


_UNITS = """([unit, parts, boxes, loose]) => {
    const all = [...document.querySelectorAll(unit)].map((element, at) => ({
        id: element.dataset.comment || /(\\d+)\\/change\\//.exec(element.querySelector("th a")?.getAttribute("href"))?.[1] || String(at),
        bones: window.__bones(element, parts.join(", "), loose),
        texts: parts.map(part => [...element.querySelectorAll(part)].map(one => window.__text(one)).join("\\n")),
        links: [...element.querySelectorAll("a")].map(link => link.getAttribute("href") ?? ""),
        inside: !!element.parentElement.closest(unit),
    }));
    const marks = window.__marks.map(mark => [mark.startsWith("policy") ? "policy" : "executed", mark, ""]);
    return [all, [...marks, ...window.__faults(document, location.href, boxes)]];
}"""


def many(
    stage: Stage,
    surface: str,
    path: str,
    units: dict[str, Unit],
    parts: dict[str, Any],
    *,
    client: Client,
    unit: str = "#result_list tbody tr",
    loose: str = "",
) -> None:
    """Open a page of these units and compare each with the calm ones. `parts`: selector -> what may stand in it.

    `units` by the number of a card's comment or of a row; without one by their order on the page.
    """
    before, stage.client = stage.client, client
    attacks = {key: each.attack for key, each in units.items() if each.attack}
    list = next(iter(attacks.values())).list
    status = stage.open(path)
    stage.client = before
    if status != 200:
        stage.tally.fault("error", surface, list, f"{status} at {path}", " | ".join(a.text for a in attacks.values()))
        return
    found, faults = stage.page.evaluate(_UNITS, [unit, [*parts], parts, loose])
    there = {one["id"]: one for one in found}
    usual = {there[key]["bones"] for key, each in units.items() if not each.attack and key in there}
    for key in there.keys() ^ units.keys():
        stage.tally.fault("broke out", surface, list, f"{key} is not where it should be", _text(units, key))
    if len(found) != len(there):
        stage.tally.fault("broke out", surface, list, f"there are {len(found)} in place of {len(there)}")
    for key, attack in attacks.items():
        stage.tally.tried(surface, attack.list)
        if one := there.get(key):
            if one["bones"] not in usual or one["inside"]:
                what = first_difference(next(iter(usual), ""), one["bones"])
                stage.tally.fault("broke out", surface, attack.list, what, attack.text)
            _is_whole(
                stage, surface, attack, units[key].words, dict(zip(parts, one["texts"], strict=True)), one["links"]
            )
    for kind, what, where in faults:
        attack = attacks.get(where) or Attack("", list)
        stage.tally.fault(kind, surface, attack.list, f"{what} {where}", attack.text)


def _text(units: dict[str, Unit], key: str) -> str:
    attack = units[key].attack if key in units else None
    return attack.text if attack else ""


def _is_whole(
    stage: Stage, surface: str, attack: Attack, words: dict[str, str], shown: dict[str, str], links: list[str]
) -> None:
    for part, typed in words.items():
        if gone := missing(typed, shown[part], links):
            stage.tally.fault("lost", surface, attack.list, f"{part} without {gone[:5]}: {shown[part][:80]!r}", typed)


def one_by_one(
    stage: Stage, surface: str, documents: Iterable[Document], boxes: dict[str, Any], *, pruned: str, loose: str = ""
) -> None:
    """Show documents in frames: around the pruned, each looks like the first, and all words stand where they belong."""
    usual = ""
    for some in batches(documents, 40):
        parts = [*dict.fromkeys(part for one in some for part in one.words)]
        seen = stage.frames([one.html for one in some], boxes, pruned=f"{pruned}, script", texts=parts, loose=loose)
        for document, one in zip(some, seen, strict=True):
            attack, usual = document.pack[0], usual or one.bones
            text = " ".join(each.text for each in document.pack)
            for each in document.pack:
                stage.tally.tried(surface, each.list)
            if one.bones != usual:
                stage.tally.fault("broke out", surface, attack.list, first_difference(usual, one.bones), text)
            shown = dict.fromkeys(parts, "") | dict(zip(parts, one.texts, strict=False))
            _is_whole(stage, surface, attack, document.words, shown, [])
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, attack.list, what, text)


def read(stage: Stage, surface: str, pack: list[Attack], answer: Any, *, status: int = 200) -> str:
    """Return the HTML of an answer, and note where it is not the one that was to be expected."""
    if answer.status_code != status:
        stage.tally.fault("error", surface, pack[0].list, str(answer.status_code), " ".join(a.text for a in pack))
    return str(answer.content.decode(errors="replace"))
