"""Pages that show one comment alone: status, confirmation, answer, the admin's form. A dozen texts in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comments.models import Comment, Decision, EmailConfirmation
from newsreader.accounts.identities import shown_name
from newsreader.kit.errors import DomainError
from newsreader.kit.text import tidy_line
from tests.attack.lists import Attack
from tests.attack.planting import CALM, STATUS, Planting, approve, first_difference, links_of, packs, posted, signed_in
from tests.attack.stage import WRITTEN, Stage, batches, missing
from tests.factories import make_article, make_moderator


def packed(stage: Stage, attacks: list[Attack]) -> Planting:
    """Comments that hold a dozen texts each, for pages that show one comment alone; the first is the name as well."""
    article = make_article()
    planting = Planting(article)
    moderator = make_moderator(name=tidy_line(attacks[0].text)[:200])
    for pack in packs(attacks, 12, 9_800):
        text = "Pack\n\n" + "\n\n".join(attack.text for attack in pack)
        name = shown_name(pack[0].text[:200]) or CALM[1]
        try:
            comment = posted(article, text[:10_000], name, "")
        except DomainError as refusal:
            stage.tally.fault("error", "pack", pack[0].list, refusal.code, text)
            continue
        reasons = [
            {"code": "held_words", "params": {"words": [attack.text[:200] for attack in pack]}},
            {"code": pack[-1].text[:40], "params": {}},
        ]
        Decision.objects.create(comment=comment, number=2, by=moderator, after=STATUS.APPROVED, reasons=reasons)
        planting.comments[comment.pk] = pack[0], comment
        planting.rows.append((pack[0], pack))
    approve(article)
    return planting


_SHOWN = ".comment-text, .answered, title"


def _alone(
    stage: Stage, planting: Planting, surface: str, ask: Callable[[Comment], Any], boxes: dict[str, Any], text: str
) -> None:
    usual = ""
    for some in batches(zip(planting.comments.values(), planting.rows, strict=True), 30):
        answers = [ask(comment) for (_, comment), _ in some]
        seen = stage.frames(
            [answer.content.decode() for answer in answers], boxes,
            pruned=f"{_SHOWN}, .readonly, .breadcrumbs, script", texts=[text], loose=".error, .deeds",
        )  # fmt: skip
        for ((attack, comment), (_, pack)), answer, one in zip(some, answers, seen, strict=True):
            for each in pack:
                stage.tally.tried(surface, each.list)
            if answer.status_code >= 500:
                stage.tally.fault("error", surface, attack.list, str(answer.status_code), comment.body)
            usual = usual or one.bones
            if one.bones != usual:
                stage.tally.fault("broke out", surface, attack.list, first_difference(usual, one.bones), comment.body)
            if gone := missing(comment.body, (one.texts or [""])[0], links_of(comment.html)):
                stage.tally.fault("lost", surface, attack.list, f"text without {gone[:5]}", comment.body)
            for kind, what, _where in one.faults:
                stage.tally.fault(kind, surface, attack.list, what, comment.body)


def status_page(stage: Stage, planting: Planting, surface: str) -> None:
    _alone(
        stage,
        planting,
        surface,
        lambda comment: stage.client.get(comment.status_url),
        {".comment-text": WRITTEN},
        ".comment-text",
    )


def confirmation(stage: Stage, planting: Planting, surface: str) -> None:
    """The page behind the link that confirms an address shows the comment it was sent for."""

    def opened(comment: Comment) -> Any:
        proof = EmailConfirmation.objects.create(address=f"a{comment.pk}", network="n", comment=comment)
        return stage.client.get(f"/comments/{comment.pk}/confirm/{proof.token}/")

    _alone(stage, planting, surface, opened, {".comment-text": WRITTEN}, ".comment-text")


def answered(stage: Stage, planting: Planting, surface: str) -> None:
    """The reply page quotes what is answered."""
    path = f"/articles/{planting.article.pk}/reply/?parent="
    allowed = WRITTEN | {"p": ["class"]}
    _alone(
        stage,
        planting,
        surface,
        lambda comment: stage.client.get(f"{path}{comment.pk}"),
        {".answered": allowed},
        ".answered",
    )


def admin_form(stage: Stage, planting: Planting, surface: str) -> None:
    """The comment's page in the admin with its decisions: reasons, words that matched, who decided."""
    client = signed_in(make_moderator())

    def opened(comment: Comment) -> Any:
        return client.get(f"/admin/comments/comment/{comment.pk}/change/")

    _alone(
        stage,
        planting,
        surface,
        opened,
        {".comment-text": WRITTEN, ".decisions li": {"strong": [], "time": ["datetime"]}},
        ".comment-text",
    )
