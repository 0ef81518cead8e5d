"""The command: loads, starts, measures, prints, keeps, compares."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.bench.speed import data, peers, processes, table
from tests.bench.speed.databases import PostgreSQL, SQLite, server
from tests.bench.speed.limits import UNIT
from tests.bench.speed.load import run
from tests.bench.speed.measure import Plan, rounds
from tests.bench.speed.rows import rows
from tests.bench.speed.sites import ROOT, Checkout, Site

KEPT = ROOT / "var" / "bench"


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Sizes 50 and 1,000, three short rounds.")
    parser.add_argument("--big", action="store_true", help="Also 1,000,000 under one article and 2,000,000 in all.")
    parser.add_argument("--only", action="append", default=[], metavar="ROW", help="Rows whose names begin so.")
    parser.add_argument("--sqlite", action="store_true", help="On SQLite alone.")
    parser.add_argument("--postgresql", action="store_true", help="On PostgreSQL alone (DATABASE_URL names a server).")
    parser.add_argument("--against", metavar="COMMIT", help="Measure this commit too, in the same rounds.")
    parser.add_argument("--worse", type=float, metavar="PERCENT", help="End with 1 where a ratio is worse by more.")
    parser.add_argument("--peers", nargs="?", const=str(KEPT / "peers.json"), metavar="FILE", help=peers.HELP)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="Of one round of one row.")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def databases(chosen: argparse.Namespace) -> list[type[SQLite] | type[PostgreSQL]]:
    if chosen.sqlite:
        return [SQLite]
    try:
        psycopg.connect(server(), connect_timeout=5).close()
    except psycopg.Error as error:
        if chosen.postgresql:
            raise
        say(f"PostgreSQL is left out: {str(error).splitlines()[0]}")
        return [SQLite]
    return [PostgreSQL] if chosen.postgresql else [SQLite, PostgreSQL]


def whole_site(site: Site, *, quick: bool) -> None:
    """Measure what a site is alone on the machine: starts, memory, commands. It runs no longer afterwards."""
    figures = site.figures
    figures["`manage.py` to a prompt, s of processor"] = min(
        site.cost_of("manage.py", "shell", "-v", "0", "-c", "pass")[0] for _ in range(2)
    )
    if site.database.vendor == "PostgreSQL" and not quick:
        figures["`collectstatic`, s of processor"] = site.cost_of(
            "manage.py", "collectstatic", "--no-input", "-v", "0"
        )[0]
    figures["first answer after start, s"] = site.start_whole()
    site.rest()
    figures["memory idle, MiB"] = site.memory()
    figures["memory idle of `serve` itself, MiB"] = processes.memory([site.running["web"].pid])
    known = rows(site.world, [50])
    for row in known:
        if row.name in {"unchanged-16", "front", "search-anew", "rest-comments", "post-16", "mixed-16"}:
            run(site.port, row.requests(), 16, 0.5 if quick else 2)
    figures["memory loaded, MiB"] = site.memory()
    site.stop()


def main(chosen: argparse.Namespace) -> int:
    sizes = data.SMALL if chosen.quick else data.BIG if chosen.big else data.FULL
    file = data.made(KEPT, [*sizes, data.REST] if chosen.big else sizes, 30 if chosen.quick else 200)
    with ExitStack() as after:
        folder = Path(tempfile.mkdtemp(prefix="newsreader-bench-"))
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        checkouts = [Checkout("here")]
        if chosen.against:
            checkouts.append(Checkout.of_commit(chosen.against, folder))
            after.callback(checkouts[1].remove)
        sites = []
        for checkout in checkouts:
            for kind in databases(chosen):
                database = kind(folder, checkout.label)
                sites.append(Site(checkout, database, folder))
                after.callback(database.drop)
        say(f"loading {file.name} …")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda site: site.fill(file), sites))
        for site in sites:
            after.callback(site.stop)
            if not chosen.only:
                say(f"starts and memory: {site.label} …")
                whole_site(site, quick=chosen.quick)
        for site in sites:
            site.start()
        found = measure(chosen, sites, sizes)
        found["data"] = file.name
    return report(found, checkouts, chosen)


def measure(chosen: argparse.Namespace, sites: list[Site], sizes: list[int]) -> table.Run:
    plan: Plan = {}
    for site in sites:
        for row in rows(site.world, sizes):
            if not chosen.only or any(row.name.startswith(prefix) for prefix in chosen.only):
                plan.setdefault(row.name, []).append((row, site))
    others = peers.of(Path(chosen.peers)) if chosen.peers else []
    for peer in others:
        for row in peer.rows():
            if row.name in plan:
                plan[row.name].append((row, peer))
    seconds = chosen.seconds or (0.25 if chosen.quick else 0.6)
    measured = rounds(plan, sites, seconds, chosen.rounds or (3 if chosen.quick else 5), say)
    told = {name: {site: some.medians() for site, some in by.items()} for name, by in measured.items()}
    unit = statistics.median(ms for some in measured[UNIT].values() for ms in some.milliseconds)
    figures: dict[str, dict[str, float]] = {}
    for site in sites:
        if site.growth:
            site.figures["database, bytes per post"] = statistics.median(site.growth)
        for name, figure in site.figures.items():
            figures.setdefault(name, {})[site.label] = figure
    return {
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "unit": unit,
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        "rows": {name: some for name, some in told.items() if name in plan},
        "limits": {name: some for name, some in told.items() if name not in plan},
        "sites": figures,
        "says": {name: asked[0][0].says for name, asked in plan.items()},
        "goals": {name: asked[0][0].goal for name, asked in plan.items()},
        "wholes": {name: asked[0][0].whole for name, asked in plan.items()},
        "limit_of": {name: asked[0][0].limit for name, asked in plan.items()},
    }


def report(found: table.Run, checkouts: list[Checkout], chosen: argparse.Namespace) -> int:
    """Print the tables, keep the run, compare it. Returns the exit code."""
    found["sites"] |= table.growth(found) | table.lane(found)
    before = table.last(KEPT, found["data"])
    say(f"kept in {table.keep(found, KEPT).relative_to(ROOT)}")
    out = [
        f"One unit: {found['unit']:.2f} ms ({found['machine']}; {found['data']}).",
        table.rates(found),
        table.limits(found),
        table.of_sites(found),
        f"In short:\n\n{table.short(found)}",
    ]
    compared = []
    if len(checkouts) > 1:
        now, other = table.beside(found, checkouts[1].label)
        out.append(f"Beside {checkouts[1].label}, in the same rounds:\n\n{table.changes(now, other)}")
        compared = table.worse(now, other, chosen.worse or 20)
    elif before:
        out.append(f"Beside the run before, {before['when']}:\n\n{table.changes(found, before)}")
        compared = table.worse(found, before, chosen.worse or 20)
    out += [f"Worse: {line}" for line in compared]
    wrong = [name for name, sites in found["rows"].items() for site in sites.values() if site["wrong"]]
    out += [f"Unexpected answers: {', '.join(sorted(set(wrong)))}"] if wrong else []
    print("\n\n".join(out))  # noqa: T201
    return 1 if wrong or (compared and chosen.worse is not None) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # Sites, databases and folders go then, too.
    sys.exit(main(options(sys.argv[1:])))
