"""What a request costs the web host and the database, alone, with a replica, and through PgBouncer.

    python -m tests.bench.machines 5

Prints milliseconds of processor time for each request: medians of so many rounds, in which the three ways take turns.
Processor time stays steady where other work shares the machine; requests in a second do not. It starts PostgreSQL
servers of its own (Debian: postgresql, pgbouncer) and needs no database.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests.clusters import Cluster, PgBouncer, free_port, servers_folder
from tests.hosts import Host, environment, manage

TICK = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds
NAME = "newsreader"
_turn = count()


def processor_time(head: int) -> float:
    """Return the milliseconds that a process and all below it have used."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    below: dict[int, list[int]] = {}
    for line in listed.splitlines():
        pid, parent = map(int, line.split())
        below.setdefault(parent, []).append(pid)
    wanted, total = [head], 0.0
    while wanted:
        pid = wanted.pop()
        wanted += below.get(pid, [])
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) * TICK  # its own, and that of children that have ended
    return total


def head_of(server: Cluster) -> int:
    return int((server.folder / "postmaster.pid").read_text().split("\n", 1)[0])


class Bench:
    def __init__(self, primary: Cluster, replica: Cluster, sites: dict[str, Host]) -> None:
        self.sites, self.primary = sites, primary
        self.servers = {"primary": head_of(primary), "replica": head_of(replica)}
        some = next(iter(sites.values()))
        text = some.get("/sitemap.xml").text
        months = re.findall(r"<loc>http://[^/]+(/sitemaps/\d[^<]+)</loc>", text)
        self.articles = [
            at for month in months for at in re.findall(r"<loc>http://[^/]+(/\d[^<]+)</loc>", some.get(month).text)
        ]
        number = re.search(r"/articles/(\d+)/reply/", some.get(self.articles[0]).text)
        assert number
        self.reply = f"/articles/{number[1]}/reply/"

    def anew(self, site: Host) -> int:
        self.primary.ask("UPDATE articles_article SET page_version = page_version + 1", NAME)
        return self._get(site, self.articles)

    def kept(self, site: Host) -> int:
        return self._get(site, self.articles[:1] * 60)

    def unchanged(self, site: Host) -> int:
        tag = site.get(self.articles[0]).headers["ETag"]
        for _ in range(60):
            assert site.ask("GET", self.articles[0], headers={"If-None-Match": tag}).status == 304
        return 60

    def front(self, site: Host) -> int:
        return self._get(site, ["/"] * 40)

    def search(self, site: Host) -> int:
        return self._get(site, ["/search/?q=harbour"] * 20)

    def post(self, site: Host) -> int:
        for _ in range(12):
            turn = next(_turn)
            body = f"text=A+reply+that+is+number+{turn}&name=N{turn}&email=n{turn}@example.org".encode()
            sender = {"X-Forwarded-For": f"192.0.{turn // 250}.{turn % 250 + 1}"}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            assert site.ask("POST", self.reply, body, kind | sender).status == 303
        return 12

    def _get(self, site: Host, paths: list[str]) -> int:
        for path in paths:
            assert site.get(path).status == 200
        return len(paths)

    def measure(self, site: Host, act: Callable[[Host], int]) -> dict[str, float]:
        heads = {"web": site.process.pid} | self.servers
        before = {name: processor_time(head) for name, head in heads.items()}
        times = act(site)
        return {name: (processor_time(head) - before[name]) / times for name, head in heads.items()}


def main(rounds: int) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(servers_folder())
        primary = Cluster.made(folder / "primary", log_statement="none")
        stack.callback(primary.stop)
        primary.ask(f"CREATE DATABASE {NAME}")
        env = environment(DATABASE_URL=primary.url(NAME), SITE_URL="http://news.example", TRUSTED_PROXY_COUNT="1")
        for command in (["migrate", "--noinput", "-v0"], ["createcachetable"], ["load_demo", "-v0"]):
            manage(env, *command)
        replica = primary.replica(folder / "replica")
        stack.callback(replica.stop)
        pooler = PgBouncer(folder, primary)
        stack.callback(pooler.stop)
        ways = {
            "alone": {},
            "replica": {"DATABASE_REPLICA_URLS": replica.url(NAME)},
            "pooler": {"DATABASE_URL": pooler.url(NAME), "DATABASE_POOLER": "pgbouncer"},
        }
        sites = {}
        for name, values in ways.items():
            sites[name] = Host(env | values, "127.0.0.1", free_port(), folder / f"{name}.log", "--no-worker")
            stack.callback(sites[name].stop)
        bench = Bench(primary, replica, sites)
        acts = [bench.kept, bench.unchanged, bench.front, bench.anew, bench.search, bench.post]
        found: dict[tuple[str, str], list[dict[str, float]]] = {}
        for turn in range(rounds + 1):
            for act in acts:
                for name, site in sites.items():
                    measured = bench.measure(site, act)
                    if turn:  # The first warms up.
                        found.setdefault((act.__name__, name), []).append(measured)
        print("| request | way | web | primary | replica |\n| --- | --- | --- | --- | --- |")  # noqa: T201
        for (act_name, name), some in found.items():
            cells = [f"{statistics.median(one[part] for one in some):.1f}" for part in ("web", "primary", "replica")]
            print(f"| {act_name} | {name} | {' | '.join(cells)} |")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
