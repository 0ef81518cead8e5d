"""What must be true of every row whatever was killed when: findings as sentences; none is what we want.

Counted and derived anew in plain Python, by no function that wrote them.
"""

from collections import Counter
from collections.abc import Iterator

from django_tasks_db.models import DBTaskResult

from articles.models.article import Article
from comments.models import Comment, WaitingNotice
from comments.models.paths import path_of
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import OUTDATED

Mail = tuple[int, str, str]  # decision, event, address


def rows(since: int = 0) -> Iterator[str]:
    """Look at every comment after this id, with all that belongs to it."""
    comments = (
        Comment.objects.filter(pk__gt=since).select_related("parent", "connection_data").prefetch_related("decisions")
    )
    for comment in comments:
        who = f"comment {comment.pk}"
        if comment.path != path_of(comment.parent.path if comment.parent else "", comment.created_at, comment.pk):
            yield f"{who}: path {comment.path}"
        if not hasattr(comment, "connection_data") or not comment.html:
            yield f"{who}: no trace or no html"
        history = list(comment.decisions.all())
        if [decision.number for decision in history] != list(range(1, len(history) + 1)) or not history:
            yield f"{who}: decisions {[decision.number for decision in history]}"
            continue
        steps = ["", *(decision.after for decision in history)]
        if [decision.before for decision in history] != steps[:-1] or comment.status != steps[-1]:
            yield f"{who}: is {comment.status} after {[(d.before, d.after) for d in history]}"


def counts() -> Iterator[str]:
    """Compare every count with a plain one."""
    articles, parents, roots = Counter(), Counter(), Counter()
    for row in Comment.objects.filter(status="approved").values("article", "parent", "root"):
        articles[row["article"]] += 1
        parents[row["parent"]] += 1
        roots[row["root"]] += 1
    for article in Article.objects.all():
        if article.comment_count != articles[article.pk]:
            yield f"article {article.pk}: counts {article.comment_count}, has {articles[article.pk]}"
    for comment in Comment.objects.filter(pk__in=set(parents) | set(roots) - {None}) | Comment.objects.exclude(
        reply_count=0, thread_count=0
    ):
        if (comment.reply_count, comment.thread_count) != (parents[comment.pk], roots[comment.pk]):
            yield f"comment {comment.pk}: counts {comment.reply_count}, {comment.thread_count}"


def outbox(moderators: list[str]) -> Iterator[str]:
    """Compare the mails that are written down with those that the decisions call for.

    That a comment waits is told by the worker, unless it has been decided about by then.
    """
    called_for: Counter[Mail] = Counter()
    told_or_not: set[Mail] = set()
    for comment in Comment.objects.select_related("identity__user").prefetch_related("decisions"):
        for decision in (decisions := comment.decisions.all()):
            if decision.number == 1 and decision.after == "pending":
                waiting = [(decision.pk, "comment_waiting", address) for address in moderators]
                called_for.update(waiting)
                if len(decisions) > 1:
                    told_or_not.update(waiting)
            event = {"approved": "comment_published", "trash": "comment_refused"}.get(decision.after)
            if decision.by_id and event and comment.identity:
                called_for[decision.pk, event, comment.identity.user.email] += 1
    names = ["comment_waiting", "comment_published", "comment_refused"]
    written = Counter(Letter.objects.filter(name__in=names).values_list("about_id", "name", "address"))
    for mail in told_or_not - written.keys():
        del called_for[mail]
    for mail in (called_for - written) + (written - called_for):
        yield f"mail {mail}: called for {called_for[mail]}, written down {written[mail]}"


def unfinished() -> list[str]:
    """What the worker has still to do; what failed is never done."""
    tasks = DBTaskResult.objects.exclude(status="SUCCESSFUL").values_list("status", "task_path")
    mails = Letter.objects.filter(sent_at=None).exclude(failure=OUTDATED).values_list("pk", flat=True)
    return [
        *(f"task {path} is {status}" for status, path in tasks),
        *(f"mail {pk} is not sent" for pk in mails),
        *(f"nobody is told that comment {pk} waits" for pk in untold()),
    ]


def untold() -> list[int]:
    """The comments that wait, and that the worker has still to tell moderators of."""
    return list(WaitingNotice.objects.values_list("comment", flat=True))
