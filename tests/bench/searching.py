"""How long a search takes among 100,000 articles. `python -m tests.bench.searching [ARTICLES] [unspaced]`, with DATABASE_URL.

The words of the articles are as frequent as those of a language: the n-th is found in about 1/n of all texts. Looked
for are words of every frequency, alone and together, over HTTP without a cache in between. With `unspaced` they are of
one to four letters of a script without blanks, as Chinese and Japanese are.
"""
# ruff: noqa: T201

import datetime as dt
import itertools
import random
import statistics
import sys
import time

import tests.bench.scratch  # isort: skip  # noqa: F401  Before anything that asks for settings.

from django.db import connection
from django.test import Client
from django.utils import timezone

from articles import search
from articles.models.article import Article
from articles.models.taxonomy import Section
from newsreader.kit import http_cache

LIMIT, BATCH = 50.0, 1_000  # milliseconds; articles


def vocabulary(chance: random.Random, gap: str) -> tuple[list[str], list[float]]:
    if not gap:
        letters = [chr(0x4E00 + n) for n in range(2_500)]
        often = list(itertools.accumulate(1 / (n + 10) for n in range(len(letters))))
        short = {
            "".join(chance.choices(letters, cum_weights=often, k=chance.choice([1, 2, 2, 2, 3, 4])))
            for _ in range(60_000)
        }
        words = chance.sample(sorted(short), len(short))
        return words, [1 / (n + 2) for n in range(len(words))]
    syllables = ["ha", "bo", "ri", "ne", "tu", "lo", "ve", "ka", "mi", "so", "der", "wen", "tal", "gor"]
    words = sorted({"".join(chance.choices(syllables, k=chance.randint(2, 5))) for _ in range(60_000)})
    chance.shuffle(words)
    return words, [1 / (n + 2) for n in range(len(words))]


def fill(articles: int, gap: str) -> list[str]:
    """Write that many articles of 300 words, with this between them; returns the words, the most frequent first."""
    chance = random.Random(7)
    words, weights = vocabulary(chance, gap)
    weights = list(itertools.accumulate(weights))
    sections = [Section.objects.create(name=name, slug=name) for name in ("town", "culture", "science")]
    now = timezone.now()
    for start in range(0, articles, BATCH):
        rows = []
        for n in range(start, start + BATCH):
            text = chance.choices(words, cum_weights=weights, k=300)
            at = now - dt.timedelta(minutes=articles - n)
            rows.append(
                Article(
                    headline=gap.join(text[:8]), slug=f"a-{n}", standfirst=gap.join(text[8:30]), state="published",
                    body=f"<p>{gap.join(text[30:])}</p>", section=sections[n % 3], published_at=at, published_on=at.date(),
                )
            )  # fmt: skip
        search.note(row.pk for row in Article.objects.bulk_create(rows))
    return words


def questions(words: list[str]) -> list[dict[str, str]]:
    chance = random.Random(8)
    single = [{"q": words[place]} for place in (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 20_000)]
    pairs = [{"q": f"{words[a]} {words[b]}"} for a, b in ((0, 1), (0, 500), (3, 30), (100, 200), (5_000, 6_000))]
    phrases = [{"q": f'"{words[a]} {words[b]}"'} for a, b in ((0, 1), (2, 5), (10, 50))]
    narrowed = [{"q": words[place], "section": "culture"} for place in (0, 30, 1_000)]
    dated = [{"q": words[0], "until": "2020-01-01"}, {"q": words[50], "sort": "newest"}, {"q": words[0], "page": "5"}]
    any_ = [{"q": " ".join(chance.choices(words[:3_000], k=2))} for _ in range(40)]
    return [*single, *pairs, *phrases, *narrowed, *dated, *any_]


def main(articles: int, gap: str) -> None:
    began = time.monotonic()
    words = fill(articles, gap)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"{connection.vendor}: {articles} articles written and indexed in {time.monotonic() - began:.0f} s")
    client, times = Client(SERVER_NAME="127.0.0.1"), []
    client.get("/search/", {"q": "warm"})
    for _ in range(3):
        for asked in questions(words):
            http_cache._kept.clear()
            start = time.perf_counter()
            assert client.get("/search/", asked).status_code == 200
            times.append((1000 * (time.perf_counter() - start), str(asked)))
    took = sorted(time for time, _ in times)
    print(f"median {statistics.median(took):.1f} ms, p95 {took[int(len(took) * 0.95)]:.1f} ms, slowest:")
    for milliseconds, asked in sorted(times, reverse=True)[:8]:
        print(f"{milliseconds:8.1f} ms  {asked}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, "" if "unspaced" in sys.argv[2:] else " ")
