"""The admin's lists of what moderators keep: rules, bans, reasons, templates, commenters, the log; and their forms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from comments.models import AuditEntry, Ban, BanAppeal, FilterEntry, RefusalReason, ReplyTemplate
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.errors import DomainError
from newsreader.kit.text import tidy
from tests.attack.desk_cards import CELLS, line
from tests.attack.lists import Attack
from tests.attack.planting import CALM, Planting, packs, posted, signed_in
from tests.attack.stage import Stage
from tests.attack.units import LINK, Document, Unit, many, one_by_one, read
from tests.factories import make_article, make_editor

ROWS = 90  # on a page of a hundred
CELL = {CELLS: LINK | {"img": ["src", "alt"], "input": ["type", "name", "value", "class", "aria-label"], "ul": ["class"], "li": [], "q": ["dir"], "span": ["class"]}}  # fmt: skip
MATCHES = [match for match in FilterEntry.Match.values if match != FilterEntry.Match.NETWORK]
_number = count(1)


def kept(stage: Stage, attacks: list[Attack]) -> Planting:
    """A row of each kind for every text, and a calm one before them; the rules are in force while somebody posts."""
    for model in (FilterEntry, Ban, ReplyTemplate, AuditEntry):
        model.objects.all().delete()
    RefusalReason.objects.filter(code__startswith="row-").delete()
    CommenterIdentity.objects.filter(provider="github").delete()
    planting, by = Planting(), make_editor(is_superuser=True)
    planting.member = by
    for attack in (None, *attacks):
        planting.rows.append((attack, _kept(attack.text if attack else CALM[1], by)))  # type: ignore[arg-type]
    some = attacks[0]
    article = make_article()
    for text, website in ((some.text, ""), ("It is https://example.com/ after all", "https://example.com/")):
        try:
            posted(article, f"{text} {next(_number)}", line(some.text, 100), website)
        except DomainError as refusal:
            if refusal.status >= 500:
                stage.tally.fault("error", "admin: rules", some.list, refusal.code, some.text)
    AuditEntry.objects.exclude(subject="attack").delete()
    return planting


def _kept(text: str, by: Any) -> dict[str, Any]:
    number = next(_number)
    identity = CommenterIdentity.objects.create(provider="github", uid=f"kept{number}", display_name=line(text, 245))
    whom: dict[str, Any] = [{"identity": identity}, {"email": f"{number}{line(text, 200)}"}][number % 2]
    ban = Ban.objects.create(**whom, note=line(text, 200), reason=line(text, 40), by=by)
    BanAppeal.objects.create(ban=ban, appellant=BanAppeal.OWNER, by_owner=True, text=tidy(text)[:2_000])
    return {
        "filterentry": FilterEntry.objects.create(
            pattern=f"{number} {line(text, 190)}", match=MATCHES[number % len(MATCHES)], note=line(text, 200),
            action=FilterEntry.Action.HOLD, examples=tidy(text)[:2_000], counterexamples=tidy(text)[:2_000],
        ),
        "ban": ban,
        "commenteridentity": identity,
        "refusalreason": RefusalReason.objects.create(code=f"row-{number}", label=line(text, 100), sentence=tidy(text)),
        "replytemplate": ReplyTemplate.objects.create(title=line(text, 100), text=tidy(text)),
        "auditentry": AuditEntry.objects.create(kind="label", subject="attack", facts={"kind": line(text, 100)}),
    }  # fmt: skip


def _list(kind: str, words: Any, room: str = "comments") -> Any:
    def check(stage: Stage, planting: Planting, surface: str) -> None:
        units = {
            str(rows[kind].pk): Unit(attack, {CELLS: words(attack.text)} if attack else {})
            for attack, rows in planting.rows
        }
        path = {"refusalreason": "?q=", "commenteridentity": "?provider__exact=github"}.get(kind, "")
        if kind == "refusalreason":
            units |= {str(pk): Unit(None) for pk in RefusalReason.objects.exclude(code__startswith="row-").values_list("pk", flat=True)}  # fmt: skip
        many(stage, surface, f"/admin/{room}/{kind}/{path}", units, CELL, client=signed_in(planting.member))

    return check


rules_list = _list("filterentry", lambda text: f"{line(text, 190)} {line(text, 200)}")
bans_list = _list("ban", lambda text: f"{line(text, 200)} {tidy(text)[:2_000] if len(text) <= 300 else ''}")
commenters_list = _list("commenteridentity", lambda text: line(text, 245), "accounts")
reasons_list = _list("refusalreason", lambda text: f"{line(text, 100)} {tidy(text)}")
templates_list = _list("replytemplate", lambda text: line(text, 100))
log_list = _list("auditentry", lambda text: line(text, 100))


def kept_in_packs(stage: Stage, attacks: list[Attack]) -> Planting:
    """A row of each kind for some texts together, as their forms show them."""
    planting, by = Planting(), make_editor(is_superuser=True)
    planting.member = by
    for pack in packs(attacks, 12, 1_900):
        text = " ".join(attack.text for attack in pack)
        planting.rows.append((pack[0], (pack, text, _kept(text, by))))
    return planting


def _form(kind: str, fields: dict[str, int]) -> Any:
    """Return the check of the admin's form of a kind: each field holds the text, up to so many characters."""

    def check(stage: Stage, planting: Planting, surface: str) -> None:
        client = signed_in(planting.member)

        def opened() -> Iterator[Document]:
            for _, (pack, text, rows) in planting.rows:
                answer = client.get(f"/admin/comments/{kind}/{rows[kind].pk}/change/")
                words = {
                    field: line(text, length) if length < 300 else tidy(text)[:length]
                    for field, length in fields.items()
                }
                yield Document(pack, read(stage, surface, pack, answer), words)

        boxes = {".readonly": CELL[CELLS] | {"time": ["datetime"]}}
        one_by_one(stage, surface, opened(), boxes, pruned=".readonly, select, .breadcrumbs")

    return check


rule_form = _form(
    "filterentry", {"#id_pattern": 190, "#id_note": 200, "#id_examples": 2_000, "#id_counterexamples": 2_000}
)
ban_form = _form("ban", {"#id_note": 200, ".appeals": 2_000})
reason_form = _form("refusalreason", {"#id_label": 100, "#id_sentence": 10_000})
template_form = _form("replytemplate", {"#id_title": 100, "#id_text": 10_000})
