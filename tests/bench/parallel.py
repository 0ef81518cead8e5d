"""Rounds of many hands at once over several processes: limits are exact, a key is taken once, a history is one.

    python -m tests.bench.parallel --rounds 20
    DATABASE_URL=postgres://postgres@127.0.0.1/postgres python -m tests.bench.parallel --rounds 20

A round: 50 posts from one network against a limit; 40 sends of one key, by the form or over REST; two moderators who
decide differently about the same comments while others read. Nobody may be answered 500.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.bench.scratch import HOME  # First: it chooses the database.

# isort: split
from django.db import connection

from articles.models.article import Article
from comments.models import Comment
from comments.posting.submission import post_comment
from tests.bench import audit
from tests.bench.processes import Processes, Visitor, until
from tests.factories import make_article, make_draft, make_moderator, make_user, set_rules

POSTS, SENDS, WAITING, READERS = 50, 40, 4, 6


class Bench:
    """The site, who is on it, and what was found."""

    def __init__(self, seed: int, processes: int):
        self.random = random.Random(seed)
        self.site = Processes(processes, EMAIL_URL="dummymail://")
        set_rules(surge_control=False, mails_an_hour=30_000)  # All are told at once, none gathered.
        moderators = [make_moderator() for _ in range(2)]
        self.moderators = [Visitor.of(user, f"203.0.113.{number}") for number, user in enumerate(moderators)]
        self.addresses = [user.email for user in moderators]
        self.member = make_user()
        self.tally: Counter[str] = Counter()
        self.findings: list[str] = []

    def at_once(self, what: str, jobs):
        """Run the jobs at the same moment; returns their answers, in order."""
        barrier = Barrier(len(jobs))

        def run(job):
            barrier.wait()
            return job()

        with ThreadPoolExecutor(len(jobs)) as pool:
            answers = list(pool.map(run, jobs))
        for status, _, _ in answers:
            self.tally[f"{what} answered {status}"] += 1
            if not status or status >= 500:
                self.findings.append(f"{what}: answered {status}")
        return answers

    def expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.findings.append(f"{what}: {found} instead of {wanted}")


def play(bench: Bench, number: int) -> None:
    before = Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    limit(bench, number)
    one_key(bench, number)
    two_moderators(bench, number)
    until(lambda: not audit.untold(), "moderators are not told")
    bench.findings += [*audit.rows(before), *audit.counts(), *audit.outbox(bench.addresses)]


def limit(bench: Bench, number: int) -> None:
    """As many as the limit allows pass, from one address or from one /64."""
    allowed = bench.random.randint(1, 10)
    set_rules(flood_burst=allowed, flood_seconds=600)
    articles = [make_article() for _ in range(3)]

    def send(hand: int):
        address = f"2001:db8:{number:x}:1::{hand + 1:x}" if number % 2 else f"198.51.100.{number % 250}"
        fields = {"text": f"Number {number}, {hand}", "name": f"Ada {hand}", "email": f"ada{hand}@example.org"}
        return Visitor(address).post(f"/articles/{articles[hand % 3].pk}/reply/", fields)

    answers = bench.at_once("a post against the limit", [lambda hand=hand: send(hand) for hand in range(POSTS)])
    statuses = Counter(status for status, _, _ in answers)
    bench.expect("limit", statuses, Counter({303: allowed, 429: POSTS - allowed}))
    bench.expect("rows within the limit", Comment.objects.filter(article__in=articles).count(), allowed)


def one_key(bench: Bench, number: int) -> None:
    """All sends of one key come to one place, and the limit counts one."""
    set_rules(flood_burst=1, flood_seconds=600)
    article, key = make_article(), f"key-{number}"
    visitor = Visitor(f"192.0.2.{number % 250}")
    fields = {"text": f"The same, {number}", "name": "Ada", "email": "ada@example.org"}

    def send():
        if number % 2:
            return visitor.post(f"/articles/{article.pk}/reply/", fields | {"key": key})
        return visitor.post_json(f"/api/v1/articles/{article.pk}/comments/", fields, key)

    answers = bench.at_once("a send of one key", [send] * SENDS)
    places = {place if number % 2 else json.loads(body).get("id") for _, place, body in answers}
    bench.expect("statuses of one key", {status for status, _, _ in answers}, {303 if number % 2 else 201})
    bench.expect("places of one key", len(places), 1)
    bench.expect("rows of one key", Comment.objects.filter(article=article).count(), 1)


def two_moderators(bench: Bench, number: int) -> None:
    """Both are answered, and what each did stands in one history. Readers meet no error meanwhile."""
    set_rules(flood_seconds=0, hold_everything=True)
    article = make_article()
    waiting = [post_comment(make_draft(article, user=bench.member)).pk for _ in range(WAITING)]
    set_rules(hold_everything=False)

    def decide(moderator: Visitor, pk: int, status: str):
        return moderator.post_json(f"/api/v1/comments/{pk}/decisions/", {"status": status, "reason": "off_topic"})

    jobs = []
    for pk in waiting:
        wanted = bench.random.choice([("approved", "trash"), ("approved", "approved"), ("spam", "approved")])
        for moderator, status in zip(bench.moderators, wanted, strict=True):
            jobs.append(lambda moderator=moderator, pk=pk, status=status: decide(moderator, pk, status))
    address = Article.objects.get(pk=article.pk).get_absolute_url()
    answers = bench.at_once("a decision or a reader", jobs + [lambda: Visitor().get(address)] * READERS)
    decided = answers[: len(jobs)]
    bench.expect("statuses of decisions", {status for status, _, _ in decided} - {200, 201}, set())
    made = sum(status == 201 for status, _, _ in decided)
    rows = sum(comment.decisions.exclude(by=None).count() for comment in article.comments.all())
    bench.expect("decisions made", rows, made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=30, help="No round begins later.")
    options = parser.parse_args()
    bench, played, began = Bench(options.seed, options.processes), 0, time.monotonic()
    try:
        bench.site.start()
        while played < options.rounds and not bench.findings and time.monotonic() - began < options.minutes * 60:
            played += 1
            play(bench, played)
            sys.stdout.write(f"{played}: {len(bench.findings)} findings\n")
            sys.stdout.flush()
    except (TimeoutError, RuntimeError) as error:
        bench.findings.append(str(error))
    finally:
        bench.site.stop()
    for name, times in sorted(bench.tally.items()):
        sys.stdout.write(f"{times:7} {name}\n")
    if bench.findings:
        sys.stdout.write("\n".join(bench.findings[:20]) + "\n")
        sys.stdout.write((HOME / "serve.log").read_text(errors="replace")[-6000:])
    sys.stdout.write(f"{played} rounds on {connection.vendor}, {len(bench.findings)} findings\n")
    return 1 if bench.findings or played < options.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
