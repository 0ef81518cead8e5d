"""An account takes over the comments that were left as a guest under its confirmed address.

A name proves nothing; a confirmed address does.
"""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from articles import page_versions
from comments.audit.reason_codes import WITHDRAWN
from comments.models import Comment, ConnectionData, Decision
from comments.models.locks import lock_comments
from comments.models.querysets import CommentQuerySet
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import User


def claimable(user: User) -> CommentQuerySet:
    """Return the guest comments under one of this person's confirmed addresses, ignoring case.

    Withdrawn ones are left out: withdrawing is final.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True).values(folded=Lower("email"))
    taken_back = Decision.objects.filter(comment=OuterRef("pk"), reasons__0__code=WITHDRAWN)
    left_under = ConnectionData.objects.alias(folded=Lower("email")).filter(folded__in=addresses)
    return Comment.objects.filter(~Exists(taken_back), pk__in=left_under.values("pk"), identity=None)


@transaction.atomic
def claim(user: User, comment_ids: Iterable[int]) -> int:
    """Put these comments under the person's own identity, and return how many; name, text and status stay.

    Those that are not claimable, or not any more, are left alone.
    """
    wanted = set(comment_ids)
    # Filtered in Python: the ids come from outside and may not fit a database integer.
    found = {pk: article_id for pk, article_id in claimable(user).values_list("pk", "article_id") if pk in wanted}
    # Checked again once the rows are locked.
    rows = claimable(user).only("pk", "article_id", "status")
    mine = lock_comments(found, rows, under=set(found.values()))
    if not mine:
        return 0
    Comment.objects.filter(pk__in=[comment.pk for comment in mine]).update(identity=own_identity(user))
    page_versions.bump({comment.article_id for comment in mine if comment.status == Comment.Status.APPROVED})
    return len(mine)
