"""Taking out again what an import or the demonstration brought. What anybody did with it since stays, and is named.

An article that was worked on, or that others have replied to, stays with its whole discussion. A comment under another
article goes only with its whole thread. Sections, tags, authors and pictures go if nothing uses them any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from articles import page_versions, pictures, search
from articles.models.article import Article
from articles.models.origins import ImportRun
from articles.models.pictures import Picture
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Author, Section, Tag
from comments.audit import audit_log
from comments.models import ArticleSettings, Comment, FilterEntry, KeptDraft
from comments.models.locks import lock_articles
from comments.posting import import_undoing

BATCH = 500
_SET = Q(slow_seconds__gt=0) | Q(members_only=True) | Q(hold_everything=True) | Q(close_after_days__isnull=False)


@dataclass(frozen=True)
class Brought:
    """What was brought. `worked_on` are comments that somebody did something with."""

    articles: QuerySet[Article]
    comments: QuerySet[Comment]
    worked_on: set[int]
    sections: QuerySet[Section]
    tags: QuerySet[Tag]
    authors: QuerySet[Author]
    pictures: QuerySet[Picture]


@dataclass
class Removed:
    """What went, and what stayed: a line for each, with why."""

    articles: list[str] = field(default_factory=list)
    comments: int = 0
    names: list[str] = field(default_factory=list)
    pictures: int = 0
    others: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield a summary, then everything by name."""
        counts = {
            "articles and pages": len(self.articles),
            "comments": self.comments,
            "sections, tags and authors": len(self.names),
            "pictures": self.pictures,
        }
        yield "Taken out: " + ", ".join(f"{count} {what}" for what, count in counts.items())
        yield from (f"  {line}" for line in (*self.articles, *self.names, *self.others))
        if self.kept:
            yield "Kept, because somebody has worked on it since:"
            yield from (f"  {line}" for line in self.kept)

    @property
    def facts(self) -> dict[str, int]:
        return {"articles": len(self.articles), "comments": self.comments, "kept": len(self.kept)}


def brought_by(run: ImportRun) -> Brought:
    """Return what came with an import."""
    comments = Comment.objects.filter(import_run=run)
    return Brought(
        articles=Article.objects.filter(import_run=run),
        comments=comments,
        worked_on=set(import_undoing.worked_on(comments).values_list("pk", flat=True)),
        sections=Section.objects.filter(import_run=run),
        tags=Tag.objects.filter(import_run=run),
        authors=Author.objects.filter(import_run=run),
        pictures=Picture.objects.filter(import_run=run),
    )


@transaction.atomic
def remove(brought: Brought, subject: str) -> Removed:
    """Delete what was brought, for good, and note it in the audit log under this subject."""
    removed = Removed()
    under = brought.comments.order_by().values("article")
    lock_articles(Article.objects.filter(Q(pk__in=under) | Q(pk__in=brought.articles.values("pk"))).only("pk"))
    reasons = _reasons(brought)
    going = [pk for pk in brought.articles.order_by("pk").values_list("pk", flat=True) if pk not in reasons]
    comments = _comments(brought, reasons, set(going), removed)
    for some in _in_batches(going):
        removed.articles += [_line(row) for row in _with_address(some)]
    for some in _in_batches(sorted(reasons)):
        removed.kept += [f"{_line(row)}: {', '.join(reasons[row.pk])}" for row in _with_address(some)]
    removed.comments = len(comments)
    import_undoing.delete(comments)
    search.forget(going)
    for some in _in_batches(going):
        Article.objects.filter(pk__in=some).delete()
    _delete_names(brought, removed)
    _delete_pictures(brought, removed)
    page_versions.bump_site()
    audit_log.note("import_undone", subject, facts=removed.facts)
    return removed


def _with_address(ids: list[int]) -> QuerySet[Article]:
    return Article.objects.filter(pk__in=ids).only("headline", "slug", "kind", "published_on").order_by("pk")


def _line(article: Article) -> str:
    return f"{article.kind} {article.pk} “{article.headline}” {article.get_absolute_url()}"


def _in_batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


# --- What stays ---------------------------------------------------------------------------------------------------


def _reasons(brought: Brought) -> dict[int, list[str]]:
    """Return why articles stay, by their id."""
    own = brought.articles.order_by()
    ids = own.values("pk")
    replied = Comment.objects.filter(article__in=ids).exclude(pk__in=brought.comments.values("pk"))
    worked = brought.comments.filter(pk__in=brought.worked_on)
    found: dict[str, Iterable[int | None]] = {
        "others have commented on it": replied.order_by().values_list("article", flat=True).distinct(),
        "somebody has worked on its comments": worked.order_by().values_list("article", flat=True).distinct(),
        "its text was changed": own.filter(revision__gt=1).values_list("pk", flat=True),
        "it was changed in the newsroom": _logged(Article),
        "it leads the front page": Site.objects.values_list("lead", flat=True),
        "it stands in the menu": MenuItem.objects.values_list("page", flat=True),
        "its discussion has settings": ArticleSettings.objects.filter(_SET).values_list("article", flat=True),
        "the block list names it": FilterEntry.objects.values_list("article", flat=True),
        "somebody is about to reply": KeptDraft.objects.values_list("article", flat=True),
    }
    here = set(own.values_list("pk", flat=True))
    reasons: dict[int, list[str]] = defaultdict(list)
    for reason, articles in found.items():
        for pk in here.intersection(articles):
            reasons[pk].append(reason)
    return reasons


def _logged(model: type[models.Model]) -> set[int]:
    """Return the ids of what was changed in the admin."""
    kind = ContentType.objects.get_for_model(model)
    ids = LogEntry.objects.filter(content_type=kind).order_by().values_list("object_id", flat=True).distinct()
    return {int(pk) for pk in ids if pk and pk.isdecimal()}


def _comments(brought: Brought, kept: dict[int, list[str]], going: set[int], removed: Removed) -> list[int]:
    """Return the ids of the comments that go: of articles that go, and elsewhere whole threads."""
    rows = list(brought.comments.order_by("pk").values_list("pk", "root", "article"))
    elsewhere = {article for _, _, article in rows if article not in going and article not in kept}
    others = Comment.objects.filter(article__in=elsewhere).exclude(pk__in=brought.comments.values("pk"))
    worked = brought.comments.filter(pk__in=brought.worked_on, article__in=elsewhere)
    standing = import_undoing.threads(others) | import_undoing.threads(worked)
    going_there = {pk for pk, root, article in rows if article in elsewhere and (root or pk) not in standing}
    removed.kept += [
        f"comment {pk} under article {article}: others have replied, or somebody has worked on its thread"
        for pk, root, article in rows
        if article in elsewhere and pk not in going_there
    ]
    return [pk for pk, _, article in rows if article in going or pk in going_there]


# --- What hangs on it ---------------------------------------------------------------------------------------------


def _delete_names(brought: Brought, removed: Removed) -> None:
    """Delete sections, tags and authors that no article has any more and that nobody has edited."""
    used_sections = [Article.objects.values("section"), MenuItem.objects.values("section")]
    used_sections.append(FilterEntry.objects.values("section"))
    unused: list[tuple[QuerySet, type[models.Model]]] = [
        (_not_in(brought.sections, used_sections), Section),
        (_not_in(brought.tags, [Article.tags.through.objects.values("tag")]), Tag),
        (_not_in(brought.authors.filter(user=None), [Article.authors.through.objects.values("author")]), Author),
    ]
    for rows, model in unused:
        edited = _logged(model)
        gone = [row for row in rows.order_by("pk") if row.pk not in edited]
        removed.names += [f"{model._meta.verbose_name} {row}" for row in gone]
        model._default_manager.filter(pk__in=[row.pk for row in gone]).delete()


def _not_in(rows: QuerySet, uses: list[QuerySet]) -> QuerySet:
    for use in uses:
        [name] = use.query.values_select
        rows = rows.exclude(Exists(use.filter(**{name: OuterRef("pk")})))
    return rows


def _delete_pictures(brought: Brought, removed: Removed) -> None:
    """Delete pictures that no article shows any more, with their files once that is certain."""
    edited, gone = _logged(Picture), []
    for row in brought.pictures.exclude(Exists(Article.objects.filter(lead_picture=OuterRef("pk")))):
        if row.pk not in edited and not Article.objects.filter(body__contains=str(row.file.name)).exists():
            gone.append(row)
    Picture.objects.filter(pk__in=[row.pk for row in gone]).delete()
    removed.pictures = len(gone)
    transaction.on_commit(partial(_delete_files, gone))


def _delete_files(gone: list[Picture]) -> None:
    pictures.remove_copies(gone)
    for row in gone:
        default_storage.delete(str(row.file.name))
