"""What the room of comments does about what has happened elsewhere."""

from django.db import transaction

from articles import page_versions
from comments.events import EntriesMatched
from comments.models import Comment
from comments.screening import entry_hits
from newsreader.accounts.events import PictureKept
from newsreader.kit.events import listen


@transaction.atomic
def show_picture(event: PictureKept) -> None:
    """Give comments that were posted before their author's picture had arrived the picture of that day."""
    bare = Comment.objects.filter(identity=event.identity_id, avatar="")
    articles = list(bare.values_list("article_id", flat=True).distinct().order_by("article_id"))
    if articles:
        page_versions.bump(articles)
        bare.update(avatar=event.name)


def count_hits(event: EntriesMatched) -> None:
    entry_hits.count(event.rule_ids)


def register() -> None:
    listen(PictureKept, show_picture)
    listen(EntriesMatched, count_hits)
