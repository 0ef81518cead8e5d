"""The articles and comments that are loaded: a file of JSON lines under var/bench/, the same for every run.

Made by `../shared/bench/gen.py` where that folder stands beside the checkout; else by `write` below, whose threads have
the same shape: two comments in five are roots, five levels at most, about 390 characters each. `inside/fill.py` reads
both. Figures of different generators are not compared.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import sys
from pathlib import Path

from tests.machine import SHARED

GENERATOR = SHARED / "bench" / "gen.py"
SMALL, FULL = [50, 1_000], [50, 1_000, 10_000, 100_000]
BIG, REST = [*FULL, 1_000_000], 886_000  # With the rest, under an article that is not asked for, two million in all.
SEED, DEEPEST = 42, 4
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "that",
    "for",
    "it",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "his",
    "but",
    "at",
    "are",
    "this",
    "have",
    "from",
    "they",
    "which",
    "one",
    "council",
    "report",
    "election",
    "market",
    "price",
    "energy",
    "school",
    "river",
    "bridge",
    "storm",
    "team",
    "season",
    "judge",
    "witness",
    "city",
    "farmer",
    "harvest",
    "climate",
    "railway",
    "station",
    "union",
    "profit",
    "bank",
    "museum",
    "concert",
    "author",
    "reader",
    "editor",
    "column",
    "opinion",
    "letter",
    "reply",
    "argument",
    "source",
]


def made(folder: Path, sizes: list[int], filler: int) -> Path:
    """Return the file, made unless it is there."""
    kind = "shared" if GENERATOR.exists() else "own"
    file = folder / f"data-{kind}-{'-'.join(map(str, sizes))}-{filler}.jsonl"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        if kind == "shared":
            command = [sys.executable, str(GENERATOR), "--seed", str(SEED), "--sizes", ",".join(map(str, sizes))]
            subprocess.run([*command, "--filler", str(filler), "--out", str(draft)], check=True)
        else:
            write(draft, sizes, filler)
        draft.replace(file)
    return file


def write(file: Path, sizes: list[int], filler: int) -> None:
    """Write articles with so many comments each, and `filler` more with up to 30."""
    chance = random.Random(SEED)
    sizes = sizes + [chance.randint(0, 30) for _ in range(filler)]
    start, pk = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), 0

    def text(longest: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(longest // 30, longest // 5))).capitalize() + "."

    with file.open("w", encoding="utf-8") as lines:

        def line(**values: object) -> None:
            lines.write(json.dumps(values, ensure_ascii=False) + "\n")

        for number, _ in enumerate(sizes, 1):
            body = "\n\n".join(text(600) for _ in range(8))
            at = (start + dt.timedelta(hours=number)).isoformat()
            line(type="article", id=number, slug=f"article-{number}", title=text(60), body=body, published=at)
        for number, size in enumerate(sizes, 1):
            at, before = start + dt.timedelta(hours=number), []
            for _ in range(size):
                pk, at = pk + 1, at + dt.timedelta(seconds=chance.randint(1, 60))
                near = before[-40:]
                parent = chance.choice(near) if near and chance.random() < 0.6 else None
                parent = None if parent and parent[1] == DEEPEST else parent
                depth, root = (parent[1] + 1, parent[2]) if parent else (0, pk)
                person = chance.randint(1, 600)
                line(
                    type="comment", id=pk, article=number, parent=parent[0] if parent else None, root=root, depth=depth,
                    name=f"Reader {person}", email=f"reader{person}@example.com", url="", ip=f"198.51.100.{person % 250}",
                    ua="Mozilla/5.0", text=text(650), created=at.isoformat(),
                )  # fmt: skip
                before.append((pk, depth, root))
