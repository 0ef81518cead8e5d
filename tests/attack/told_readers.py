"""Strangers' words where people are told of them: mails to readers, moderators and authors, chat rooms, one's data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from articles.models.article import Article
from comments.models import ChatHook, ChatMessage, Decision, Notice
from comments.notifications import chat_words, mailings
from comments.notifications.links import choices_url, queue_url
from comments.notifications.moderators import listed
from newsreader.mailing import letter as letters
from newsreader.personal_data import export, people
from tests.accounts.test_second_factor import confirm
from tests.attack.lists_of_comments import _owned
from tests.attack.mails import wrong_with
from tests.attack.planting import CALM, STATUS, Planting, first_difference, signed_in
from tests.attack.stage import Stage, batches, missing
from tests.attack.stage import letters as letters_of

TOGETHER = 8  # comments in one digest
SHOWN = 20  # rows of what has happened


def _packs(planting: Planting) -> Iterator[list[Any]]:
    """Some comments at a time, each under a headline that is the attack itself."""
    for some in batches(planting.comments.values(), TOGETHER):
        pack = []
        for attack, comment in some:
            comment.article = Article(
                pk=planting.article.pk, headline=attack.text[:300], state="published", standfirst=attack.text[:500],
                slug="calm", published_at=timezone.now(),
            )  # fmt: skip
            pack.append((attack, comment))
        yield pack


def _mailed(stage: Stage, surface: str, pack: list[Any], name: str, context: dict[str, Any], words: str) -> None:
    message = letters.written(name, "reader@example.org", context)
    for attack, _comment in pack:
        stage.tally.tried(surface, attack.list)
    if wrong := wrong_with(message, "reader@example.org", words):
        what = f"{name}: {wrong}"
        stage.tally.fault("broke out", surface, pack[0][0].list, what, " | ".join(each.text for each, _ in pack))


def reader_mails(stage: Stage, planting: Planting, surface: str) -> None:
    """Mails to readers: alone, of each kind, and gathered in a digest."""
    for pack in _packs(planting):
        entries = []
        for attack, comment in pack:
            comment.status, comment.picked_at = STATUS.APPROVED, timezone.now()
            rows = [
                Notice(kind=kind, comment=comment, article=comment.article, about_id=0, is_reply=reply)
                for kind, reply in (("comment", True), ("comment", False), ("published", False), ("picked", False))
            ]
            for entry in mailings._entries(rows, mailings.WHOLE):
                quoted = [line for line in entry["words"].split("\n") if not line.startswith(">")]
                if quoted:  # What is not marked as a stranger's would be taken for ours.
                    stage.tally.fault("broke out", surface, attack.list, f"unmarked {quoted[0][:60]!r}", attack.text)
                _mailed(stage, surface, [(attack, comment)], f"reader_{entry['kind']}", entry, comment.words)
            entries.append(mailings._entries(rows[:1], mailings.SHORT)[0])
        groups = [
            {"article": each["article"], "article_url": each["article_url"], "entries": [each]} for each in entries
        ]
        names = " ".join(comment.shown_name for _, comment in pack)
        _mailed(stage, surface, pack, "reader_digest", {"groups": groups, "count": len(entries), "more": 0}, names)


def newsroom_mails(stage: Stage, planting: Planting, surface: str) -> None:
    """Digests to moderators and authors, and the mail about one comment to the article's author."""
    for pack in _packs(planting):
        size = len(pack)
        context = listed([comment for _, comment in pack]) | {
            "size": size, "more": 0, "in_all": size, "desk_url": queue_url(), "choices_url": choices_url()
        }  # fmt: skip
        names = " ".join(comment.shown_name for _, comment in pack)
        for name in ("comments_waiting", "author_comments"):
            _mailed(stage, surface, pack, name, context, names)
        attack, comment = pack[0]
        words = letters.quoted(comment.body)
        alone = {
            "comment": comment, "words": words, "article": comment.article, "comment_url": "http://testserver/c/"
        }  # fmt: skip
        _mailed(stage, surface, [(attack, comment)], "author_comment", alone, comment.body)


def chat_messages(stage: Stage, planting: Planting, surface: str) -> None:
    """What a chat room is sent: JSON in which a stranger's words are plain text, and no markup of a chat."""
    hook = ChatHook(pk=1, name="Desk", host="hooks.example.com")
    for pack in _packs(planting):
        rows = []
        for attack, comment in pack:
            comment.status = STATUS.PENDING
            rows.append(ChatMessage(hook=hook, event="waiting", comment=comment))
            told = chat_words.payload(rows[-1:])
            stage.tally.tried(surface, attack.list)
            _sound(stage, surface, attack, told)
        _sound(stage, surface, pack[0][0], chat_words.payload(rows))


def _sound(stage: Stage, surface: str, attack: Any, told: Any) -> None:
    read = json.loads(json.dumps(told)) if told else {"text": "", "blocks": []}
    blocks = read["blocks"]
    shape = [block["text"]["type"] for block in blocks]
    if not told or read != told or read.keys() != {"text", "blocks"} or shape[-1:] != ["mrkdwn"]:
        stage.tally.fault("lost", surface, attack.list, f"told {str(told)[:80]}", attack.text)
        return
    strangers = [block["text"]["text"] for block in blocks[:-1]]
    if set(shape[:-1]) != {"plain_text"} or any(block["text"].get("emoji") for block in blocks):
        stage.tally.fault("broke out", surface, attack.list, f"as {shape}", attack.text)
    for text in (*strangers, read["text"]):
        bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        found = [mark for mark in "<>&" if mark in bare] + ["@" for at in ("@here", "@channel") if at in bare]
        if found:
            stage.tally.fault("broke out", surface, attack.list, f"{found} in {text[:80]!r}", attack.text)
    if any(len(text) > 3_000 for text in strangers):  # More, and Slack refuses the whole message.
        stage.tally.fault("error", surface, attack.list, f"{max(map(len, strangers))} characters", attack.text)
    link = blocks[-1]["text"]["text"]
    if not link.startswith("<http://testserver/admin/") or link.count("<") != 1 or link.count("|") != 1:
        stage.tally.fault("broke out", surface, attack.list, f"leads to {link[:80]!r}", attack.text)


def data_page(stage: Stage, planting: Planting, surface: str) -> None:
    """One's data as a page: each value in its place, and whole."""
    client = signed_in(_owned(planting))
    confirm(client)
    html = b"".join(client.post("/accounts/my-data/", {"form": "page"}).streaming_content).decode()
    seen = stage.frames(
        [html], {".ledger dd": {"bdi": [], "br": [], "div": [], "time": ["datetime"]}}, pruned=".ledger dd, script",
        texts=["main"],
    )[0]  # fmt: skip
    shown = (seen.texts or [""])[0]
    for attack, comment in planting.comments.values():
        stage.tally.tried(surface, attack.list)
        if gone := missing(f"{comment.body} {comment.name} {comment.website}", shown):
            stage.tally.fault("lost", surface, attack.list, f"page without {gone[:5]}", attack.text)
    for kind, what, _where in seen.faults:
        stage.tally.fault(kind, surface, planting.list, what)


def data_file(stage: Stage, planting: Planting, surface: str) -> None:
    """One's data as a file: JSON, with every text to the letter."""
    person = people.of_account(_owned(planting).pk)
    read = json.loads("".join(export.as_json(person)))
    rows = {row["id"]: row for row in read["comments"]}
    for pk, (attack, comment) in planting.comments.items():
        stage.tally.tried(surface, attack.list)
        row = rows.get(pk, {})
        if row.get("text") != comment.body or (row.get("name") or "") != comment.name:
            stage.tally.fault("lost", surface, attack.list, str(row)[:120], attack.text)


def happenings(stage: Stage, planting: Planting, surface: str) -> None:
    """“Since you last looked”: who replied to one's comment, each on a row that looks like the calm one."""
    client, article = signed_in(_owned(planting)), planting.article
    mine = article.comments.exclude(identity=None).values_list("identity", flat=True)[0]
    told = set(
        Decision.objects.filter(comment__article=article, after=STATUS.APPROVED).values_list("comment", flat=True)
    )
    before, stage.client = stage.client, client
    calm = planting.calm[1]
    for some in batches([(pk, each) for pk, each in planting.comments.items() if pk in told], SHOWN - 1):
        shown = dict(some)
        article.comments.filter(pk__in=[*shown, calm]).update(
            identity=None
        )  # Replies of guests, to a comment of one's own.
        status = stage.open("/accounts/comments/")
        units, page = stage.look({"#happened bdi": {}}, unit="#happened li", text="bdi", name="bdi")
        article.comments.update(identity=mine)
        names = {letters_of(str(unit["name"])) for unit in units}
        if status != 200 or len(units) != len(shown) + 1:
            what = f"{status}, {len(units)} of {len(shown) + 1} are told"
            stage.tally.fault("lost", surface, some[0][1][0].list, what)
        for attack, comment in shown.values():
            stage.tally.tried(surface, attack.list)
            if letters_of(comment.shown_name) not in names:
                stage.tally.fault("lost", surface, attack.list, f"no {comment.shown_name[:60]!r}", attack.text)
        usual = next((unit["bones"] for unit in units if unit["name"] == CALM[1]), "")
        for unit in units:
            if unit["bones"] != usual:
                what = first_difference(usual, unit["bones"])
                stage.tally.fault("broke out", surface, some[0][1][0].list, what, str(unit["name"]))
        for kind, what, where in page.faults:
            stage.tally.fault(kind, surface, some[0][1][0].list, f"{what} {where}")
    stage.client = before
