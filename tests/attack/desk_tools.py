"""The desk's tools for one comment: templates, reasons, whom to ban, and what was typed into them and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import signing
from django.test import Client

from comments.models import Ban, Comment, ConnectionData, Note, RefusalReason, ReplyTemplate, Revision
from comments.notifications.links import SALT, Action
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.text import tidy
from tests.attack.desk_cards import CARD, line
from tests.attack.lists import Attack
from tests.attack.planting import Planting, signed_in
from tests.attack.stage import WRITTEN, Stage
from tests.attack.units import Document, one_by_one, read
from tests.factories import make_editor

_FAR = 2**40  # seconds since 1970: links that do not end
TOOLS = {
    "#tool-ban fieldset": {"legend": [], "label": ["class"], "input": ["type", "name", "value", "required", "checked"], "bdi": []},
    "select": {"option": ["value", "selected"]},
    ".tool > p": {},
}  # fmt: skip


def _laden(comment: Comment, pack: list[Attack]) -> Client:
    """Put a pack beside its comment, and into all that is offered there; return a moderator whose name it is as well."""
    first, texts = pack[0].text, [attack.text for attack in pack]
    identity, _ = CommenterIdentity.objects.get_or_create(
        provider="github", uid=str(comment.pk), defaults={"display_name": line(first, 245)}
    )
    if comment.identity_id != identity.pk:
        by = make_editor(name=line(first, 245))
        comment.identity = identity
        comment.save(update_fields=["identity"])
        Ban.objects.create(identity=identity, by=by, note=line(first, 200), reason=line(first, 40))
        Note.objects.bulk_create(Note(comment=comment, by=by, text=tidy(text)[:1_000]) for text in texts)
        Revision.objects.create(comment=comment, by=by, body=comment.body)
        ConnectionData.objects.filter(comment=comment).update(email=line(first, 254), user_agent=line(first, 254))
    ReplyTemplate.objects.all().delete()
    ReplyTemplate.objects.bulk_create(ReplyTemplate(title=line(text, 100), text=tidy(text)[:10_000]) for text in texts)
    RefusalReason.objects.filter(code__startswith="hostile").delete()
    RefusalReason.objects.bulk_create(
        RefusalReason(code=f"hostile-{at}", label=line(text, 100)) for at, text in enumerate(texts)
    )
    return signed_in(comment.notes.first().by)


def _laden_all(planting: Planting) -> Iterator[tuple[Comment, list[Attack], Client]]:
    for (_, comment), (_, pack) in zip(planting.comments.values(), planting.rows, strict=True):
        yield comment, pack, _laden(comment, pack)


def _offered(comment: Comment, pack: list[Attack]) -> dict[str, str]:
    """What stands in the tools, wherever they are shown."""
    return {
        "#tool-reply": " ".join(line(attack.text, 100) for attack in pack),
        "[data-template] option": " ".join(tidy(attack.text) for attack in pack),
        "#tool-edit textarea": comment.body,
        "#tool-ban": " ".join(line(attack.text, 100) for attack in pack),
        "#tool-ban fieldset": line(pack[0].text, 245),
        ".tool > p": line(pack[0].text, 245),
    }


def tools_part(stage: Stage, planting: Planting, surface: str) -> None:
    """What the desk's script puts into its dialogue."""

    def opened() -> Iterator[Document]:
        for comment, pack, client in _laden_all(planting):
            answer = client.get(f"/admin/moderation/{comment.pk}/?part=tools")
            yield Document(pack, read(stage, surface, pack, answer), _offered(comment, pack))

    one_by_one(stage, surface, opened(), TOOLS, pruned="select")


def tools_typed_back(stage: Stage, planting: Planting, surface: str) -> None:
    """The page of one comment, after a note that was too long, with the card, the record, and what was done before."""
    names = {".messagelist", ".claimed", ".beside", ".decisions"}
    colleague = signed_in(make_editor())  # Nobody is told that they have a comment open themselves.

    def opened() -> Iterator[Document]:
        for comment, pack, client in _laden_all(planting):
            typed = " ".join(attack.text for attack in pack) + " and more" * 200
            client.post("/admin/moderation/", {"action": "claim", "ids": comment.pk})
            to = comment.notes.first().by_id
            colleague.post("/admin/moderation/", {"action": "hand-over", "to": to, "ids": comment.pk})
            answer = colleague.post("/admin/moderation/", {"action": "note", "ids": comment.pk, "text": typed})
            words = dict.fromkeys(names, line(pack[0].text, 245)) | {"#tool-note textarea": typed}
            words[".beside"] += " ".join(tidy(attack.text)[:1_000] for attack in pack)
            words[".earlier"] = comment.body
            yield Document(pack, read(stage, surface, pack, answer, status=422), words | _offered(comment, pack))

    pruned = "select, .comment-text, .why, .decisions, .who, .messagelist, .breadcrumbs"
    one_by_one(
        stage,
        surface,
        opened(),
        CARD | TOOLS | {".messagelist li": {}, ".decisions": CARD[".decisions"] | {"code": []}},
        pruned=pruned,
        loose=".mark",
    )


def mail_links(stage: Stage, planting: Planting, surface: str) -> None:
    """What the links of moderators' mails open: the comment, and who has decided about it meanwhile."""

    def opened() -> Iterator[Document]:
        for comment, pack, _client in _laden_all(planting):
            last: Any = comment.decisions.order_by("-number").first()
            action = Action(comment.pk, last.by_id, "trash", last.number - 1, _FAR)
            token = signing.Signer(salt=SALT).sign_object(list(action))
            answer = Client().get(f"/moderation/link/{token}/")
            words = {".comment-name": comment.name, ".comment-status": last.by.name}
            yield Document(pack, read(stage, surface, pack, answer), words)

    boxes = {".comment-text": WRITTEN, ".comment-status": {"p": [], "strong": []}, ".comment-name": {}}
    one_by_one(stage, surface, opened(), boxes, pruned=".comment-text, title")
