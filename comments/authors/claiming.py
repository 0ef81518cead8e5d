"""Comments left as a guest, taken over by the account whose confirmed address they were left under.

A name proves nothing; an address that somebody has confirmed does.
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
    """Return the guests' comments under one of this person's confirmed addresses, whatever the case.

    What its author has withdrawn is none of them: that is final.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True).values(folded=Lower("email"))
    taken_back = Decision.objects.filter(comment=OuterRef("pk"), reasons__0__code=WITHDRAWN)
    left_under = ConnectionData.objects.alias(folded=Lower("email")).filter(folded__in=addresses)
    return Comment.objects.filter(~Exists(taken_back), pk__in=left_under.values("pk"), identity=None)


@transaction.atomic
def claim(user: User, comment_ids: Iterable[int]) -> int:
    """Put these comments under the person's own identity, and return how many; name, text and status stay.

    Those that are not claimable, or no longer, are left alone.
    """
    wanted = set(comment_ids)
    # The person's few are asked for, not the ids: these came in from outside, and may be no numbers of rows at all.
    found = {pk: article_id for pk, article_id in claimable(user).values_list("pk", "article_id") if pk in wanted}
    # What is claimable is asked again behind the locks.
    rows = claimable(user).only("pk", "article_id", "status")
    mine = lock_comments(found, rows, under=set(found.values()))
    if not mine:
        return 0
    Comment.objects.filter(pk__in=[comment.pk for comment in mine]).update(identity=own_identity(user))
    page_versions.bump({comment.article_id for comment in mine if comment.status == Comment.Status.APPROVED})
    return len(mine)
