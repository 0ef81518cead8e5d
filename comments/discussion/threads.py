"""Rows -> what a page shows: reading order, levels, pages, and the address of each comment.

`arrange` is pure. `discussion` and `thread` load one page each, in a fixed number of queries whatever the size of the
discussion. `address` says on which page a comment is shown. How many levels, threads and replies are shown:
`CommentSettings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models.expressions import RawSQL

from articles.models.article import Article
from comments.discussion import positions
from comments.models import Comment, CommentSettings, Place
from comments.models.paths import LEVELS, SEGMENT, subtree
from comments.models.querysets import CommentQuerySet
from newsreader.kit.compiled_queries import Compiled


class NoSuchPage(LookupError):
    """A page number outside the discussion."""


@dataclass
class ThreadNode:
    """A comment as it is shown. Before it, `closes` lists end; then, if `opens`, a list of replies begins.

    `level` is 0 at the top of the page. `answers` is the comment that it replies to, if the nesting does not show that;
    it may be on another page, so `answers_url` is its address.
    """

    comment: Comment
    level: int
    opens: bool = False
    closes: range = field(default_factory=lambda: range(0))
    answers: Comment | None = None
    answers_url: str = ""

    @property
    def removed(self) -> bool:
        return self.comment.status != Comment.Status.APPROVED


@dataclass
class Branch:
    """A comment with the replies shown under it, in reading order; `more` replies follow on the page `more_url`."""

    placed: list[ThreadNode]
    more: int = 0
    more_url: str = ""

    @property
    def root(self) -> Comment:
        return self.placed[0].comment

    @property
    def left_open(self) -> range:
        return range(self.placed[-1].level)


@dataclass
class Page:
    """One page of a discussion or of a thread."""

    branches: list[Branch]
    number: int
    pages: int

    @property
    def earlier(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def later(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def arrange(
    comments: Iterable[Comment], levels: int, *, one_tree: bool = False, elsewhere: Iterable[Comment] = ()
) -> Iterator[ThreadNode]:
    """Yield comments, given in order of their paths, with the level at which each is shown; at most `levels`.

    A reply is shown under its nearest ancestor that is present, so none is lost if its parent is missing. With
    `one_tree`, all are shown under the first, even if their paths are too deep to tell. `elsewhere` are comments on
    other pages that comments here reply to. Linear; asks no query.
    Source: WordPress' threaded list, `thread_comments` and `thread_comments_depth`.
    """
    above: list[Comment] = []
    known = {comment.pk: comment for comment in elsewhere}
    here: set[int] = set()
    before = -1
    for comment in comments:
        while len(above) > one_tree and not _under(comment, above[-1]):
            above.pop()
        level = min(len(above), levels - 1)
        parent = known.get(comment.parent_id) if comment.parent_id else None
        nested = bool(above) and parent is above[-1] and level == len(above)
        placed = ThreadNode(comment, level, opens=level > before, closes=range(max(before - level, 0)))
        if parent and not nested:
            placed.answers = parent
            placed.answers_url = f"#comment-{parent.pk}" if parent.pk in here else parent.permanent_url
        yield placed
        before = level
        known[comment.pk] = comment
        here.add(comment.pk)
        above.append(comment)


def _under(comment: Comment, other: Comment) -> bool:
    return comment.parent_id == other.pk or (
        comment.path != other.path and (comment.path or "").startswith(other.path or " ")
    )


def discussion(article: Article, settings: CommentSettings, number: int = 1) -> Page:
    """Return one page of an article's comments: roots with their first replies. Raises NoSuchPage.

    Counts nothing: the number of roots is stored with the article. Three queries (four far from the first page): the
    roots, their replies, and the removed comments that these reply to.
    """
    pages = _pages(article.root_count, settings.roots_per_page)
    _check(number, pages)
    shown, backwards = settings.replies_shown, settings.order == CommentSettings.Order.NEWEST
    order, first = positions.roots_of(article.pk, article.root_count), (number - 1) * settings.roots_per_page
    page = order.page(first, settings.roots_per_page, backwards=backwards)
    replies = _by_root(page, _replies_to(page, shown))
    branches = []
    for root in page:
        living = sum(reply.status == Comment.Status.APPROVED for reply in replies[root.pk])
        placed = list(arrange([root, *replies[root.pk]], settings.levels_shown))
        branches.append(Branch(placed, max(root.thread_count - living, 0), _thread_url(root)))
    return Page(branches, number, pages)


def first_replies(roots: Sequence[Comment], shown: int) -> dict[int, list[Comment]]:
    """Return the first `shown` approved replies of each of these roots, in reading order, by the root's id. One query.

    For REST, with their texts and whose they are.
    """
    found: dict[int, list[Comment]] = {}
    for reply in _replies_to(roots, shown, for_page=False):
        found.setdefault(reply.root_id or 0, []).append(reply)
    return found


def _by_root(roots: Sequence[Comment], replies: list[Comment]) -> dict[int, list[Comment]]:
    found: dict[int, list[Comment]] = {root.pk: [] for root in roots}
    standing, _ = _with_tombstones(replies, set(found))
    for reply in standing:
        found[reply.root_id or 0].append(reply)
    return found


STATEMENTS = 4  # There is one for 4, 8, 12, … roots, and not for each number.
# Reads one short range of an index for each root, however many replies it has. In SQL, since the ORM has no such union,
# and with conditions joined by OR, SQLite read the whole table.
_FIRST = (
    "SELECT id FROM (SELECT id FROM comments_comment WHERE status = 'approved' AND root_id = %s ORDER BY path LIMIT %s)"
    " AS replies"
)


def _replies_to(roots: Sequence[Comment], shown: int, *, for_page: bool = True) -> list[Comment]:
    """Return the first so many approved replies of each root, in reading order."""
    ids = [root.pk for root in roots if root.thread_count]
    ids += ids[-1:] * (-len(ids) % STATEMENTS)  # Looked for twice, it is found once.
    return _first_replies(*ids, shown=shown, for_page=for_page) if ids and shown else []


@Compiled
def _first_replies(*root_ids: int, shown: int, for_page: bool) -> CommentQuerySet:
    params = [value for pk in root_ids for value in (pk, shown)]
    first = RawSQL(" UNION ALL ".join([_FIRST] * len(root_ids)), params)  # noqa: S611
    replies = Comment.objects.filter(pk__in=first).in_order()
    return replies.for_page() if for_page else replies.over_rest()


def _with_tombstones(comments: list[Comment], known: set[int]) -> tuple[list[Comment], list[Comment]]:
    """Add the removed comments that these reply to, to be shown as tombstones.

    Also returns the approved comments that these reply to and that are not among them: they are on another page.
    """
    known = known | {comment.pk for comment in comments}
    missing = {comment.parent_id for comment in comments if comment.parent_id} - known
    if not missing:
        return comments, []
    removed: list[Comment] = []
    elsewhere: list[Comment] = []
    for parent in _by_ids(*missing):
        (elsewhere if parent.status == Comment.Status.APPROVED else removed).append(parent)
    return sorted([*comments, *removed], key=lambda comment: comment.path or ""), elsewhere


@Compiled
def _by_ids(*ids: int) -> CommentQuerySet:
    return Comment.objects.filter(pk__in=ids).for_page()


def thread(top: Comment, settings: CommentSettings, number: int = 1) -> Page:
    """Return one page of a comment with all its replies; the comment itself starts every page. Raises NoSuchPage.

    A page holds `thread_page_size` approved replies, and the removed comments that these reply to. At most four queries
    for a root, whose replies need not be counted, and six for a reply.
    """
    size, replies = _replies_of(top)
    pages = _pages(size, settings.thread_page_size)
    _check(number, pages)
    start, end = (number - 1) * settings.thread_page_size, min(number * settings.thread_page_size, size)
    rows, elsewhere = _with_tombstones(list(replies(start, max(end - start, 0))), {top.pk})
    placed = arrange([top, *rows], settings.levels_shown, one_tree=True, elsewhere=elsewhere)
    branch = Branch(list(placed), size - end, f"{_thread_url(top)}?page={number + 1}")
    return Page([branch], number, pages)


def _replies_of(top: Comment) -> tuple[int, Callable[[int, int], Iterable[Comment]]]:
    """Return how many approved comments are under a comment, and a function `rows(position, how_many)` for them."""
    if top.parent_id is None:
        order = positions.thread_of(top)
        return order.size, order.page
    if _path_is_unique(top.path or ""):
        order = positions.thread_of(top.root or top)
        first, size = order.span(*subtree(top.path or ""))
        return size, lambda position, how_many: order.page(first + position, how_many)
    under = descendants(top).in_order()
    return under.count(), lambda position, how_many: under[position : position + how_many]


def _path_is_unique(path: str) -> bool:
    """Say whether the paths that begin with this one are exactly those under it: true above the tenth level."""
    return len(path) <= SEGMENT * (LEVELS - 1)


def stands(comment: Comment) -> bool:
    """Say whether a discussion shows this comment: approved, or removed but with approved replies (a tombstone).

    For a root, replies at any depth count, for others direct replies. Does not ask whether the article is public.
    """
    living = comment.thread_count if comment.parent_id is None else comment.reply_count
    return comment.status == Comment.Status.APPROVED or living > 0


def descendants(top: Comment) -> CommentQuerySet:
    """Return the approved comments under a comment, at any depth. Asks one query itself where paths are not enough."""
    approved = Comment.objects.approved().filter(root=top.root_id or top.pk)
    if top.parent_id is None:
        return approved
    path = top.path or ""
    low, high = subtree(path[: SEGMENT * (LEVELS - 1)])
    if not _path_is_unique(path):
        under = _walked(top, low, high)
        # Not as parameters, of which SQLite takes at most 32,766. Integers from the database need no quoting.
        listed = RawSQL(",".join(map(str, under)), [])  # noqa: S611
        approved = approved.filter(pk__in=listed) if under else approved.none()
    return approved.filter(path__gt=low, path__lt=high)


def _walked(top: Comment, low: str, high: str) -> list[int]:
    """The ids of all comments under one of the tenth level or deeper, found among those under its ninth ancestor.

    Reads one range of an index, linear: 0.1 s for 30,000. A recursive query took 0.7 s on PostgreSQL without
    statistics, since it read the table again at every level.
    """
    replies: dict[int | None, list[int]] = {}
    among = Comment.objects.filter(article=top.article_id, path__gt=low, path__lt=high)
    for pk, parent in among.values_list("pk", "parent_id"):
        replies.setdefault(parent, []).append(pk)
    found, waiting = [], [top.pk]
    while waiting:
        below = replies.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def address(comment: Comment, article: Article, settings: CommentSettings, *, new: bool = False) -> str:
    """Return the address where a comment is shown: on a page of its article, else of its thread. At most five queries,
    none for a root that has just been posted.

    `new` adds `new=<id>`, which every page ignores: whoever has just posted then gets no older copy from a cache.
    """
    query = [f"new={comment.pk}"] if new else []
    if comment.place:
        return _on_article(comment, article, comment.place, settings, query)
    root = Comment.objects.select_related("article").get(pk=comment.root_id or comment.pk)
    size = root.article.root_count  # The given article may have been read before the comment was posted.
    return _address(comment, root, article, size, settings, query)


def address_of(comment_id: int) -> str | None:
    """Return the address of a public comment; None for one that readers do not see. At most six queries."""
    comment = _placed.first(comment_id)
    if comment is None:
        return None
    article, settings = comment.article, CommentSettings.objects.current()
    return _address(comment, comment.root or comment, article, article.root_count, settings, [])


@Compiled
def _placed(comment_id: int) -> CommentQuerySet:
    columns = [f"article__{name}" for name in ("kind", "slug", "published_on", "root_count")]
    columns += ["article", "parent", "path", "thread_count", "root__article", "root__path", "root__thread_count"]
    return Comment.objects.public().filter(pk=comment_id).select_related("article", "root").only("root", *columns)[:1]


def _address(
    comment: Comment, root: Comment, article: Article, size: int, settings: CommentSettings, query: list[str]
) -> str:
    if comment.parent_id is not None:
        rank = positions.thread_of(root).before(comment.path or "")
        if rank >= settings.replies_shown:
            page = rank // settings.thread_page_size + 1
            return _joined(_thread_url(root), [f"page={page}", *query], comment)
    place = Place(positions.roots_of(article.pk, size).before(root.path or ""), size)
    return _on_article(comment, article, place, settings, query)


def _on_article(comment: Comment, article: Article, root: Place, settings: CommentSettings, query: list[str]) -> str:
    rank = root.rank
    if settings.order == CommentSettings.Order.NEWEST:
        rank = max(root.size - 1 - rank, 0)
    page = rank // settings.roots_per_page + 1
    pages = [f"page={page}"] if page > 1 else []
    return _joined(article.get_absolute_url(), [*pages, *query], comment)


def _thread_url(top: Comment) -> str:
    return f"/comments/{top.pk}/thread/"


def _joined(path: str, query: list[str], comment: Comment) -> str:
    return f"{path}{'?' if query else ''}{'&'.join(query)}#comment-{comment.pk}"


def _pages(size: int, on_a_page: int) -> int:
    return max(1, -(-size // on_a_page))


def _check(number: int, pages: int) -> None:
    if not 1 <= number <= pages:
        raise NoSuchPage(number)
