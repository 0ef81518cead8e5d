"""What a run has found, as tables for people and as a file, and what became worse than before."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.bench.speed.limits import LIMITS

PLACES = {"SQLite": 0, "PostgreSQL": 1}  # in a goal
UNCHANGED, CONSTANT = "unchanged-16", "constant-16"
RATE = "unchanged page, 16 at once, a second"
SHARE = "the same, % of the constant page's rate"
COST = "the same, % by processor time"
# Goals of whole sites, and whether a figure may not be above (1) or below (-1) it.
WHOLE: dict[str, tuple[float, int]] = {
    "`manage.py` to a prompt, s of processor": (0.6, 1),
    "`collectstatic`, s of processor": (10, 1),
    "first answer after start, s": (2, 1),
    "memory idle, MiB": (150, 1),
    "memory loaded, MiB": (250, 1),
    RATE: (5000, -1),
    SHARE: (70, -1),
}
Run = dict[str, Any]  # `rows`, `limits` and `sites`, each by name and then by site; `unit` in milliseconds


def units(run: Run, row: str, site: str) -> float:
    """Return what a row costs as a multiple of the unit of the same run."""
    return run["rows"][row][site]["ms"] / run["unit"]


def rates(run: Run) -> str:
    """Return the table of rows as Markdown: a line for each row and site."""
    lines = [
        "| row | site | ms | units | goal | worker, units | in all | goal | per second | p50 / p99 ms | kB | wrong |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |",
    ]
    for name, sites in run["rows"].items():
        for site, found in sites.items():
            goal = run["goals"][name]
            wanted = goal[place] if goal and (place := PLACES.get(site.split(",")[0])) is not None else None
            late = found["worker_ms"] / run["unit"] if found["worker_ms"] is not None else None
            own = units(run, name, site)
            whole = own + late if late is not None else None
            lines.append(
                f"| {name}: {run['says'][name]} | {site} | {found['ms']:.2f} | {own:.2f} | {_or(wanted)} "
                f"| {_or(late)} | {_or(whole)} | {_or(run['wholes'][name] if late is not None else None)} | {_rate(found)} | {found['p50']:.1f} / {found['p99']:.1f} "
                f"| {found['bytes'] / 1000:.0f} | {_told(found['wrong'])} |"
            )
    return "\n".join(lines)


def limits(run: Run) -> str:
    lines = ["| limit of this machine | beside | ms | units | per second |", "| --- | --- | --: | --: | --: |"]
    says = {name: limit[3] for name, limit in LIMITS.items()} | {"commit": "INSERT + COMMIT, one client"}
    for name, sites in run["limits"].items():
        for site, found in sites.items():
            share = found["ms"] / run["unit"]
            lines.append(f"| {says[name]} | {site} | {found['ms']:.3f} | {share:.3f} | {_rate(found)} |")
    return "\n".join(lines)


def of_sites(run: Run) -> str:
    """Return what is true of whole sites: memory, starts, sizes, growth."""
    lines = ["| of the whole site | site | figure | goal |", "| --- | --- | --: | --: |"]
    lines += [
        f"| {name} | {site} | {figure:.2f} | {_goal(name)} |"
        for name, sites in run["sites"].items()
        for site, figure in sites.items()
    ]
    return "\n".join(lines)


def lane(run: Run) -> dict[str, dict[str, float]]:
    """Return what the fast lane reaches of the same server's rate with a constant page, by site.

    By processor time as well, since the rates may be what the generator of the load can send.
    """
    kept, constant = run["rows"].get(UNCHANGED, {}), run["limits"].get(CONSTANT, {})
    own = kept.keys() & constant.keys()
    return {
        RATE: {site: kept[site]["rate"] for site in own},
        SHARE: {site: 100 * kept[site]["rate"] / constant[site]["rate"] for site in own},
        COST: {site: 100 * constant[site]["ms"] / kept[site]["ms"] for site in own},
    }


def short(run: Run) -> str:
    """Return the one table of a run: a line for each row, a column for each site and for the limit that it is near.

    Each cell has units, the worker's share included, and answers a second.
    """
    columns = list(dict.fromkeys(site for sites in run["rows"].values() for site in sites))
    heads = [site.removesuffix(", here") for site in columns]
    lines = [
        f"| units, answers a second | {' | '.join(heads)} | limit of the machine |",
        f"| --- |{' --: |' * (len(columns) + 1)}",
    ]
    for name, sites in run["rows"].items():
        cells = [_cell(run, sites[site]) if site in sites else "" for site in columns]
        limit = run["limits"].get(run["limit_of"][name], {})
        near = " · ".join(dict.fromkeys(_cell(run, found) for found in limit.values()))
        lines.append(f"| {run['says'][name]} | {' | '.join(cells)} | {near} |")
    for name, figures in run["sites"].items():
        if figures:
            cells = [f"{figures[site]:.2f}" if site in figures else "" for site in columns]
            lines.append(f"| {name} | {' | '.join(cells)} | {_goal(name)} |")
    lines += ["", f"{run['when']}, {run['machine']}; one unit is {run['unit']:.2f} ms of processor time."]
    return "\n".join(lines)


def _cell(run: Run, found: dict[str, Any]) -> str:
    cost = (found["ms"] + (found["worker_ms"] or 0)) / run["unit"]
    return f"{cost:.{2 if cost >= 0.1 else 3}f}, {_rate(found)}"


def _rate(found: dict[str, Any]) -> str:
    return f"{'≥ ' if found.get('at_least') else ''}{found['rate']:,.0f}"


def _goal(name: str) -> str:
    goal = WHOLE.get(name)
    return "" if goal is None else f"{'≤' if goal[1] > 0 else '≥'} {goal[0]:g}"


def growth(run: Run) -> dict[str, dict[str, float]]:
    """Return how much more a comment shown costs under the largest article than under the smallest, by site."""
    pages = [name for name in run["rows"] if name.startswith("article-")]
    if len(pages) < 2:
        return {}
    least, most = min(pages, key=_size), max(pages, key=_size)
    small, large = run["rows"][least], run["rows"][most]
    both = small.keys() & large.keys()
    shown = {site: large[site]["shown"] / max(1, small[site]["shown"]) for site in both}
    times = {site: large[site]["ms"] / small[site]["ms"] for site in both}
    name = f"page of {_size(most):,} comments : of {_size(least):,}"
    return {name: times, f"{name}, per comment shown": {site: times[site] / max(1, shown[site]) for site in both}}


def worse(now: Run, before: Run, by: float) -> list[str]:
    """Return what costs more than before by over `by` per cent, as a multiple of the unit of its own run."""
    found = []
    for name, sites in now["rows"].items():
        for site in sites.keys() & before["rows"].get(name, {}).keys():
            found += _worse(f"{name} on {site}", units(now, name, site), units(before, name, site), by)
    for name in (name for name in now["sites"] if "MiB" in name):
        for site in now["sites"][name].keys() & before["sites"].get(name, {}).keys():
            found += _worse(f"{name} on {site}", now["sites"][name][site], before["sites"][name][site], by)
    return found


def beside(run: Run, label: str) -> tuple[Run, Run]:
    """Return this checkout's part of a run and another commit's, with sites named alike, to be compared."""

    def part(suffix: str) -> Run:
        def named(table: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
            return {
                name: {site.removesuffix(suffix): found for site, found in sites.items() if site.endswith(suffix)}
                for name, sites in table.items()
            }

        return run | {"rows": named(run["rows"]), "sites": named(run["sites"])}

    return part(", here"), part(f", {label}")


def changes(now: Run, before: Run) -> str:
    lines = ["| row | site | units before | units now | change |", "| --- | --- | --: | --: | --: |"]
    for name, sites in now["rows"].items():
        for site in sites:
            if site in before["rows"].get(name, {}):
                was, is_now = units(before, name, site), units(now, name, site)
                lines.append(f"| {name} | {site} | {was:.2f} | {is_now:.2f} | {100 * (is_now / was - 1):+.0f} % |")
    return "\n".join(lines)


def last(folder: Path, data: str) -> Run | None:
    """Return the last run with the same data, if there is one."""
    for file in sorted(folder.glob("run-*.json"), reverse=True):
        run: Run = json.loads(file.read_text())
        if run["data"] == data:
            return run
    return None


def keep(run: Run, folder: Path) -> Path:
    file = folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps(run, indent=1))
    file.with_suffix(".md").write_text(f"{short(run)}\n")
    return file


def _size(page: str) -> int:
    return int(page.removeprefix("article-"))


def _worse(what: str, now: float, before: float, by: float) -> list[str]:
    return [f"{what}: {now:.2f}, before {before:.2f}"] if now > before * (1 + by / 100) else []


def _or(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def _told(wrong: dict[str, int]) -> str:
    return ", ".join(f"{number} × {what}" for what, number in wrong.items())
