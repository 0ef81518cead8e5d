"""Taking out again what an import or the demonstration brought. What anybody did with it since stays, and is named.

An article that was worked on, or that others have replied to, stays with its whole discussion. A comment under another
article goes only with its whole thread. Sections, tags, authors and pictures go if nothing uses them any more.

`plan` only asks. `carry_out` writes in short transactions: what goes is first taken off the site, so that nobody
replies to it meanwhile. When it is cut short, the same again goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from articles import page_versions, pictures, search
from articles.models.article import Article
from articles.models.origins import ImportRun
from articles.models.pictures import Picture
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Author, Section, Tag
from comments.audit import audit_log
from comments.models import ArticleSettings, Comment, FilterEntry, KeptDraft
from comments.models.locks import lock_articles
from comments.models.search_index import at_hand
from comments.posting import import_undoing
from newsreader.kit.long_writes import ShortTransactions

ASKED, ARTICLES, COMMENTS = 500, 10, 100  # rows asked about at once; articles and comments in a transaction
_SET = Q(slow_seconds__gt=0) | Q(members_only=True) | Q(hold_everything=True) | Q(close_after_days__isnull=False)


_T = TypeVar("_T")


@dataclass(frozen=True)
class Brought:
    """What was brought. `worked_on` tells of some of its comments with which of them somebody did something."""

    articles: QuerySet[Article]
    comments: QuerySet[Comment]
    worked_on: Callable[[QuerySet[Comment]], Collection[int]]
    sections: QuerySet[Section]
    tags: QuerySet[Tag]
    authors: QuerySet[Author]
    pictures: QuerySet[Picture]


@dataclass
class Removed:
    """What went, and what stayed: a line for each, with why. Articles by their ids."""

    articles: dict[int, str] = field(default_factory=dict)
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
        yield from (f"  {line}" for line in (*self.articles.values(), *self.names, *self.others))
        if self.kept:
            yield "Kept, because somebody has worked on it since:"
            yield from (f"  {line}" for line in self.kept)

    @property
    def facts(self) -> dict[str, int]:
        return {"articles": len(self.articles), "comments": self.comments, "kept": len(self.kept)}


@dataclass(frozen=True)
class Plan:
    """What goes: articles, comments of other articles (the deepest first), pictures; and all of it told."""

    brought: Brought
    articles: list[int]
    comments: list[tuple[int, int]]  # each with its article
    pictures: list[Picture]
    removed: Removed


def brought_by(run: ImportRun) -> Brought:
    """Return what came with an import."""
    return Brought(
        articles=Article.objects.filter(import_run=run),
        comments=Comment.objects.filter(import_run=run),
        worked_on=lambda comments: import_undoing.worked_on(comments).values_list("pk", flat=True),
        sections=Section.objects.filter(import_run=run),
        tags=Tag.objects.filter(import_run=run),
        authors=Author.objects.filter(import_run=run, user=None),
        pictures=Picture.objects.filter(import_run=run),
    )


# --- What goes, and what stays ------------------------------------------------------------------------------------


def plan(brought: Brought) -> Plan:
    """Find out what goes and what stays. Writes nothing and locks nothing."""
    removed, going, staying = Removed(), list[int](), set[int]()
    for some in _in_batches(list(brought.articles.order_by("pk").values_list("pk", flat=True)), ASKED):
        reasons = _reasons(brought, some)
        worked = brought.comments.filter(pk__in=brought.worked_on(brought.comments.filter(article__in=some)))
        for pk in worked.order_by().values_list("article", flat=True).distinct():
            reasons[pk].append("somebody has worked on its comments")
        staying |= reasons.keys()
        for row in _with_address(some):
            if row.pk in reasons:
                removed.kept.append(f"{_line(row)}: {', '.join(reasons[row.pk])}")
            else:
                going.append(row.pk)
                removed.articles[row.pk] = _line(row)
        removed.comments += brought.comments.filter(article__in=set(some) - reasons.keys()).count()
    elsewhere = _elsewhere(brought, {*going, *staying}, removed)
    removed.comments += len(elsewhere)
    for rows in _unused(brought, without=going):
        removed.names += [_named(row) for row in rows]
    unused = _unused_pictures(brought, without=going)
    removed.pictures = len(unused)
    return Plan(brought, going, elsewhere, unused, removed)


def _with_address(ids: list[int]) -> QuerySet[Article]:
    return Article.objects.filter(pk__in=ids).only("headline", "slug", "kind", "published_on").order_by("pk")


def _line(article: Article) -> str:
    return f"{article.kind} {article.pk} “{article.headline}” {article.get_absolute_url()}"


def _named(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {row}"


def _in_batches(items: list[_T], size: int) -> Iterator[list[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _reasons(brought: Brought, ids: list[int]) -> dict[int, list[str]]:
    """Return why some of these articles stay, by their id; what was done with their comments is not looked at."""
    edited = brought.articles.order_by().filter(pk__in=ids, revision__gt=1)
    found: dict[str, Iterable[int | None]] = {
        "others have commented on it": _of_others(brought, ids).order_by().values_list("article", flat=True).distinct(),
        "its text was changed": edited.values_list("pk", flat=True),
        "it was changed in the newsroom": _logged(Article, ids),
        "it leads the front page": Site.objects.filter(lead__in=ids).values_list("lead", flat=True),
        "it stands in the menu": MenuItem.objects.filter(page__in=ids).values_list("page", flat=True),
        "its discussion has settings": ArticleSettings.objects.filter(_SET, article__in=ids).values_list(
            "article", flat=True
        ),
        "the block list names it": FilterEntry.objects.filter(article__in=ids).values_list("article", flat=True),
        "somebody is about to reply": KeptDraft.objects.filter(article__in=ids).values_list("article", flat=True),
    }
    reasons: dict[int, list[str]] = defaultdict(list)
    for reason, articles in found.items():
        for pk in {pk for pk in articles if pk}:
            reasons[pk].append(reason)
    return reasons


def _of_others(brought: Brought, articles: Collection[int]) -> QuerySet[Comment]:
    """Return what others have said under these articles."""
    return Comment.objects.filter(article__in=articles).exclude(Exists(brought.comments.filter(pk=OuterRef("pk"))))


def _logged(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Return those of these ids whose rows were changed in the admin."""
    kind = ContentType.objects.get_for_model(model)
    rows = LogEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in ids])
    return {int(pk) for pk in rows.order_by().values_list("object_id", flat=True).distinct() if pk}


def _elsewhere(brought: Brought, own: set[int], removed: Removed) -> list[tuple[int, int]]:
    """Return the comments that go from under other articles: whole threads, the deepest comments of each first."""
    under = brought.comments.order_by().values_list("article", flat=True).distinct()
    going: list[tuple[int, int]] = []
    for some in _in_batches([pk for pk in under if pk not in own], ASKED):
        comments = brought.comments.filter(article__in=some)
        worked = Comment.objects.filter(pk__in=brought.worked_on(comments))
        standing = import_undoing.threads(_of_others(brought, some)) | import_undoing.threads(worked)
        rows = comments.order_by("article", Coalesce("root", "pk"), "-depth", "pk")
        for pk, root, article in rows.values_list("pk", "root", "article"):
            if (root or pk) in standing:
                removed.kept.append(_kept_comment(pk, article))
            else:
                going.append((pk, article))
    return going


def _kept_comment(pk: int, article: int) -> str:
    return f"comment {pk} under article {article}: others have replied, or somebody has worked on its thread"


def _unused(brought: Brought, without: list[int]) -> Iterator[list[Any]]:
    """Yield the sections, tags and authors that no article but these has, and that nobody has edited."""
    gone = at_hand(without)
    articles = Article.objects.exclude(pk__in=gone)
    sections = [articles.values("section"), MenuItem.objects.values("section"), FilterEntry.objects.values("section")]
    tags = [Article.tags.through.objects.exclude(article__in=gone).values("tag")]
    authors = [Article.authors.through.objects.exclude(article__in=gone).values("author")]
    yield _unedited(_not_in(brought.sections, sections))
    yield _unedited(_not_in(brought.tags, tags))
    yield _unedited(_not_in(brought.authors, authors))


def _unedited(rows: QuerySet) -> list[Any]:
    found = list(rows.order_by("pk"))
    edited = {pk for some in _in_batches(found, ASKED) for pk in _logged(rows.model, [row.pk for row in some])}
    return [row for row in found if row.pk not in edited]


def _not_in(rows: QuerySet, uses: list[QuerySet]) -> QuerySet:
    for use in uses:
        [name] = use.query.values_select
        rows = rows.exclude(Exists(use.filter(**{name: OuterRef("pk")})))
    return rows


def _unused_pictures(brought: Brought, without: list[int]) -> list[Picture]:
    """Return the pictures that no article but these shows, and that nobody has edited. Reads all articles' texts."""
    articles = Article.objects.exclude(pk__in=at_hand(without))
    rows = brought.pictures.exclude(Exists(articles.filter(lead_picture=OuterRef("pk"))))
    return [row for row in _unedited(rows) if not articles.filter(body__contains=str(row.file.name)).exists()]


# --- Removing -----------------------------------------------------------------------------------------------------


def carry_out(what: Plan, subject: str) -> Removed:
    """Delete what goes, for good, and note it in the audit log under this subject. Returns what really went."""
    brought, removed, writes = what.brought, Removed(), ShortTransactions()
    removed.kept += what.removed.kept
    going = _take_off(what, removed, writes)
    for some in _in_batches(list(_under(brought, going)), COMMENTS):
        with writes.next():
            lock_articles({article for _, article in some})
            removed.comments += import_undoing.delete([pk for pk, _ in some])
    for some in _in_batches(what.comments, COMMENTS):
        with writes.next():
            _delete_elsewhere(brought, some, removed)
    for articles in _in_batches(going, ARTICLES):
        with writes.next():
            search.forget(articles)
            Article.objects.filter(pk__in=articles).delete()
            page_versions.bump_site()
    for names in _unused(brought, without=[]):
        for rows in _in_batches(names, COMMENTS):
            with writes.next():
                _delete_names(rows, removed)
    if what.pictures:
        with writes.next():
            _delete_pictures(what.pictures, removed)
    with writes.next():
        page_versions.bump_site()
        audit_log.note("import_undone", subject, facts=removed.facts)
    return removed


def _take_off(what: Plan, removed: Removed, writes: ShortTransactions) -> list[int]:
    """Take the articles that go off the site, so that nobody can reply to them. Returns those that still go."""
    going: list[int] = []
    for some in _in_batches(what.articles, ARTICLES):
        with writes.next():
            lock_articles(some)
            reasons = _reasons(what.brought, some)  # Somebody may have replied since the plan was made.
            rows = Article.objects.filter(pk__in=set(some) - reasons.keys())
            page_versions.bump(rows.filter(state=Article.State.PUBLISHED), state=Article.State.WITHDRAWN)
            page_versions.bump_site()
        for pk in some:
            if pk in reasons:
                removed.kept.append(f"{what.removed.articles[pk]}: {', '.join(reasons[pk])}")
            else:
                going.append(pk)
                removed.articles[pk] = what.removed.articles[pk]
    return going


def _under(brought: Brought, articles: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the comments under these articles, each with its article, replies before what they reply to."""
    for some in _in_batches(articles, ASKED):
        rows = brought.comments.filter(article__in=some).order_by("article", "-depth", "pk")
        yield from rows.values_list("pk", "article")


def _delete_elsewhere(brought: Brought, some: list[tuple[int, int]], removed: Removed) -> None:
    """Delete these comments, but those in whose thread somebody has replied since the plan was made."""
    articles = {article for _, article in some}
    lock_articles(articles)
    standing = import_undoing.threads(_of_others(brought, articles))
    roots = dict(Comment.objects.filter(pk__in=[pk for pk, _ in some]).values_list("pk", Coalesce("root", "pk")))
    removed.kept += [_kept_comment(pk, article) for pk, article in some if roots.get(pk) in standing]
    removed.comments += import_undoing.delete([pk for pk, _ in some if roots.get(pk) not in standing])


def _delete_names(rows: list[Any], removed: Removed) -> None:
    removed.names += [_named(row) for row in rows]
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    page_versions.bump_site()


def _delete_pictures(going: list[Picture], removed: Removed) -> None:
    """Delete pictures, with their files once that is certain."""
    Picture.objects.filter(pk__in=[row.pk for row in going]).delete()
    removed.pictures = len(going)
    transaction.on_commit(partial(_delete_files, going))


def _delete_files(gone: list[Picture]) -> None:
    pictures.remove_copies(gone)
    for row in gone:
        default_storage.delete(str(row.file.name))
