"""Comments, hundreds to a page: every one stands in its place, looks like the calm ones and holds what was typed."""

from __future__ import annotations

from articles.models.article import Article
from articles.records import Origin
from comments.drafts import Author as Commenter
from comments.drafts import Draft, is_website, website_with_scheme
from comments.models import Comment
from comments.posting.importing import CommentRecord, admit
from comments.posting.submission import post_comment
from newsreader.accounts.identities import shown_name
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.errors import DomainError
from newsreader.kit.text import tidy_line
from tests.attack.lists import Attack
from tests.attack.planting import CALM, STATUS, Planting, approve, posted
from tests.attack.stage import IMPORTED, WRITTEN, Stage, missing
from tests.factories import make_article, make_user


def replies(stage: Stage, attacks: list[Attack]) -> Planting:
    """Guests' replies under one root; each text is also the name, and the website where it can be one."""
    article = make_article()
    root = posted(article, "The first word.", "Calm", "")
    Comment.objects.filter(pk=root.pk).update(status=STATUS.APPROVED)
    planting = Planting(article, root=root, calm=[root.pk])
    for website in ("", "https://calm.example/"):
        planting.calm.append(posted(article, f"{CALM[0]} {website}", CALM[1], website, root).pk)
    for attack in attacks:
        if comment := as_reply(stage, planting, attack):
            planting.comments[comment.pk] = attack, comment
    approve(article)
    return planting


def as_reply(stage: Stage, planting: Planting, attack: Attack) -> Comment | None:
    """Post a text; what is refused is posted again in a shape that is not, so that it comes out all the same."""
    name = tidy_line(attack.text)[:245].strip() or CALM[1]
    website = attack.text if len(attack.text) <= 200 and is_website(website_with_scheme(tidy_line(attack.text))) else ""
    for text, called, page in ((attack.text, name, website), (f"See: {attack.text}", f"N {name[:240]}", "")):
        try:
            return posted(planting.article, text, called, page, planting.root)
        except DomainError as refusal:
            stage.tally.tried("reply", attack.list, refused=True)
            if refusal.status >= 500 or refusal.code in {"comment_duplicate", "comment_flood"}:
                stage.tally.fault("error", "reply", attack.list, refusal.code, attack.text)
    return None


def imported(stage: Stage, attacks: list[Attack]) -> Planting:
    """The same texts in another system's export, where HTML is allowed."""
    article = make_article()
    Article.objects.filter(pk=article.pk).update(origin_site="old", origin_type="post", origin_id=str(article.pk))
    home = Origin("old", "post", str(article.pk))

    def record(number: int, text: str, website: str) -> CommentRecord:
        origin = Origin("old", "comment", f"{article.pk}-{number}")
        name = text if number >= 0 else CALM[1]
        return CommentRecord(origin, home, status="approved", name=name, body=text, website=website)

    calm = [record(-1, CALM[0], ""), record(-2, CALM[0], "https://calm.example/")]
    admit([*calm, *(record(at, attack.text, attack.text) for at, attack in enumerate(attacks))])
    planting = Planting(article, imported=True)
    for comment in article.comments.order_by("pk"):
        at = int(comment.origin_id.partition("-")[2])
        if at < 0:
            planting.calm.append(comment.pk)
        else:
            planting.comments[comment.pk] = attacks[at], comment
    return planting


def members(stage: Stage, attacks: list[Attack]) -> Planting:
    """Readers of login providers whose names, profiles and pictures are these texts."""
    article = make_article()
    planting = Planting(article)
    for at, attack in enumerate([None, None, *attacks]):
        text = attack.text if attack else ("https://calm.example/" if at else "Calm")
        user = make_user()
        identity = CommenterIdentity.objects.create(
            provider="github", uid=str(user.pk), user=user, display_name=shown_name(text) or "x",
            profile_url=text.strip()[:500], avatar="avatars/calm.webp" if at % 2 else "",
        )  # fmt: skip
        comment = post_comment(Draft(article.pk, f"By number {at}.", Commenter(identity=identity, user=user)))
        if attack:
            planting.comments[comment.pk] = attack, comment
        else:
            planting.calm.append(comment.pk)
    for bare in (0, 1):  # With a picture and a link, and without, in every mixture.
        pictured = Comment.objects.filter(pk=planting.calm[bare]).first()
        pictured.pk, pictured.path, pictured.website = None, f"~{bare}", "" if bare else "https://calm.example/"
        pictured.save()
        planting.calm.append(pictured.pk)
    approve(article)
    return planting


def _discussion(stage: Stage, planting: Planting, surface: str, path: str) -> None:
    """Every comment stands in its place, looks like the calm ones and holds what was typed."""
    if stage.open(path) != 200:
        stage.tally.fault("error", surface, planting.list, f"{path} could not be opened")
        return
    box = ".comment-text"
    units, page = stage.look(
        {box: IMPORTED if planting.imported else WRITTEN, ".comment-name": {"a": ["href", "rel"]}},
        unit="article[id^=comment-]", text=box, name=".comment-name",
    )  # fmt: skip
    form = stage.page.evaluate(
        """() => { const form = document.querySelectorAll("#commentform"), last = [...document.querySelectorAll("article[id^=comment-]")].pop();
        return [form.length, !!(last && last.compareDocumentPosition(form[0]) & Node.DOCUMENT_POSITION_FOLLOWING),
                [...document.body.children].map(child => child.localName).join(" ")]; }"""
    )
    if form != [1, True, "a header main footer"]:
        stage.tally.fault("broke out", surface, planting.list, f"the form or the frame is not in its place: {form}")
    compare(stage, planting, surface, units, page.faults)


def compare(stage: Stage, planting: Planting, surface: str, units: list[dict], faults: list[list[str]]) -> None:
    expected = set(planting.comments) | set(planting.calm)
    found = {int(unit["id"]): unit for unit in units if unit["id"].isdigit()}
    usual = {found[pk]["bones"] for pk in planting.calm if pk in found}
    for pk in expected ^ found.keys():
        attack = planting.comments.get(pk, (Attack("", planting.list), None))[0]
        stage.tally.fault("broke out", surface, attack.list, f"comment {pk} is not where it should be", attack.text)
    if len(units) != len(found):
        stage.tally.fault("broke out", surface, planting.list, "there are more comments than were written")
    for pk, (attack, comment) in planting.comments.items():
        stage.tally.tried(surface, attack.list)
        unit = found.get(pk)
        if unit is None:
            continue
        if unit["bones"] not in usual or unit["inside"]:
            stage.tally.fault("broke out", surface, attack.list, unit["bones"], attack.text)
        is_whole(stage, surface, attack, comment, unit["text"] or "", unit["links"], unit["name"] or "", planting)
    for kind, what, where in faults:
        pk = int(where.removeprefix("comment-") or 0) if where.removeprefix("comment-").isdigit() else 0
        attack = planting.comments.get(pk, (Attack("", planting.list), None))[0]
        stage.tally.fault(kind, surface, attack.list, what, attack.text)


def is_whole(
    stage: Stage,
    surface: str,
    attack: Attack,
    comment: Comment,
    text: str,
    links: list[str],
    name: str,
    planting: Planting,
) -> None:
    # Imported HTML loses its tags, and scripts what is between them.
    if not (planting.imported and ("<" in comment.body or "&" in comment.body)):
        if gone := missing(comment.body, text, links):
            stage.tally.fault("lost", surface, attack.list, f"text without {gone[:5]}", attack.text)
    if gone := missing(comment.name, name):
        stage.tally.fault("lost", surface, attack.list, f"name without {gone[:5]}: {name[:80]!r}", attack.text)


def article_page(stage: Stage, planting: Planting, surface: str) -> None:
    _discussion(stage, planting, surface, planting.article.get_absolute_url())


def thread_page(stage: Stage, planting: Planting, surface: str) -> None:
    _discussion(stage, planting, surface, f"/comments/{planting.root.pk}/thread/")
