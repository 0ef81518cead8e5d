"""Rows -> what a page shows: reading order, levels, pages, and where a comment is to be found.

`arrange` is pure. `discussion` and `thread` ask for one page of rows each, in a fixed number of queries whatever the
size of the discussion; `address` says where one comment stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models.expressions import RawSQL

from articles.models.article import Article
from comments.discussion import positions
from comments.models import Comment, CommentSettings
from comments.models.paths import LEVELS, SEGMENT, subtree
from comments.models.querysets import CommentQuerySet


class NoSuchPage(LookupError):
    """A page number outside the discussion."""


@dataclass
class ThreadNode:
    """A comment where it is shown. `closes` lists end before it, then, if `opens`, a list of replies begins.

    `level` is 0 for the top of the page. `answers` is the comment it replies to where the nesting does not show it;
    that one may stand on another page, so its address is `answers_url`.
    """

    comment: Comment
    level: int
    opens: bool = False
    closes: range = field(default_factory=lambda: range(0))
    answers: Comment | None = None
    answers_url: str = ""
    # Filled by comments.discussion.display for a page.
    number: str = ""
    name: str = ""
    iso: str = ""
    when: str = ""
    reply_label: str = ""
    report_word: str = ""
    report_label: str = ""
    answers_label: str = ""

    @property
    def removed(self) -> bool:
        return self.comment.status != Comment.Status.APPROVED


@dataclass
class Branch:
    """A comment with the replies shown under it, in reading order; `more` follow, from the page `more_url` on."""

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
    """Yield comments, given in order of their paths, with the level at which each is shown; `levels` at most.

    A reply stands under the nearest of its ancestors that is there, so none is lost where one is missing; with
    `one_tree` all stand under the first, even where paths no longer tell. `elsewhere` are comments that are not on this
    page and are answered here. Linear; asks no query.
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


def discussion(article: Article, rules: CommentSettings, number: int = 1) -> Page:
    """Return one page of an article's comments: roots with their first replies. Raises NoSuchPage.

    Counts nothing: how many roots there are is kept with the article. Three queries (four far from the first page):
    the roots, their replies, and the removed comments these answer.
    """
    pages = _pages(article.root_count, rules.roots_per_page)
    _check(number, pages)
    shown, backwards = rules.replies_shown, rules.order == CommentSettings.Order.NEWEST
    order = positions.roots_of(article.pk, article.root_count)
    start = (number - 1) * rules.roots_per_page
    page = list(order.page(start, rules.roots_per_page, backwards=backwards))
    replies = _by_root(page, list(_first_replies(page, shown)))
    branches = []
    for root in page:
        living = sum(reply.status == Comment.Status.APPROVED for reply in replies[root.pk])
        placed = list(arrange([root, *replies[root.pk]], rules.levels_shown))
        branches.append(Branch(placed, max(root.thread_count - living, 0), _thread_url(root)))
    return Page(branches, number, pages)


def first_replies(roots: Sequence[Comment], rules: CommentSettings) -> dict[int, list[Comment]]:
    """Return the first approved replies of each of these roots, in reading order, by the root's id. One query."""
    found: dict[int, list[Comment]] = {}
    for reply in _first_replies(roots, rules.replies_shown).select_related("identity"):
        found.setdefault(reply.root_id or 0, []).append(reply)
    return found


def _by_root(roots: Sequence[Comment], replies: list[Comment]) -> dict[int, list[Comment]]:
    found: dict[int, list[Comment]] = {root.pk: [] for root in roots}
    standing, _ = _with_tombstones(replies, set(found))
    for reply in standing:
        found[reply.root_id or 0].append(reply)
    return found


# One short range of an index for each root, however many replies it has. Written out: the ORM knows no such union, and
# as conditions joined by OR, SQLite read the whole table.
_FIRST = (
    "SELECT id FROM (SELECT id FROM comments_comment WHERE status = 'approved' AND root_id = %s ORDER BY path LIMIT %s)"
    " AS replies"
)


def _first_replies(roots: Sequence[Comment], shown: int) -> CommentQuerySet:
    """The first so many approved replies of each root, in reading order."""
    ids = [root.pk for root in roots if root.thread_count]
    if not ids or not shown:
        return Comment.objects.none()
    params = [value for pk in ids for value in (pk, shown)]
    first = RawSQL(" UNION ALL ".join([_FIRST] * len(ids)), params)  # noqa: S611
    return Comment.objects.filter(pk__in=first).in_order()


def _with_tombstones(comments: list[Comment], known: set[int]) -> tuple[list[Comment], list[Comment]]:
    """Add the removed comments that these answer: a tombstone says what a reply hangs on.

    Returns besides the approved ones that these answer and that are not among them: those stand on another page.
    """
    known = known | {comment.pk for comment in comments}
    missing = {comment.parent_id for comment in comments if comment.parent_id} - known
    if not missing:
        return comments, []
    removed: list[Comment] = []
    elsewhere: list[Comment] = []
    for parent in Comment.objects.filter(pk__in=missing):
        (elsewhere if parent.status == Comment.Status.APPROVED else removed).append(parent)
    return sorted([*comments, *removed], key=lambda comment: comment.path or ""), elsewhere


def thread(top: Comment, rules: CommentSettings, number: int = 1) -> Page:
    """Return one page of a comment with all its replies, the comment itself at the head of each. Raises NoSuchPage.

    A page holds so many approved replies, and the removed comments that these answer. A root's are not counted; four
    queries at most then, and six for a reply's.
    """
    size, rows_from = _replies_of(top)
    pages = _pages(size, rules.thread_page_size)
    _check(number, pages)
    start, end = (number - 1) * rules.thread_page_size, min(number * rules.thread_page_size, size)
    rows, elsewhere = _with_tombstones(list(rows_from(start, max(end - start, 0))), {top.pk})
    placed = arrange([top, *rows], rules.levels_shown, one_tree=True, elsewhere=elsewhere)
    branch = Branch(list(placed), size - end, f"{_thread_url(top)}?page={number + 1}")
    return Page([branch], number, pages)


def _replies_of(top: Comment) -> tuple[int, Callable[[int, int], CommentQuerySet]]:
    """Return how many are approved under a comment, and what gives those from a place on: `rows(place, how_many)`."""
    if top.parent_id is None:
        order = positions.thread_of(top)
        return order.size, order.page
    if _tells_apart(top.path or ""):
        order = positions.thread_of(Comment.objects.only("article", "thread_count").get(pk=top.root_id or top.pk))
        if order.is_long:
            first, size = order.span(*subtree(top.path or ""))
            return size, lambda place, how_many: order.page(first + place, how_many)
    under = descendants(top).in_order()
    return under.count(), lambda place, how_many: under[place : place + how_many]


def _tells_apart(path: str) -> bool:
    """Say whether what stands under this path, and nothing else, begins with it: above the tenth level."""
    return len(path) <= SEGMENT * (LEVELS - 1)


def stands(comment: Comment) -> bool:
    """Say whether a discussion shows this comment: approved, or removed (a tombstone) with approved replies under it.

    Under a root those count at any depth, under others right below. Whether its article is public is not asked here.
    """
    living = comment.thread_count if comment.parent_id is None else comment.reply_count
    return comment.status == Comment.Status.APPROVED or living > 0


def descendants(top: Comment) -> CommentQuerySet:
    """Return what is approved under a comment, at any depth. Asks one query itself where paths do not tell."""
    approved = Comment.objects.approved().filter(root=top.root_id or top.pk)
    if top.parent_id is None:
        return approved
    path = top.path or ""
    low, high = subtree(path[: SEGMENT * (LEVELS - 1)])
    if not _tells_apart(path):
        under = _walked(top, low, high)
        # Written out, since SQLite takes no more than 32,766 parameters. Integers from the database: nothing to quote.
        listed = RawSQL(",".join(map(str, under)), [])  # noqa: S611
        approved = approved.filter(pk__in=listed) if under else approved.none()
    return approved.filter(path__gt=low, path__lt=high)


def _walked(top: Comment, low: str, high: str) -> list[int]:
    """The ids of all under a comment of the tenth level or deeper, found among those under its ninth ancestor.

    One range of an index and linear: 0.1 s for 30,000. A recursive query took 0.7 s on PostgreSQL without statistics,
    as it reads the table anew at every level.
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


def address(comment: Comment, article: Article, rules: CommentSettings, *, new: bool = False) -> str:
    """Return where a comment is shown: its article's page that holds it, else its thread's. Five queries at most.

    `new` adds `new=<id>`, which every page ignores: whoever has just posted never meets an older copy.
    """
    root = Comment.objects.select_related("article").get(pk=comment.root_id or comment.pk)
    query = [f"new={comment.pk}"] if new else []
    if comment.parent_id is not None:
        rank = positions.thread_of(root).before(comment.path or "")
        if rank >= rules.replies_shown:
            page = rank // rules.thread_page_size + 1
            return _joined(_thread_url(root), [f"page={page}", *query], comment)
    size = root.article.root_count  # The row that was given may be older than the comment.
    rank = positions.roots_of(article.pk, size).before(root.path or "")
    if rules.order == CommentSettings.Order.NEWEST:
        rank = max(size - 1 - rank, 0)
    page = rank // rules.roots_per_page + 1
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
