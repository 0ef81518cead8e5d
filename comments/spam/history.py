"""Hold a first comment. Trust is earned by an account, this browser's comments, a confirmed address; never typed."""

from django.db.models import Exists, OuterRef, Q

from comments.drafts import Draft
from comments.models import AddressProof, Comment, CommentRules
from comments.spam.verdict import Verdict
from newsreader.kit.text import fold


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    if not rules.hold_first_comment or is_known(draft):
        return None
    return Verdict.hold("first_comment")


def is_known(draft: Draft) -> bool:
    """Say whether whoever sends this has earned that their comments need not wait.

    An account, by an approved comment. A guest, by a comment in this browser's signed cookie: one under the same name
    and email that is approved, or one whose email, the same, was confirmed by the link sent there, unless that comment
    was removed. One query.
    """
    if identity := draft.author.identity:
        mine = Q(identity__user=identity.user_id) if identity.user_id else Q(identity=identity)
        return Comment.objects.approved().filter(mine).exists()
    if not draft.visit.comments or not draft.author.email:
        return False
    name, email = fold(draft.author.name), fold(draft.author.email)
    proved = AddressProof.objects.filter(comment=OuterRef("pk"), confirmed_at__isnull=False)
    left_here = Comment.objects.filter(pk__in=draft.visit.comments, identity=None).annotate(proved=Exists(proved))
    for status, its_name, its_email, confirmed in left_here.values_list("status", "name", "trace__email", "proved"):
        if fold(its_email or "") != email:
            continue
        if status == Comment.Status.APPROVED and (confirmed or fold(its_name) == name):
            return True
        if status == Comment.Status.PENDING and confirmed:
            return True
    return False
