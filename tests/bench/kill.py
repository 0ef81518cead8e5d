"""Rounds of `kill -9` in the middle of posting, deciding and mailing: what was answered with success is there, whole.

    python -m tests.bench.kill --rounds 100
    DATABASE_URL=postgres://postgres@127.0.0.1/postgres python -m tests.bench.kill --rounds 100

A round: guests and members post and a moderator decides, over HTTP, all at once. Something is killed: a web process,
their parent, the worker, `serve` (or just when a web process starts), or all of them. What ended is started again, and whoever had no answer sends the
same again. Then nobody posts any more, the outbox runs empty, and everything is compared with what was answered.
"""

import argparse
import datetime as dt
import random
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from tests.bench.scratch import HOME  # First: it chooses the database.

# isort: split
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comments.models import Comment
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import OUTDATED
from newsreader.operations import schedule
from tests.bench import audit
from tests.bench.mailbox import Mailbox
from tests.bench.processes import PATIENCE, Processes, Visitor, until
from tests.factories import make_article, make_moderator, make_rule, make_user, set_rules

STARTING = "serve, while a web process starts"
WHAT = {
    "a web process": {"web"},
    "the web processes' parent": {"server"},
    "the worker": {"worker"},
    "serve": {"serve"},
    STARTING: {"serve"},
    "all": {"serve", "server", "web", "worker"},
}
BUSY = 503  # with everything that was typed, to be sent again
NAMED = re.compile(rb"Number \d+ of hand \d+ in round \d+")


@dataclass
class Bench:
    """What all rounds share, and what they have counted."""

    mailbox: Mailbox
    site: Processes
    random: random.Random
    articles: list[int]
    posters: int
    members: list[Visitor]
    moderator: Visitor
    moderators: list[str]
    answered: dict[str, str] = field(default_factory=dict)  # text -> where it was said to be
    approved: list[tuple[int, int]] = field(default_factory=list)  # article, comment
    tally: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)  # what will be killed: each once, in an order by chance, then again


def prepare(seed: int, posters: int) -> Bench:
    mailbox = Mailbox(delay=0.05)  # seconds
    # Some of what members write waits as well, so that deciding about it mails them.
    # Each comment that waits is told of in a mail of its own: what is gathered comes too late for a round.
    set_rules(flood_seconds=0, surge_control=False, mails_an_hour=30_000)
    make_rule("lantern")
    moderators = [make_moderator(is_superuser=False) for _ in range(2)]
    visitors = [Visitor.of(make_user(), f"198.51.100.{number}") for number in range(3)]
    return Bench(
        mailbox=mailbox,
        site=Processes(2, EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}"),
        random=random.Random(seed),
        articles=[make_article().pk for _ in range(2)],
        posters=posters,
        members=visitors,
        moderator=Visitor.of(moderators[0], "203.0.113.1"),
        moderators=[moderator.email for moderator in moderators],
    )


def post_until(done: threading.Event, bench: Bench, name: str, chance: random.Random) -> None:
    """Post one comment after the other; one without an answer is sent again until it has one."""
    number = 0
    while not done.is_set():
        number += 1
        text = f"Number {number} of {name}. " + chance.choice(["Fair winds.", "A lantern at the mole."])
        article, parent = chance.choice(bench.articles), ""
        if bench.approved and chance.random() < 0.5:
            article, parent = chance.choice(bench.approved)
        key = chance.choice([f"{name}-{number}", f"{name}-{number}", ""])
        address = f"100.{chance.randrange(64, 128)}.{chance.randrange(256)}.{chance.randrange(256)}"
        member = chance.choice([None, None, *bench.members])
        deadline = time.monotonic() + PATIENCE
        again = False
        while True:
            status, place = _send(bench, member, address, article, str(parent), text, key, by_rest=number % 3 == 0)
            if status and status != BUSY:
                break
            again = True
            bench.tally["told to send it again" if status else "without an answer, sent again"] += 1
            if time.monotonic() > deadline:
                bench.findings.append(f"{text!r} never had an answer")
                break
            time.sleep(0.3)
        bench.tally[f"answered {status}"] += 1
        if status in {201, 303}:
            bench.answered[text] = place
        elif status == 409 and again and not key:  # It is there, and without a key it is a duplicate.
            bench.answered[text] = "409"
        elif status:
            bench.findings.append(f"{text!r} was answered {status}")
        if new := re.search(r"[?&]new=(\d+)", place):
            bench.approved.append((article, int(new[1])))


def _send(bench, member, address, article, parent, text, key, *, by_rest) -> tuple[int, str]:
    who = {} if member else {"name": "Ada", "email": "ada@example.org"}
    fields = who | {"text": text, "parent": parent}
    if by_rest:
        visitor = member or Visitor(address)
        status, place, _ = visitor.post_json(f"/api/v1/articles/{article}/comments/", fields, key)
    else:
        visitor = member or Visitor(address)
        status, place, _ = visitor.post(f"/articles/{article}/reply/", fields | {"key": key})
    return status, place


def decide_until(done: threading.Event, bench: Bench, chance: random.Random) -> None:
    """Decide about what waits, some of it twice."""
    while not done.wait(0.2):
        waiting = Comment.objects.filter(status="pending").order_by("?").values_list("pk", flat=True)[:2]
        for pk in waiting:
            wanted = {"status": chance.choice(["approved", "approved", "trash"]), "reason": "off_topic"}
            status, _, _ = bench.moderator.post_json(f"/api/v1/comments/{pk}/decisions/", wanted)
            bench.tally[f"decision answered {status}"] += 1
            if not status:
                break
            if status >= 500 and status != BUSY:
                bench.findings.append(f"a decision about {pk} was answered {status}")
    connection.close()


def play(bench: Bench, number: int) -> str:
    """Play one round; returns what was killed. Raises TimeoutError or RuntimeError where the site does not recover."""
    if not bench.next:
        bench.next = bench.random.sample(list(WHAT), len(WHAT))
    victim = bench.next.pop()
    before = Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    done = threading.Event()
    hands = [
        threading.Thread(
            target=post_until,
            args=(done, bench, f"hand {hand} in round {number}", random.Random(bench.random.random())),
        )
        for hand in range(bench.posters)
    ] + [threading.Thread(target=decide_until, args=(done, bench, random.Random(bench.random.random())))]
    for hand in hands:
        hand.start()
    time.sleep(bench.random.uniform(0.2, 2))
    if victim == STARTING:
        bench.site.kill({"web"}, one=True)
        time.sleep(bench.random.uniform(0, 2))
    worker = _workers(bench.site)
    bench.site.kill(WHAT[victim], one=victim == "a web process")
    try:
        recover(bench, victim, worker)
        time.sleep(0.3)
    except (TimeoutError, RuntimeError) as error:
        raise RuntimeError(f"round {number}, {victim} killed: {error}; left: {bench.site.family()}") from error
    finally:
        done.set()
        for hand in hands:
            hand.join(PATIENCE)
    until(lambda: not audit.unfinished() or failed(), f"unfinished: {audit.unfinished()[:5]}")
    compare(bench, before)
    return victim


def failed() -> bool:
    return DBTaskResult.objects.filter(status="FAILED").exists()


def recover(bench: Bench, victim: str, worker: set[int]) -> None:
    """Wait for the site to mend itself, or, as whoever watches over `serve` does, start it again once it has ended.

    `worker`: who was it before.
    """
    site = bench.site
    if "serve" not in WHAT[victim]:
        left = _left()
        until(site.is_whole, f"{victim} did not come back")
        if not worker & _workers(site):
            _let_time_pass(bench, *left)
        return
    site.serve.wait(PATIENCE)
    until(site.gone, "somebody outlived serve")
    _let_time_pass(bench, *_left())
    site.start()


def _workers(site: Processes) -> set[int]:
    return {pid for pid, kind in site.family() if kind == "worker"}


def _left() -> tuple[dict[Any, list[str]], list[int]]:
    """Return the tasks that are running, with their workers, and the mails that are being sent."""
    running = dict(DBTaskResult.objects.filter(status="RUNNING").values_list("pk", "worker_ids"))
    leased = Letter.objects.filter(sent_at=None, given_up_at=None, due_at__gt=timezone.now(), attempts__gt=0)
    return running, list(leased.values_list("pk", flat=True))


def _let_time_pass(bench: Bench, running: dict[Any, list[str]], leased: list[int]) -> None:
    """Who was running and sending these is dead: as if the time had passed that tells so."""
    bench.tally["tasks taken up again"] += len(running)
    long_ago = timezone.now() - dt.timedelta(hours=1)
    DBTaskResult.objects.filter(status="RUNNING", pk__in=running).update(started_at=long_ago)
    for name in {name for ids in running.values() for name in ids}:
        cache.delete(schedule.alive(name))
    claimed = Letter.objects.filter(pk__in=leased, sent_at=None)
    bench.tally["mails taken up again"] += claimed.update(due_at=timezone.now())


def compare(bench: Bench, before: int) -> None:
    found = bench.findings
    there = Counter(Comment.objects.filter(pk__gt=before).values_list("body", flat=True))
    found += [f"{text!r} is there {times} times" for text, times in there.items() if times > 1]
    for text, place in list(bench.answered.items()):
        if text not in there:
            found.append(f"{text!r} was answered with {place} and is lost")
        del bench.answered[text]
        bench.tally["comments answered with success, and there"] += 1
    found += audit.rows(before)
    found += audit.counts()
    found += audit.outbox(bench.moderators)
    found += audit.unfinished()
    found += mails(bench)


def mails(bench: Bench) -> list[str]:
    """Compare the mailbox with the outbox. A second copy is told by its Message-ID, as mail servers tell it."""
    copies = Counter((letter["Message-ID"], address) for address, letter in bench.mailbox.letters)
    written = Letter.objects.filter(sent_at__isnull=False).count()
    bench.tally["mails sent"] = written
    bench.tally["mails outdated before their turn"] = Letter.objects.filter(failure=OUTDATED).count()
    bench.tally["second copies, with the Message-ID of the first"] = sum(copies.values()) - len(copies)
    # By what they say: no two different letters to one person about one comment and event.
    said = {(address, letter["Subject"], *NAMED.findall(plain(letter))) for address, letter in bench.mailbox.letters}
    if len({identity for identity, _ in copies}) == len(copies) == len(said) == written:
        return []
    return [f"{written} mails written down, {len(copies)} identities and {len(said)} contents came in"]


def plain(letter: Message) -> bytes:
    return next(part for part in letter.walk() if part.get_content_type() == "text/plain").get_payload(decode=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--posters", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=60, help="No round begins later.")
    options = parser.parse_args()
    bench, killed, began = prepare(options.seed, options.posters), Counter(), time.monotonic()
    try:
        bench.site.start()
        for number in range(1, options.rounds + 1):
            if time.monotonic() - began > options.minutes * 60:
                break
            victim = play(bench, number)
            killed[victim] += 1
            sys.stdout.write(
                f"{number}: killed {victim}; {Comment.objects.count()} comments, {len(bench.findings)} findings\n"
            )
            sys.stdout.flush()
            if bench.findings:
                break
    except (TimeoutError, RuntimeError) as error:
        bench.findings.append(str(error))
    finally:
        bench.site.stop()
    for name, times in [*sorted(killed.items()), *sorted(bench.tally.items())]:
        sys.stdout.write(f"{times:7} {name}\n")
    if bench.findings:
        sys.stdout.write("\n".join(bench.findings[:20]) + "\n")
        sys.stdout.write((HOME / "serve.log").read_text(errors="replace")[-6000:])
    sys.stdout.write(f"{sum(killed.values())} rounds on {connection.vendor}, {len(bench.findings)} findings\n")
    return 1 if bench.findings or sum(killed.values()) < options.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
