"""How soon something published is everywhere, in every process.

`python -m tests.bench.publishing [--rounds N] [--within SECONDS] [--processes N]`

An editor publishes over REST while several web processes have each shown every page before. Asked is, over and over on
connections of their own, the front page, the section's, the feeds, the maps, the search and the API, until each has
shown the article twenty times in a row; then it is withdrawn, and gone as fast. Found is whatever took over a second
(or what --within allows: a busy machine is slow), and whatever went back to how it was.
"""
# ruff: noqa: T201

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import tests.bench.scratch  # isort: skip  # noqa: F401  First: it chooses the database.

from tests.bench.processes import Processes, Visitor
from tests.factories import make_article, make_editor, make_section

IN_A_ROW = 20


def places(section: str) -> list[str]:
    return [
        "/", f"/sections/{section}/", "/feed/", "/feed/atom/", "/feed/json/", f"/sections/{section}/feed/",
        f"/sitemaps/{time.strftime('%Y-%m')}.xml", "/news-sitemap.xml", "/search/?q=unheard", "/api/v1/articles/",
    ]  # fmt: skip


def settled(path: str, mark: bytes, shown: bool, began: float) -> tuple[str, float, bool]:
    """Ask until the answer is as it should be IN_A_ROW times. Returns when it first was, and whether it stayed so."""
    first, row, stayed = 0.0, 0, True
    while row < IN_A_ROW:
        if time.monotonic() - began > 30:
            return path, 30.0, False
        status, _, body = Visitor().get(path)
        if status >= 500:  # It would be so to the end; asking on only costs processor time.
            return path, time.monotonic() - began, False
        right = status == 200 and (mark in body) == shown
        if right and not first:
            first = time.monotonic() - began
        stayed, row = stayed and (right or not first), row + 1 if right else 0
    return path, first, stayed


def main(rounds: int, within: float, processes: int) -> int:
    site = Processes(processes)
    editor = Visitor.of(make_editor(), "203.0.113.9")
    section = make_section()
    for _ in range(3):
        make_article(section=section)
    slowest: dict[str, float] = {}
    findings = []
    site.start()
    try:
        for number in range(rounds):
            slug = f"unheard-of-{number}"
            for path in places(section.slug) * processes * 2:  # Every process has its copy.
                Visitor().get(path)
            sent = {"headline": f"Unheard of {number}", "slug": slug, "section": section.slug, "state": "published"}
            for shown in (True, False):
                began = time.monotonic()
                if shown:
                    _, where, _ = editor.post_json("/api/v1/articles/", sent)
                    article = where.rstrip("/").rsplit("/", 1)[-1]
                else:
                    editor._ask("DELETE", f"/api/v1/articles/{article}/")
                done = time.monotonic()
                with ThreadPoolExecutor(10) as pool:
                    asked = [pool.submit(settled, path, slug.encode(), shown, done) for path in places(section.slug)]
                for path, took, stayed in (future.result() for future in asked):
                    slowest[path] = max(took, slowest.get(path, 0))
                    if took > within or not stayed:
                        findings.append(f"{path}: {took:.2f} s{'' if stayed else ', and went back or broke'}")
                slowest["(answer to the editor)"] = max(done - began, slowest.get("(answer to the editor)", 0))
    finally:
        site.stop()
    for path, took in slowest.items():
        print(f"{1000 * took:8.0f} ms  {path}")
    for finding in findings:
        print(finding)
    print(f"{rounds} rounds, {processes} processes, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--within", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--processes", type=int, default=4)
    chosen = parser.parse_args()
    sys.exit(main(chosen.rounds, chosen.within, chosen.processes))
