"""What editors, authors and programs see of comments: the queue, one's own, REST, the stored row."""

from __future__ import annotations

import re
from typing import Any

from comments.models import Comment
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.text import tidy
from tests.attack.discussion import compare, is_whole
from tests.attack.lists import Attack
from tests.attack.planting import STATUS, Planting, approve, links_of, read_html, signed_in
from tests.attack.stage import IMPORTED, WRITTEN, Stage, batches, missing, parsed
from tests.factories import make_moderator, make_user


def queue(stage: Stage, planting: Planting, surface: str) -> None:
    """The moderators' queue: fifty at a time, each held."""
    article, rows = planting.article, planting.article.comments
    before = stage.client
    stage.client = signed_in(make_moderator())
    for some in batches(planting.comments.items(), 45):
        shown = dict(some)
        rows.update(status=STATUS.APPROVED)
        rows.filter(pk__in=[*shown, *planting.calm]).update(status=STATUS.PENDING)
        if stage.open(f"/admin/moderation/?article={article.pk}") != 200:
            stage.tally.fault("error", surface, planting.list, "the queue could not be opened")
            continue
        units, page = stage.look(
            {".comment-text": IMPORTED if planting.imported else WRITTEN},
            unit="article[data-comment]", text=".comment-text", name="h2", loose=".why, .mark, .same-text, .whole, form.deeds",
        )  # fmt: skip
        part = Planting(article, shown, planting.calm, imported=planting.imported, list=some[0][1][0].list)
        compare(stage, part, surface, units, page.faults)
    approve(article)
    stage.client = before


def _owned(planting: Planting) -> Any:
    """Put all of them under one account, as claiming does."""
    if planting.member is None:
        planting.member = make_user()
        identity = CommenterIdentity.objects.create(
            provider="email", uid=str(planting.member.pk), user=planting.member, display_name="Mine"
        )
        planting.article.comments.update(identity=identity)
    return planting.member


def private_fragment(stage: Stage, planting: Planting, surface: str) -> None:
    """What the page fetches for who is signed in: their comments that wait."""
    client = signed_in(_owned(planting))
    planting.article.comments.update(status=STATUS.PENDING)
    answer = client.get(f"/articles/{planting.article.pk}/you/")
    approve(planting.article)
    seen = stage.frames(
        [answer.content.decode()], {"#yours .comment-text": WRITTEN, ".comment-name": {}}, pruned=".comment-text",
        texts=["#yours .comment-text", "#yours .comment-name", "#yours .comment-text a"],
    )[0]  # fmt: skip
    shown = stage.page.evaluate(
        """markup => { const held = new DOMParser().parseFromString(markup, "text/html"), all = [...held.querySelectorAll("#yours > ol > li > article.comment")];
        return all.map(one => [window.__text(one.querySelector(".comment-text")), one.querySelector(".comment-name").textContent,
          [...one.querySelectorAll(".comment-text a")].map(link => link.getAttribute("href") ?? "")]); }""",
        answer.content.decode(),
    )
    _in_order(stage, planting, surface, seen.faults, shown)


def _in_order(stage: Stage, planting: Planting, surface: str, faults: list[list[str]], shown: list[Any]) -> None:
    every = list(
        Comment.objects.filter(pk__in=[*planting.comments, *planting.calm])
        .order_by("path")
        .values_list("pk", flat=True)
    )
    if len(shown) != len(every):
        stage.tally.fault("broke out", surface, planting.list, f"{len(shown)} of {len(every)} comments are there")
    for pk, (text, name, links) in zip(every, shown, strict=False):
        if pk in planting.comments:
            attack, comment = planting.comments[pk]
            stage.tally.tried(surface, attack.list)
            is_whole(stage, surface, attack, comment, text, links, name, planting)
    for kind, what, _where in faults:
        stage.tally.fault(kind, surface, planting.list, what)


def my_comments(stage: Stage, planting: Planting, surface: str) -> None:
    """One's own list, twenty a page, as excerpts."""
    before, stage.client = stage.client, signed_in(_owned(planting))
    by_pk = planting.comments
    for number in range(1, -(-(len(by_pk) + len(planting.calm)) // 20) + 1):
        stage.open(f"/accounts/comments/?page={number}" if number > 1 else "/accounts/comments/")
        units, page = stage.look(
            {".comment-text": {}}, unit="article[data-comment]", text=".comment-text", name="h2", loose=".badge"
        )
        bones = {unit["bones"] for unit in units}
        for unit in units:
            attack, comment = by_pk.get(int(unit["id"]), (Attack("", planting.list), None))
            if comment:
                stage.tally.tried(surface, attack.list)
                if len(comment.body) < 150 and "\n" not in comment.body:
                    # An excerpt is without markup, and so without the number that a list begins with.
                    begun = [number or "1" for number in re.findall(r'<ol(?: start="(\d+)")?>', comment.html)]
                    if gone := missing(comment.body, " ".join([unit["text"] or "", *begun]), links_of(comment.html)):
                        stage.tally.fault("lost", surface, attack.list, f"text without {gone[:5]}", attack.text)
        if len(bones) > 1:
            stage.tally.fault("broke out", surface, planting.list, " / ".join(bones))
        for kind, what, where in page.faults:
            stage.tally.fault(kind, surface, planting.list, f"{what} {where}")
    stage.client = before


def api_comments(stage: Stage, planting: Planting, surface: str) -> None:
    """What programs read: the text as it was typed, HTML of the allowed tags alone."""
    client = signed_in(make_moderator())
    allowed = IMPORTED if planting.imported else WRITTEN
    under = f"comments/{planting.root.pk}/replies" if planting.root else f"articles/{planting.article.pk}/comments"
    planting.article.comments.filter(pk__in=list(planting.comments)[::2]).update(status=STATUS.PENDING)
    found: dict[int, Any] = {}
    for path in (f"/api/v1/{under}/?limit=100", f"/api/v1/moderation/queue/?limit=100&article={planting.article.pk}"):
        while path:
            answer = client.get(path)
            body = parsed(answer)
            found |= {row["id"]: row for row in body["results"]}
            path = (body["next"] or "").removeprefix("http://testserver")
    approve(planting.article)
    for pk, (attack, comment) in planting.comments.items():
        stage.tally.tried(surface, attack.list)
        row = found.get(pk)
        if row is None:
            stage.tally.fault("lost", surface, attack.list, f"comment {pk} is missing", attack.text)
            continue
        if row["text"] != comment.body or row["author"]["name"] != (comment.name or "Anonymous"):
            stage.tally.fault("lost", surface, attack.list, "not as it was stored", attack.text)
        wrong = [
            tag for tag, names in read_html(row["html"]).tags if tag not in allowed or set(names) - set(allowed[tag])
        ]
        if wrong:
            stage.tally.fault("broke out", surface, attack.list, f"<{wrong[0]}>", attack.text)


def unchanged(stage: Stage, planting: Planting, surface: str) -> None:
    """What is stored is what was typed: NFC, newlines, without what cannot be stored, and nothing else."""
    for attack, comment in planting.comments.values():
        stage.tally.tried(surface, attack.list)
        typed = attack.text if planting.imported else comment.body.removeprefix("See: ")
        kept = tidy(attack.text)
        if planting.imported:
            same = comment.body == tidy(typed)
        else:
            same = comment.body in {kept.strip(), f"See: {kept}".strip()}
        if not same:
            stage.tally.fault("lost", surface, attack.list, f"stored as {comment.body[:80]!r}", attack.text)
