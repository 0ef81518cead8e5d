"""How long 64 KB of any repetition take: typed and imported. `python -m tests.bench.rendering [LENGTH]`.

Repeated are the recipes of the shared material, what is slow for other renderers, and every combination of up to
LENGTH (2; 3 takes minutes) characters that may be markup; each alone, and spread out so that the text holds exactly as
many marks as are still rendered. A time is the best of three, in processor time; the slowest are printed.
"""

import gc
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from comments import formatting
from tests.comments.test_formatting import IMPORTED_PIECES, PIECES

SIZE, LIMIT, SHOWN = 64_000, 50.0, 10  # characters, milliseconds, lines
ALPHABET = "*_~`<>&[]()!\\:/.@-#+1a \n\té\u0301"
RECIPES = Path(__file__).parents[3] / "shared" / "data" / "attacks" / "own" / "markdown-bombs.dev.jsonl"


def repetitions(units: list[str]) -> Iterator[tuple[str, str]]:
    """Yield texts of SIZE with what they repeat."""
    for unit in units:
        yield repr(unit), (unit * SIZE)[:SIZE]
        marks = formatting.marks(unit * 50) / 50
        for filler in ("a", " a") if marks else ():
            times = int(formatting.MARKS / marks)
            spread = unit + (filler * SIZE)[: max(0, SIZE // times - len(unit))]
            yield f"{unit!r} spread with {filler!r}", (spread * times)[:SIZE]


def recipes() -> Iterator[tuple[str, str]]:
    for line in RECIPES.read_text().splitlines() if RECIPES.exists() else ():
        recipe = json.loads(line)
        before, after = (recipe[name] * recipe["repeat"] for name in ("prefix_unit", "suffix_unit"))
        yield recipe["name"], (before + recipe["middle"] + after)[:SIZE]


def measure(render: Callable[[str], str], text: str) -> float:
    """Return milliseconds; once is enough where that is fast."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        render(text)
        best = min(best, 1000 * (time.process_time() - start))
        if best < LIMIT / 2:
            break
    return best


def main(length: int) -> None:
    units = ["".join(some) for size in range(1, length + 1) for some in itertools.product(ALPHABET, repeat=size)]
    for render, pieces in ((formatting.to_html, PIECES), (formatting.imported_to_html, IMPORTED_PIECES)):
        render("a")
        gc.collect()
        gc.freeze()  # As in a server: what is loaded is not walked through again and again.
        times = [
            (measure(render, text), name) for name, text in itertools.chain(recipes(), repetitions(pieces + units))
        ]
        times.sort(reverse=True)
        slow = sum(1 for took, _ in times if took > LIMIT)
        print(f"\n{render.__name__}: {len(times)} repetitions, {slow} over {LIMIT:.0f} ms")  # noqa: T201
        for took, name in times[:SHOWN]:
            print(f"{took:8.1f} ms  {name}")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
