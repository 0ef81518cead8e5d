"""How long 64 KB of any repetition take: typed and imported. `python -m tests.bench.rendering [LENGTH]`.

Repeated are the recipes of the shared material, what is slow for other renderers, and every combination of up to
LENGTH (2; 3 takes minutes) characters that may be markup; each alone, and as often as is still rendered, spread out
or followed by plain text. Besides, what opens deep and closes again. A time is the best of three, in processor time; the
slowest are printed. Ends with 1 if one is over the limit.
"""

import gc
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator

from comments.text import formatting
from tests.machine import SHARED

SIZE, LIMIT, SHOWN = 64_000, 50.0, 10  # characters, milliseconds, lines
ALPHABET = "*_~`<>&[]()!\\:/.@-#+1a \n\té\u0301"
RECIPES = SHARED / "data" / "attacks" / "own" / "markdown-bombs.dev.jsonl"


# What is slow for other renderers, or was for ours.
PIECES = [
    *"[]()<>*_~\\`:/.@-#!&\"'a1 \t\n",
    *("[*", "[[]", "![*", "[ ", "[*\n", "](", "[a](", "[a](b", "[a](b)", "[a](<", "[a](b 'c ", '[a](b "', "[a]()"),
    *("*a", "**a", "*a*", "*a_", "a*a_", "~~a", "`a``", "&amp", "&amp;", "&#1", "&#1;", "<a", "<a@b>", "<http:"),
    *("://", "http://", "http://a", "http://a.", "http://a.b/(", "http://a.b/).", "http://é.", "http://a:"),
    *("https://a.b?", "http://é.b/", "www.é.b ", "a@é.bc ", "http://\u0430pple.com ", "<http://é.b>"),
    *("[a](http://\u0430.com)", "[a](http://é@b.c)", "[](http://a.b)"),
    *("www.", "www.a.", "www.a.b/", "a@", "a@b.", "a@b.cd.", "-@", "_a@", "mailto:"),
    *("a@b.cd ", "www.a.b ", "http://a.b ", "https://a.b/(x "),
    *(" \n", "a  \n", "a\n", "a\n\n", "a\\\n", "    a\n", "```\n", "~~~ \n", "``` a b\n", "* * *\n", "***\n"),
    *("> ", "> a\n", "> > > > a\n", "> - ", "> - a\n", "- ", "- - - -\n", "- a\n", "- a\n ", "- a\n\n", "-\n"),
    *("1. ", "1. 1. 1. a\n"),
    *("\u202e", "e\u0301\u0301", "\u0301\u0302\u200d", "<\u0301", "\u0301<", "&#x202e;"),
]
# Quotes that seem to go on without their marker and do not: not linear, so these cost more marks.
UNMARKED_QUOTES = [
    "> ```\na\n",
    "> -\na\n",
    ">     a\na\n",
    ">>\na\n",
    "> * * *\na\n",
    "-\n> - - - - -\na\n",
    "> 1.\na\n",
]
IMPORTED_PIECES = [
    *("<div>", "<ul><li>", "<p><b><i>", "<b>", "<", "<a ", "<p>", "<!--", "<b></b>", "<b>www.a.b", "<a title=é>"),
    *("<br>", "&nbsp;", "&"),
    *("www.a.b ", "a@b.cd ", "http://a.b ", '<a href="http://é.b">é</a>', "<code>http://a.b</code> "),
    *("<p>www.a.b</p>", "http://\u0430pple.com ", '<a href="http://\u0430pple.com">a</a>', "<blockquote cite=/a>"),
    *("\u202e", "e\u0301\u0301", "\n\n", "<y ", "<a b='", "<script>", "<svg>", "<b>a\n\n", "<td>a"),
]
# What opens and closes, or grows: from a measure to a text.
NESTINGS: dict[str, Callable[[int], str]] = {
    "emphasis": lambda size: "*a " * (size // 6) + "a* " * (size // 6),
    "stars": lambda size: "*" * (size // 2) + "a" + "*" * (size // 2),
    "longer and longer backticks": lambda size: " ".join("`" * length for length in range(1, int((2 * size) ** 0.5))),
    "shorter and shorter backticks": lambda size: " ".join("`" * length for length in range(int(size**0.5), 1, -1)) * 2,
    "quotes deeper than shown": lambda size: "> " * 18 + "a\n" * (size // 2),
    "lists deeper than shown": lambda size: "- " * 9 + "a\n" * (size // 2),
    "lists in lists": lambda size: "\n".join("  " * depth + "- a" for depth in range(int(size**0.5))),
    "brackets": lambda size: "[" * (size // 5) + "a" + "](b)" * (size // 5),
    "links that do not end": lambda size: "[a](" * (size // 60) + "x" * (size - size // 15),
    "a host of many letters": lambda size: "[a](http://" + "".join(chr(0x4E00 + n % 20_000) for n in range(size)) + ")",
    "one link of many words": lambda size: "[" + "*a* `\u200b` " * (size // 12) + "](http://a.b)",
}


def rendered_times(unit: str) -> int:
    """Return how often something with markup may stand in a text that is still rendered."""
    times = int(50 * formatting.MARKS / formatting.marks(unit * 50))
    while formatting.marks(unit * times) > formatting.MARKS:
        times = times * 9 // 10
    return times


def repetitions(units: list[str]) -> Iterator[tuple[str, str]]:
    """Yield texts of SIZE with what they repeat."""
    for unit in units:
        yield repr(unit), (unit * SIZE)[:SIZE]
        if not formatting.marks(unit * 50):
            continue
        times = rendered_times(unit)
        yield f"{unit!r} at the start", f"{unit * times:a<{SIZE}}"[:SIZE]
        for filler in ("a", " a"):
            spread = unit + (filler * SIZE)[: max(0, SIZE // times - len(unit))]
            yield f"{unit!r} spread with {filler!r}", (spread * times)[:SIZE]


def recipes() -> Iterator[tuple[str, str]]:
    for line in RECIPES.read_text().splitlines() if RECIPES.exists() else ():
        recipe = json.loads(line)
        before, middle, after = recipe["prefix_unit"], recipe["middle"], recipe["suffix_unit"]
        times = min(recipe["repeat"], (SIZE - len(middle)) // len(before + after))
        yield recipe["name"], before * times + middle + after * times


def nestings() -> Iterator[tuple[str, str]]:
    """Yield what nests, as long as SIZE and as long as is still rendered."""
    for name, grown in NESTINGS.items():
        sizes = [size for size in (1_000, 2_000, 4_000, 8_000) if formatting.marks(grown(size)) <= formatting.MARKS]
        for size in {SIZE, *sizes[-1:]}:
            yield f"{name}, {size}", grown(size)[:SIZE]


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


def main(length: int) -> int:
    """Measure and print all; return how many were over the limit."""
    over = 0
    units = ["".join(some) for size in range(1, length + 1) for some in itertools.product(ALPHABET, repeat=size)]
    for render, pieces in (
        (formatting.to_html, PIECES + UNMARKED_QUOTES),
        (formatting.imported_to_html, IMPORTED_PIECES),
    ):
        render("a")
        gc.collect()
        gc.freeze()  # As in a server: what is loaded is not walked through again and again.
        times = [
            (measure(render, text), name)
            for name, text in itertools.chain(recipes(), nestings(), repetitions(pieces + units))
        ]
        times.sort(reverse=True)
        slow = sum(1 for took, _ in times if took > LIMIT)
        over += slow
        print(f"\n{render.__name__}: {len(times)} repetitions, {slow} over {LIMIT:.0f} ms")  # noqa: T201
        for took, name in times[:SHOWN]:
            print(f"{took:8.1f} ms  {name}")  # noqa: T201
    return over


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2) > 0)
