"""How comments react to events, their own and those of other packages."""

from django.db import transaction

from articles import page_versions
from comments.audit import account_changes, mail_changes
from comments.events import EntriesMatched
from comments.models import Comment
from newsreader.accounts.events import AddressConfirmed, PictureKept
from newsreader.kit.events import listen


@transaction.atomic
def show_picture(event: PictureKept) -> None:
    """Give the picture to those of its author's comments that were posted before it was fetched."""
    without_picture = Comment.objects.filter(identity=event.identity_id, avatar="")
    articles = list(without_picture.values_list("article_id", flat=True).distinct().order_by("article_id"))
    if articles:
        page_versions.bump(articles)
        without_picture.update(avatar=event.name)


def confirm_subscriptions(event: AddressConfirmed) -> None:
    """Begin what the address had asked to be told before it belonged to an account."""
    from comments.notifications import subscriptions

    subscriptions.confirm(event.address)


def count_hits(event: EntriesMatched) -> None:
    from comments.screening import entry_hits

    entry_hits.count(event.entry_ids)


def register() -> None:
    account_changes.listen()
    mail_changes.listen()
    listen(PictureKept, show_picture)
    listen(AddressConfirmed, confirm_subscriptions)
    listen(EntriesMatched, count_hits)
