"""How far somebody is trusted: earned, lost and had back, by accounts and by guests."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from comments.models import Comment, CommentSettings, EmailConfirmation
from comments.moderation.batches import decide_batch, undo
from comments.moderation.decisions import decide, withdraw
from comments.posting.submission import post_comment
from comments.screening import trust
from comments.screening.trust import Level
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture(autouse=True)
def _rules():
    set_rules(flood_seconds=0, trusted_after=4, refusals_allowed=2)


@pytest.fixture
def article():
    return make_article()


def level_of(draft) -> Level:
    return trust.level(draft, CommentSettings.objects.current())


def refuse(comment, *, by=None, reason="abuse", status="trash"):
    return decide(comment.pk, status, by=by or make_moderator(), reason=reason)


def approved(article, number, **who) -> list[Comment]:
    return [make_comment(article, **who) for _ in range(number)]


# --- Accounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "level"), [(0, Level.NEW), (1, Level.KNOWN), (3, Level.KNOWN), (4, Level.TRUSTED)])
def test_approved_comments_earn_trust(article, number, level):
    user = make_user()
    approved(article, number, user=user)
    make_comment(article, user=user, status="pending")

    assert level_of(make_draft(article, user=user)) == level


@pytest.mark.ci_both
@pytest.mark.parametrize(("wanted", "number", "status"), [(1, 1, "approved"), (3, 2, "pending"), (3, 3, "approved")])
def test_so_many_comments_of_a_new_person_wait(article, wanted, number, status):
    set_rules(premoderated=wanted)
    user = make_user()
    approved(article, number, user=user)

    comment = post_comment(make_draft(article, user=user))

    assert comment.status == status
    assert [reason["code"] for reason in comment.decisions.get().reasons] == (
        ["first_comment"] if status == "pending" else []
    )


@pytest.mark.ci_both
def test_what_is_said_under_one_identity_counts_for_all_of_the_person(article):
    user = make_user()
    CommenterIdentity.objects.create(provider="google", uid="1", user=user)
    Comment.objects.filter(pk=make_comment(article, user=user).pk).update(
        identity=CommenterIdentity.objects.get(provider="google")
    )

    assert level_of(make_draft(article, user=user)) == Level.KNOWN
    assert level_of(make_draft(article, user=make_user())) == Level.NEW


def test_links_and_haste_of_the_trusted_do_not_matter(article):
    set_rules(max_links=1, fastest_seconds=3)
    user, known = make_user(), make_user()
    approved(article, 4, user=user)
    approved(article, 1, user=known)
    text = "See https://a.example and https://b.example"

    assert post_comment(make_draft(article, user=user, text=text)).status == "approved"
    assert post_comment(make_draft(article, user=known, text=text)).decisions.get().reason == "too_many_links"


@pytest.mark.ci_both
def test_without_the_level_nobody_is_trusted(article):
    set_rules(trusted_after=0)
    user = make_user()
    approved(article, 5, user=user)

    assert level_of(make_draft(article, user=user)) == Level.KNOWN


@pytest.mark.parametrize(("number", "level"), [(1, Level.NEW), (2, Level.NEW), (3, Level.TRUSTED)])
def test_nobody_is_trusted_before_they_are_known(article, number, level):
    set_rules(trusted_after=1, premoderated=3)
    user = make_user()
    approved(article, number, user=user)
    mine = approved(article, number, email="ada@example.org")

    assert level_of(make_draft(article, user=user)) == level
    assert level_of(guest(article, mine)) == level


@pytest.mark.parametrize("status", ["trash", "spam"])
def test_one_refusal_costs_the_links_and_so_many_all_trust(article, status):
    user, many = make_user(), None
    many = approved(article, 7, user=user)

    refuse(many[0], status=status)
    assert level_of(make_draft(article, user=user)) == Level.KNOWN
    refuse(many[1], status=status)
    assert level_of(make_draft(article, user=user)) == Level.LOST
    comment = post_comment(make_draft(article, user=user))
    assert comment.status == "pending"
    assert comment.decisions.get().reasons == [{"code": "trust_lost", "params": {}}]


def test_who_has_lost_trust_waits_where_new_people_do_not(article):
    set_rules(hold_first_comment=False)
    user = make_user()
    for comment in approved(article, 2, user=user):
        refuse(comment)

    assert post_comment(make_draft(article, user=user)).decisions.get().reason == "trust_lost"
    assert post_comment(make_draft(article, user=make_user())).status == "approved"


def test_trust_comes_back_when_no_refusal_is_recent_any_more(article, time_machine):
    user = make_user()
    many = approved(article, 6, user=user)
    refuse(many[0])
    refuse(many[1])
    time_machine.move_to(timezone.now() + dt.timedelta(days=29))
    assert level_of(make_draft(article, user=user)) == Level.LOST

    time_machine.move_to(timezone.now() + dt.timedelta(days=2))

    assert level_of(make_draft(article, user=user)) == Level.TRUSTED


@pytest.mark.parametrize(("seconds", "level"), [(-1, Level.KNOWN), (0, Level.TRUSTED)])
def test_a_refusal_is_held_against_somebody_for_thirty_days_to_the_second(article, time_machine, seconds, level):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    user = make_user()
    refuse(approved(article, 5, user=user)[0])

    time_machine.shift(dt.timedelta(days=30, seconds=seconds))

    assert level_of(make_draft(article, user=user)) == level


@pytest.mark.parametrize("again", ["approved", "pending"])
def test_an_undone_refusal_counts_for_nothing(article, again):
    user = make_user()
    many = approved(article, 8, user=user)
    for comment in many[:3]:
        refuse(comment)
    assert level_of(make_draft(article, user=user)) == Level.LOST

    for comment in many[:3]:
        decide(comment.pk, again, by=make_moderator())

    assert level_of(make_draft(article, user=user)) == Level.TRUSTED


@pytest.mark.ci_both
def test_a_batch_counts_and_its_undo_takes_that_back(article):
    user, moderator = make_user(), make_moderator()
    approved(article, 6, user=user)
    chosen = Comment.objects.filter(pk__in=list(Comment.objects.values_list("pk", flat=True)[:2]))
    batch = decide_batch(chosen, "spam", by=moderator, reason="spam")
    assert level_of(make_draft(article, user=user)) == Level.LOST

    undo(batch.pk, by=moderator, rows=Comment.objects.all())

    assert level_of(make_draft(article, user=user)) == Level.TRUSTED


def test_the_undo_of_an_approval_is_no_refusal(article):
    user, moderator = make_user(), make_moderator()
    approved(article, 1, user=user)
    for _ in range(2):
        spam = make_comment(article, user=user, status="spam")
        batch = decide_batch(Comment.objects.filter(pk=spam.pk), "approved", by=moderator)
        undo(batch.pk, by=moderator, rows=Comment.objects.all())
        spam.refresh_from_db()
        assert spam.status == "spam"

    assert level_of(make_draft(article, user=user)) == Level.KNOWN


def test_neither_a_rule_nor_taking_back_costs_trust(article):
    user = make_user()
    approved(article, 4, user=user)
    for _ in range(3):
        make_comment(article, user=user, status="spam")  # by a rule
        withdraw(make_comment(article, user=user).pk, by=user)

    assert level_of(make_draft(article, user=user)) == Level.TRUSTED


def test_taking_back_what_was_refused_saves_nobody(article):
    user = make_user()
    for comment in approved(article, 2, user=user):
        refuse(comment)
        withdraw(comment.pk, by=user)

    assert level_of(make_draft(article, user=user)) == Level.LOST


def test_a_moderator_who_is_gone_has_still_refused(article):
    user, moderator = make_user(), make_moderator()
    for comment in approved(article, 2, user=user):
        refuse(comment, by=moderator)
    moderator.delete()

    assert level_of(make_draft(article, user=user)) == Level.LOST


@pytest.mark.ci_both
def test_no_limit_no_loss(article):
    set_rules(refusals_allowed=0)
    user = make_user()
    many = approved(article, 6, user=user)
    for comment in many[:4]:
        refuse(comment)

    assert level_of(make_draft(article, user=user)) == Level.KNOWN


@pytest.mark.parametrize("size", [1, 12])
def test_it_is_one_question_however_much_somebody_wrote(article, size, django_assert_num_queries):
    user = make_user()
    for comment in approved(article, size, user=user)[: size // 2]:
        refuse(comment)
    draft, rules = make_draft(article, user=user), CommentSettings.objects.current()

    with django_assert_num_queries(1):
        trust.level(draft, rules)


# --- Guests -------------------------------------------------------------------------------------------------------


def guest(article, comments, **values):
    return make_draft(
        article, comments=tuple(comment.pk for comment in comments), **{"email": "ada@example.org"} | values
    )


def test_a_guest_is_known_by_this_browsers_comments_under_the_same_name_and_email(article):
    mine = approved(article, 1, name="Ada", email="ada@example.org")

    assert level_of(guest(article, mine)) == Level.KNOWN
    assert level_of(guest(article, mine, name="Bob")) == Level.NEW
    assert level_of(guest(article, mine, email="bob@example.org")) == Level.NEW
    assert level_of(guest(article, [])) == Level.NEW


def test_a_guest_needs_as_many_and_loses_trust_as_others(article):
    set_rules(premoderated=2)
    mine = approved(article, 1, email="ada@example.org")
    assert level_of(guest(article, mine)) == Level.NEW
    mine += approved(article, 1, email="ada@example.org")
    assert level_of(guest(article, mine)) == Level.KNOWN
    mine += approved(article, 4, email="ada@example.org")
    assert level_of(guest(article, mine)) == Level.TRUSTED

    refuse(mine[0])
    assert level_of(guest(article, mine)) == Level.KNOWN
    refuse(mine[1])

    assert level_of(guest(article, mine)) == Level.LOST
    # Somebody else's refusals, in the cookie of a shared browser, are not theirs.
    assert level_of(guest(article, mine, email="eve@example.org")) == Level.NEW


@pytest.mark.ci_both
def test_a_confirmed_address_is_enough_where_one_comment_is(article):
    comment = make_comment(article, status="pending", email="ada@example.org", asked=True)
    EmailConfirmation.objects.update(confirmed_at=timezone.now())
    assert EmailConfirmation.objects.get().comment == comment

    assert level_of(guest(article, [comment], name="Countess")) == Level.KNOWN
    set_rules(premoderated=2)
    assert level_of(guest(article, [comment], name="Countess")) == Level.NEW


def test_where_several_wait_nobody_is_mailed_for_confirming(article):
    set_rules(premoderated=2)
    make_comment(article, status="pending", email="ada@example.org", asked=True)

    assert not EmailConfirmation.objects.exists()


def test_a_guest_without_an_address_is_new_whatever_the_cookie_says(article):
    set_rules(require_name_email=False)
    mine = approved(article, 5, name="Ada", email="")

    assert level_of(guest(article, mine, name="Ada", email="")) == Level.NEW


def test_a_cookie_that_names_a_members_comments_earns_a_guest_nothing(article):
    user = make_user(name="Ada")
    theirs = approved(article, 5, user=user)
    assert {comment.connection_data.email for comment in theirs} == {user.email}

    assert level_of(guest(article, theirs, name=theirs[0].name, email=user.email)) == Level.NEW


def test_typed_values_earn_nothing(article):
    approved(article, 5, name="Ada", email="ada@example.org")

    assert level_of(make_draft(article, name="Ada", email="ada@example.org")) == Level.NEW


# --- On the desk --------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
@pytest.mark.parametrize("size", [1, 5])
def test_the_desk_learns_all_levels_in_three_questions(article, size, django_assert_num_queries):
    expected = {}
    for _ in range(size):
        new, known, trusted, lost = (make_user() for _ in range(4))
        expected[make_comment(article, user=new, status="pending").pk] = Level.NEW
        expected[approved(article, 1, user=known)[0].pk] = Level.KNOWN
        expected[approved(article, 4, user=trusted)[0].pk] = Level.TRUSTED
        refused = approved(article, 2, user=lost)
        for comment in refused:
            refuse(comment)
        expected[refused[0].pk] = Level.LOST
        expected[make_comment(article).pk] = Level.NEW
        confirmed = make_comment(article, status="pending", asked=True)
        EmailConfirmation.objects.filter(comment=confirmed).update(confirmed_at=timezone.now())
        expected[confirmed.pk] = Level.KNOWN
    orphan = make_comment(article, user=make_user())
    CommenterIdentity.objects.filter(pk=orphan.identity_id).update(user=None)
    expected[orphan.pk] = Level.KNOWN
    rows, rules = list(Comment.objects.filter(pk__in=expected)), CommentSettings.objects.current()

    with django_assert_num_queries(3):
        assert trust.levels_of(rows, rules) == expected
