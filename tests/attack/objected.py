"""What readers report and object to, on their private pages: with the reasons editors wrote, and what was typed again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from comments.models import Appeal, Ban, Comment, Decision, RefusalReason, Report
from comments.objections import reports
from comments.screening.ban_checks import BanNotice
from tests.attack.desk_cards import line
from tests.attack.lists import Attack
from tests.attack.planting import STATUS, Planting, packs, posted, signed_in
from tests.attack.stage import Stage
from tests.attack.typed import typed_back
from tests.attack.units import Document, one_by_one, read
from tests.factories import make_article, make_comment, make_editor, set_rules

CODE = "hostile"
FIELDS = ["#report-detail", "#report-law", "#report-name", "#report-email"]
_number = count(1)
_TEXT = {"p": [], "br": []}
Packed = tuple[Any, list[Attack], str]


def _packed(attacks: list[Attack]) -> Iterator[tuple[list[Attack], str]]:
    for pack in packs(attacks, 12, 1_900):
        yield pack, ("See: " + " ".join(attack.text for attack in pack))[:1_990]


def _because(text: str) -> None:
    """Have the reason of every refusal read so."""
    reason = {"label": line(text, 100), "sentence": text}
    RefusalReason.objects.update_or_create(code=CODE, defaults=reason)


def _from(address: int) -> Client:
    """Return somebody in a network of their own."""
    return Client(raise_request_exception=False, REMOTE_ADDR=f"198.19.{address // 250 % 250}.{address % 250}")


# --- Reports ------------------------------------------------------------------------------------------------------


def reported(stage: Stage, attacks: list[Attack]) -> Planting:
    """Notices of what is against the law, and the form of some that are refused."""
    set_rules(flags_hold=0)
    planting, comment = Planting(), make_comment()
    for pack, text in _packed(attacks):
        first, client = line(pack[0].text, 200), _from(next(_number))
        visitor = reports.Reporter(address=client.defaults["REMOTE_ADDR"])
        notice = {"detail": text, "law": f"§ {first}"[:200], "name": first, "email": "x@example.org"}
        row = reports.report(comment.pk, reason="illegal", good_faith=True, visitor=visitor, **notice)
        planting.rows.append((pack[0], (row, pack, text)))
        typed = dict.fromkeys(["reason", "detail", "law", "name", "email", "good_faith"], text)
        answer = client.post(f"/comments/{comment.pk}/flag/?{urlencode({'reason': first[:20]})}", typed)
        planting.documents.append((pack, text, read(stage, "report form, typed back", pack, answer, status=422)))
    return planting


def report_form(stage: Stage, planting: Planting, surface: str) -> None:
    typed_back(stage, planting, surface, FIELDS, pruned="script", loose=".error, .refusal")


def receipts(stage: Stage, planting: Planting, surface: str) -> None:
    """The receipt of a report whose comment stays, with the objection to that, and a second one, which is refused."""

    def opened() -> Iterator[Document]:
        for _, (row, pack, text) in planting.rows:
            _because(text)
            client, kept = _from(row.pk), {"outcome": "kept", "decision_reason": CODE, "settled_at": timezone.now()}
            for _once in range(2):
                Report.objects.filter(pk=row.pk).update(**kept)
                answer = client.post(row.status_url, {"objection": text})
            words = dict.fromkeys([".facts", ".comment-status", ".appeal-text", "#objection-words"], text)
            yield Document(pack, read(stage, surface, pack, answer, status=409), words)

    boxes = {
        ".facts dd": LINKED,
        ".comment-status": LINKED | {"p": [], "strong": [], "span": ["dir"]},
        ".appeal-text": _TEXT,
    }
    one_by_one(stage, surface, opened(), boxes, pruned="dd, .comment-status, .appeal-text", loose=".error")


LINKED = {"br": [], "a": ["href"], "time": ["datetime"]}


def report_records(stage: Stage, planting: Planting, surface: str) -> None:
    _records(stage, planting, surface, "report", ".field-detail .readonly, .field-law .readonly, .field-name .readonly")


# --- Appeals ------------------------------------------------------------------------------------------------------


def appealed(stage: Stage, attacks: list[Attack]) -> Planting:
    """Refused authors who object, and object again."""
    planting, article, by = Planting(), make_article(), make_editor()
    for pack, text in _packed(attacks):
        comment = posted(article, f"A calm word, {next(_number)}.", "Calm", "")
        Comment.objects.filter(pk=comment.pk).update(status=STATUS.TRASH)
        reasons = [{"code": CODE, "params": {}}]
        Decision.objects.create(comment=comment, number=2, by=by, after=STATUS.TRASH, reasons=reasons)
        stage.client.post(comment.status_url, {"action": "appeal", "appeal": text})
        row = Appeal.objects.filter(comment=comment).first()
        if row is None:
            stage.tally.fault("lost", "status page, objecting", pack[0].list, "the objection was not taken", text)
        else:
            planting.rows.append((pack[0], (row, pack, text)))
    return planting


def objections(stage: Stage, planting: Planting, surface: str) -> None:
    """The status page with the reason of the refusal, the objection to it, and a second one, which is refused."""

    def opened() -> Iterator[Document]:
        for _, (row, pack, text) in planting.rows:
            _because(text)
            answer = stage.client.post(row.comment.status_url, {"action": "appeal", "appeal": text})
            words = dict.fromkeys([".refusal-reason", ".appeal-text", "#appeal-words"], text)
            yield Document(pack, read(stage, surface, pack, answer, status=409), words)

    one_by_one(stage, surface, opened(), {".refusal-reason": {}, ".appeal-text": _TEXT}, pruned=".appeal-text")


def appeal_records(stage: Stage, planting: Planting, surface: str) -> None:
    _records(stage, planting, surface, "appeal", ".field-text .readonly")


def _records(stage: Stage, planting: Planting, surface: str, kind: str, field: str) -> None:
    """The admin's page of each."""
    client = signed_in(make_editor())

    def opened() -> Iterator[Document]:
        for _, (row, pack, text) in planting.rows:
            answer = client.get(f"/admin/comments/{kind}/{row.pk}/change/")
            yield Document(pack, read(stage, surface, pack, answer), {field: text})

    one_by_one(stage, surface, opened(), {".readonly": LINKED | {"img": ["src", "alt"]}}, pruned=".readonly")


# --- Bans ---------------------------------------------------------------------------------------------------------


def bans_told(stage: Stage, planting: Planting, surface: str) -> None:
    """A reply that is refused to somebody banned, with the reason; the same texts have been planted as appeals."""
    article = make_article()

    def opened() -> Iterator[Document]:
        for _, (row, pack, text) in planting.rows:
            _because(text)
            Ban.objects.all().delete()
            client = _from(row.pk)
            Ban.objects.create(network=f"{client.defaults['REMOTE_ADDR']}/32", reason=CODE)
            fields = {"text": text, "name": "Calm", "email": "calm@example.org"}
            answer = client.post(f"/articles/{article.pk}/reply/", fields)
            words = {".refusal": text, "#reply-text": text}
            yield Document(pack, read(stage, surface, pack, answer, status=403), words)

    one_by_one(stage, surface, opened(), {".refusal": {"p": [], "a": ["href", "data-action"]}}, pruned=".refusal")


def bans_objected(stage: Stage, planting: Planting, surface: str) -> None:
    """The private page of a ban: its reason, the objection to it, and a second one, which is refused."""

    def opened() -> Iterator[Document]:
        for _, (row, pack, text) in planting.rows:
            _because(text)
            Ban.objects.all().delete()
            client = _from(row.pk)
            ban = Ban.objects.create(network=f"{client.defaults['REMOTE_ADDR']}/32", reason=CODE)
            url = BanNotice(ban.pk, f"r{row.pk}", "t").url
            for _once in range(2):
                answer = client.post(url, {"appeal": text})
            words = dict.fromkeys(["#ban-status", ".appeal-text", "#appeal-words"], text)
            yield Document(pack, read(stage, surface, pack, answer, status=409), words)

    one_by_one(
        stage,
        surface,
        opened(),
        {"#ban-status": {"p": ["dir"], "strong": []}, ".appeal-text": _TEXT},
        pruned=".appeal-text",
    )
