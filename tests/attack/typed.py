"""Pages that show again what somebody has typed: the form, the rules and their trial, searches and lost ways."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from comments.models import FilterEntry
from comments.screening.normalise import plain
from newsreader.kit.text import tidy_line
from tests.attack.lists import Attack
from tests.attack.planting import Planting, first_difference, packs, signed_in
from tests.attack.stage import Stage, ask, batches, missing
from tests.factories import make_article, make_editor, make_moderator, make_rule


def typed(stage: Stage, attacks: list[Attack]) -> Planting:
    """Replies that are refused, each with some texts in every field: the form comes back with them."""
    path = f"/articles/{make_article().pk}/reply/"
    planting = Planting()
    for pack in packs(attacks):
        text = " ".join(attack.text for attack in pack)
        fields = dict.fromkeys(["text", "name", "email", "website", "parent", "key"], text)
        answer = stage.client.post(path, fields)
        if answer.status_code in {303, 429}:
            continue
        planting.documents.append((pack, text, answer.content.decode()))
    return planting


_FIELDS = ["#reply-text", "#reply-name", "#reply-email", "#reply-website"]


def typed_back(stage: Stage, planting: Planting, surface: str, fields: list[str], **frames: Any) -> None:
    """Everything typed stands in these fields again, and around them is what always is."""
    usual = ""
    for some in batches(planting.documents, 40):
        seen = stage.frames([html for _, _, html in some], {}, texts=fields, **frames)
        for (pack, text, _), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            usual = usual or one.bones
            if one.bones != usual:
                stage.tally.fault("broke out", surface, pack[0].list, first_difference(usual, one.bones), text)
            for shown in one.texts:
                if gone := missing(text, shown):
                    stage.tally.fault("lost", surface, pack[0].list, f"the form without {gone[:5]}", text)
                    break
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, pack[0].list, what, text)


def reply_page(stage: Stage, planting: Planting, surface: str) -> None:
    typed_back(stage, planting, surface, _FIELDS, pruned="script", loose=".error, .refusal, .closed")


def tried(stage: Stage, attacks: list[Attack]) -> Planting:
    """Texts that editors try their rules on; the first ones are rules as well, and match themselves."""
    editor, planting = signed_in(make_editor(is_superuser=True)), Planting()
    for pack in packs(attacks):
        FilterEntry.objects.all().delete()
        for pattern in dict.fromkeys(tidy_line(attack.text)[:200] for attack in pack[:3]):
            if plain(pattern):
                make_rule(pattern, match="substring", note=pattern)
        text = " ".join(attack.text for attack in pack)
        fields = dict.fromkeys(["text", "name", "email", "website"], text) | {
            "name": text[:245],
            "email": "",
            "website": text[:200],
        }
        verdict, listed = (
            editor.post("/admin/comments/filterentry/try/", fields),
            editor.get("/admin/comments/filterentry/"),
        )
        for name, answer in (("rules: try", verdict), ("rules: list", listed)):
            if answer.status_code != 200:
                stage.tally.fault("error", name, pack[0].list, str(answer.status_code), text)
        planting.documents.append((pack, text, verdict.content.decode()))
        planting.rows.append((pack[0], (pack, listed.content.decode())))
    return planting


def rules_tried(stage: Stage, planting: Planting, surface: str) -> None:
    typed_back(stage, planting, surface, ["#id_text"], pruned="script", loose=".verdict, .errorlist")


def rules_listed(stage: Stage, planting: Planting, surface: str) -> None:
    for some in batches(planting.rows, 40):
        seen = stage.frames(
            [html for _, (_, html) in some], {"#result_list tbody th": {"a": ["href"]}}, pruned="script", texts=[]
        )
        for (_, (pack, _)), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, pack[0].list, what, pack[0].text)


def lost_ways(stage: Stage, attacks: list[Attack]) -> Planting:
    """Addresses and questions that lead nowhere, with some texts in path and query; and searches that find nothing."""
    moderator, planting, known = signed_in(make_moderator()), Planting(), set()
    for pack in packs(attacks, 6, 600):
        text = " ".join(attack.text for attack in pack)
        quoted = quote(text.encode("utf-8", "surrogatepass"), safe="")[:7_000]
        quoted = quoted[: quoted.rfind("%")] if "%" in quoted[-2:] else quoted
        for client, path in (
            (stage.client, f"/nothing/{quoted}"),
            (stage.client, f"/sections/?q={quoted}"),
            (stage.client, f"/search/?q={quoted}"),
            (stage.client, f"/accounts/login/?next={quoted}"),
            (moderator, f"/admin/moderation/?q={quoted}"),
            (moderator, f"/admin/comments/comment/?q={quoted}"),
        ):
            answer = ask(client, "GET", path)
            shown = answer.content.decode(errors="replace")
            if answer.status_code >= 500:
                stage.tally.fault("error", "error and search pages", pack[0].list, path, text)
            if shown not in known and answer.get("Content-Type", "").startswith("text/html"):
                known.add(shown)
                planting.documents.append((pack, text, shown))
            else:
                for each in pack:
                    stage.tally.tried("error and search pages", each.list)
    return planting


def error_pages(stage: Stage, planting: Planting, surface: str) -> None:
    for some in batches(planting.documents, 40):
        seen = stage.frames([html for _, _, html in some], {}, pruned="script", texts=[])
        for (pack, text, _), one in zip(some, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, pack[0].list, what, text)
