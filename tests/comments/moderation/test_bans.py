"""Who may not post: accounts, addresses, networks; openly and quietly; and that all of it is on record."""

from __future__ import annotations

import datetime as dt
import re
import threading

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comments.audit import audit_log
from comments.authors.author_edits import edit_comment
from comments.errors import Banned
from comments.models import AuditEntry, Ban, Batch, Comment, CommentSettings, EmailConfirmation
from comments.models.effective_settings import EffectiveSettings
from comments.moderation import ban_lifting, bans, batches, raids, undoing
from comments.posting.editing_rights import why_not
from comments.posting.email_confirmation import address_key
from comments.posting.submission import post_comment
from comments.screening import ban_checks
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.errors import Forbidden, Invalid
from tests.factories import (
    make_article,
    make_author,
    make_ban,
    make_batch,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_rule,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
TOMORROW = dt.timedelta(days=1)


def wrong(**values) -> tuple[str, str]:
    """The field and the code of what is wrong with such a ban."""
    with pytest.raises(Invalid) as refused:
        make_ban(**values)
    error = refused.value.errors[0]
    return error.field, error.code


# --- Making and lifting -------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_a_ban_is_on_record_with_nothing_personal_in_its_facts():
    moderator, end = make_moderator(), timezone.now() + TOMORROW

    ban = make_ban(email="Bob@Example.org", by=moderator, reason="spam", note="again", ends_at=end, quiet=True)

    entry = AuditEntry.objects.get(kind="ban")
    assert (entry.subject, entry.by_account) == (f"ban:{ban.pk}", moderator.pk)
    assert entry.facts == {
        "kind": "email", "ends_at": end.isoformat(), "reason": "spam", "quiet": True, "changed": False,
    }  # fmt: skip
    assert entry.personal == {"email": "bob@example.org", "note": "again"}
    audit_log.forget(f"ban:{ban.pk}")
    entry.refresh_from_db()
    assert entry.personal is None
    assert audit_log.verify()[1] == []


def test_a_second_ban_of_the_same_changes_the_first():
    first = make_ban(network="192.0.2.0/24", reason="spam")
    end = timezone.now() + TOMORROW

    second = make_ban(network="192.0.2.77/24", reason="abuse", ends_at=end)

    assert second.pk == first.pk
    row = Ban.objects.get()
    assert (row.network, row.reason, row.ends_at) == ("192.0.2.0/24", "abuse", end)
    assert [entry.facts["changed"] for entry in AuditEntry.objects.filter(kind="ban").order_by("pk")] == [False, True]


def test_one_that_is_over_stays_as_it_was_when_somebody_is_banned_again(time_machine):
    identity = own_identity(make_user())
    first = make_ban(identity=identity, ends_at=timezone.now() + TOMORROW)
    time_machine.move_to(timezone.now() + dt.timedelta(days=2))

    second = make_ban(identity=identity)

    assert list(Ban.objects.in_force()) == [second]
    past = Ban.objects.past().get()
    assert past == first
    assert past.lifted_at == past.ends_at


@pytest.mark.ci_both
def test_with_a_batch_a_ban_never_becomes_shorter_and_stays_out_of_its_undo():
    users, moderator = [make_user(), make_user(), make_user()], make_moderator()
    batch = make_batch(by=moderator).pk
    article = make_article()
    for user in users:
        make_comment(article, user=user)
    make_ban(identity=own_identity(users[0]))
    make_ban(identity=own_identity(users[1]), ends_at=timezone.now() + TOMORROW / 2)
    rows = Comment.objects.select_related("identity__user", "connection_data")

    made, _spared = bans.ban_authors(rows, by=moderator, ends_at=timezone.now() + TOMORROW, batch=batch)

    assert len(made) == 2
    assert Ban.objects.get(identity=own_identity(users[0])).ends_at is None
    assert Ban.objects.get(identity=own_identity(users[1])).ends_at > timezone.now() + TOMORROW * 0.9
    assert ban_lifting.lift_batch(batch, moderator) == (1, 0)
    kept = set(Ban.objects.in_force().values_list("identity", flat=True))
    assert kept == {own_identity(users[0]).pk, own_identity(users[1]).pk}


def test_a_lifted_ban_is_over_once_and_on_record():
    moderator, ban = make_moderator(), make_ban()

    assert ban_lifting.lift(ban, moderator).lifted_at
    assert ban_lifting.lift(ban, moderator) is None

    entry = AuditEntry.objects.get(kind="ban_lifted")
    assert (entry.subject, entry.by_account) == (f"ban:{ban.pk}", moderator.pk)
    assert entry.personal == {"identity": ban.identity_id}


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_is_stored_in_its_shortest_form(typed, stored):
    assert make_ban(network=typed).network == stored


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"network": "0.0.0.0/0"}, ("network", "ban_network_too_wide")),
        ({"network": "::/0"}, ("network", "ban_network_too_wide")),
        ({"network": "::ffff:0.0.0.0/96"}, ("network", "ban_network_too_wide")),
        ({"network": "the library"}, ("network", "ban_network_invalid")),
        ({"email": "bob"}, ("email", "require_valid_email")),
        ({"email": ""}, ("identity", "ban_of_one_kind")),
        ({"email": "bob@example.org", "network": "192.0.2.1"}, ("identity", "ban_of_one_kind")),
        ({"network": "192.0.2.0/24", "from_address": "192.0.2.9"}, ("network", "ban_of_oneself")),
        ({"network": "192.0.2.0/24", "from_address": "::ffff:192.0.2.9"}, ("network", "ban_of_oneself")),
        ({"email": "bob@example.org", "ends_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, ("ends_at", "ban_is_over")),
    ],
)
def test_what_cannot_be_banned_is_said_at_its_field(values, said):
    assert wrong(**values) == said
    assert not Ban.objects.exists()
    assert not AuditEntry.objects.filter(kind="ban").exists()


def test_the_newsroom_and_oneself_are_not_banned():
    moderator, author = make_moderator(), make_user(group="Authors")

    assert wrong(identity=own_identity(moderator), by=moderator) == ("identity", "ban_of_oneself")
    assert wrong(identity=own_identity(moderator)) == ("identity", "ban_of_newsroom")
    assert wrong(identity=own_identity(author)) == ("identity", "ban_of_newsroom")


def test_whoever_left_these_is_banned_once_each_and_the_newsroom_is_spared():
    article, user = make_article(), make_user()
    set_rules(flood_seconds=0)
    make_comment(article, user=user)
    make_comment(article, user=user)
    make_comment(article, user=make_moderator())
    for number in range(3):
        make_comment(article, name=f"Guest {number}", email="Spam@example.org", address=f"192.0.2.{number // 2}")
    rows = Comment.objects.select_related("identity__user", "connection_data")

    made, spared = bans.ban_authors(rows, by=make_moderator(), networks=True, batch=make_batch().pk)

    assert {str(ban) for ban in made} == {
        str(own_identity(user)), "spam@example.org", "192.0.2.0/32", "192.0.2.1/32",
    }  # fmt: skip
    assert spared == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_ban_the_same_at_once_make_one_ban():
    identity, moderators = own_identity(make_user()), [make_moderator() for _ in range(4)]
    failures = []

    def work(moderator):
        try:
            bans.ban(identity=identity, by=moderator)
        except Exception as wrong:
            failures.append(wrong)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[moderator]) for moderator in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Ban.objects.count() == 1
    assert AuditEntry.objects.filter(kind="ban").count() == 4


# --- At posting ---------------------------------------------------------------------------------------------------


def refused(draft) -> str:
    with pytest.raises(Banned) as refusal:
        post_comment(draft)
    assert refusal.value.code == "banned"
    return str(refusal.value)


def test_an_account_is_kept_out_under_each_of_its_identities_until_the_ban_ends(time_machine):
    user = make_user()
    CommenterIdentity.objects.create(provider="google", uid="1", user=user, display_name="Else")
    other = CommenterIdentity.objects.get(provider="google")
    make_ban(identity=other, ends_at=timezone.now() + TOMORROW)

    refused(make_draft(user=user))
    post_comment(make_draft(user=make_user()))
    time_machine.move_to(timezone.now() + dt.timedelta(hours=25))
    assert post_comment(make_draft(user=user)).pk


def test_a_lifted_ban_keeps_nobody_out():
    user = make_user()
    ban = make_ban(identity=own_identity(user))
    refused(make_draft(user=user))

    ban_lifting.lift(ban, make_moderator())

    assert post_comment(make_draft(user=user)).pk


@pytest.mark.parametrize("typed", ["bob@example.org", "BOB@Example.ORG", "b\u200bob@example.org"])
def test_an_address_keeps_guests_out_however_they_write_it(typed):
    make_ban(email="Bob@example.org")

    assert post_comment(make_draft(email=typed)).status == "trash"
    assert post_comment(make_draft(email="bobby@example.org")).status == "pending"


def test_a_typed_address_keeps_nobody_out_who_is_signed_in_under_it():
    user = make_user("bob")
    make_ban(email="bob@example.org")

    assert own_identity(user).email == "bob@example.org"
    assert post_comment(make_draft(user=user)).pk


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "::ffff:192.0.2.4", "::ffff:192.0.3.4"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
    ],
)
def test_a_network_keeps_out_who_is_inside(network, inside, outside):
    make_ban(network=network)

    refused(make_draft(address=inside))
    refused(make_draft(address=inside, user=make_user()))
    assert post_comment(make_draft(address=outside)).pk
    assert post_comment(make_draft(address="")).pk


def test_moderators_reply_from_a_banned_network_and_authors_under_their_own_articles():
    make_ban(network="192.0.2.0/24")
    author = make_user(group="Authors")
    article = make_article(authors=[make_author(user=author)])

    assert post_comment(make_draft(address="192.0.2.1", user=make_moderator())).status == "approved"
    assert post_comment(make_draft(article, address="192.0.2.1", user=author)).status == "approved"
    refused(make_draft(address="192.0.2.1", user=author))


def test_the_editors_list_of_networks_still_keeps_out():
    make_rule("192.0.2.0/24", match="network", action="ban")

    refused(make_draft(address="192.0.2.1"))


def test_a_ban_costs_posting_one_question(django_assert_num_queries):
    draft = make_draft(user=make_user())
    for _ in range(3):
        make_ban()
        make_ban(network=f"198.51.{_}.0/24")

    with django_assert_num_queries(1):
        assert ban_checks.against(draft) == []


def test_a_banned_reader_is_told_until_when_and_why_and_keeps_the_text(client):
    user, article = make_user(), make_article()
    end = dt.datetime(2031, 5, 6, 12, 30, tzinfo=dt.UTC)
    make_ban(identity=own_identity(user), ends_at=end, reason="abuse", note="a colleague's words")
    client.force_login(user)
    client.get(reverse("reply", args=[article.pk]))

    answer = client.post(
        reverse("reply", args=[article.pk]),
        {"text": "Let me in.", "csrfmiddlewaretoken": client.cookies["csrftoken"].value},
    )

    assert answer.status_code == 403
    page = answer.text
    assert 'data-code="banned"' in page
    assert "Let me in." in page
    assert "May 6, 2031" in page
    assert "It insults or attacks somebody." in page
    assert "colleague" not in page


def test_of_a_ban_without_a_reason_no_reason_is_told():
    user, other = make_user(), make_user()
    make_ban(identity=own_identity(user))
    make_ban(identity=own_identity(other), reason="abuse")

    assert "The reason:" not in refused(make_draft(user=user))
    assert "The reason: It insults" in refused(make_draft(user=other))


@pytest.mark.parametrize("proof", ["a comment of before the ban", "a confirmed address"])
def test_that_an_address_is_banned_is_told_to_its_owner_alone(proof):
    if proof == "a confirmed address":
        make_ban(email="bob@example.org", reason="abuse")
    mine = make_comment(email="Bob@example.org")
    if proof == "a confirmed address":
        EmailConfirmation.objects.create(
            comment=mine, address=address_key("bob@example.org"), confirmed_at=timezone.now()
        )
    else:
        make_ban(email="bob@example.org", reason="abuse")

    assert "insults" in refused(make_draft(email="bob@example.org", comments=(mine.pk,)))
    assert post_comment(make_draft(email="bob@example.org")).status == "trash"


def told(client, answer):
    """What somebody can tell from an answer and from what it leads to, without what differs from comment to comment."""
    page = client.get(answer["Location"])
    own = page.context["comment"]
    return (
        answer.status_code,
        page.status_code,
        set(answer.cookies),
        re.sub(
            rf"{own.status_url}|datetime=\S+|{re.escape(own.html)}|{re.escape(own.body)}|csrf\S+ value=\S+",
            "",
            page.text,
        ),
    )


@pytest.mark.ci_both
def test_whoever_types_a_banned_address_cannot_tell_it_from_another(client, time_machine):
    """Not by the answer, not by the private page, not by posting, repeating or changing anything afterwards."""
    time_machine.move_to(timezone.now(), tick=False)
    make_ban(email="bob@example.org", reason="abuse")
    article, seen = make_article(), {}
    set_rules(flood_seconds=0)
    for email in ("bob@example.org", "ada@example.org"):
        visitor = Client()
        form = {"name": "Bob", "email": email}
        url = reverse("reply", args=[article.pk])

        first = visitor.post(url, form | {"text": f"Hello from {email}."})
        second = visitor.post(url, form | {"text": f"Once more from {email}."})
        again = visitor.post(url, form | {"text": f"Hello from {email}."})
        changed = visitor.post(first["Location"], {"action": "edit", "text": f"Changed by {email}."})
        rest = visitor.post(
            f"/api/v1/articles/{article.pk}/comments/",
            form | {"text": f"REST, {email}."},
            content_type="application/json",
        )
        mine = visitor.get(reverse("you", args=[article.pk]))
        seen[email] = [
            told(visitor, first),
            told(visitor, second),
            (again.status_code, 'data-code="comment_duplicate"' in again.text),
            told(visitor, changed),
            (rest.status_code, rest.json()["status"], sorted(rest.json())),
            mine.text.count("comment-waiting"),
        ]

    assert seen["bob@example.org"] == seen["ada@example.org"]
    assert [at for at in seen["ada@example.org"] if at == (409, True)]
    statuses = Comment.objects.filter(connection_data__email="bob@example.org").values_list("status", flat=True)
    assert set(statuses) == {"trash"}


def test_an_address_that_nobody_is_told_of_hides_no_other_ban():
    make_ban(email="bob@example.org")
    make_ban(network="192.0.2.0/24")

    assert "network" in refused(make_draft(email="bob@example.org", address="192.0.2.1"))


def test_over_rest_a_banned_reader_gets_the_code(client):
    make_ban(network="127.0.0.1", ends_at=dt.datetime(2031, 5, 6, 12, 30, tzinfo=dt.UTC))

    answer = client.post(
        f"/api/v1/articles/{make_article().pk}/comments/",
        {"text": "Hello", "name": "Bob", "email": "bob@example.org"},
        content_type="application/json",
    )

    assert answer.status_code == 403
    assert answer.json()["code"] == "banned"
    assert "2031" in answer.json()["detail"]


# --- Quietly ------------------------------------------------------------------------------------------------------


def test_a_quiet_ban_looks_like_waiting_and_goes_to_the_trash(client):
    make_ban(email="bob@example.org", quiet=True)
    article = make_article()

    answer = client.post(
        reverse("reply", args=[article.pk]), {"text": "Hello", "name": "Bob", "email": "bob@example.org"}
    )

    assert answer.status_code == 303
    page = client.get(answer["Location"]).text
    assert 'data-status="pending"' in page
    assert "ban" not in page.lower().replace("urban", "")
    comment = Comment.objects.get()
    decision = comment.decisions.get()
    assert (comment.status, decision.source) == ("trash", "ban")
    assert decision.reasons[0] == {"code": "quiet_ban", "params": {}}


def test_an_open_ban_comes_before_a_quiet_one():
    make_ban(email="bob@example.org", quiet=True)
    make_ban(network="192.0.2.0/24")

    refused(make_draft(email="bob@example.org", address="192.0.2.1"))


def test_what_the_quietly_banned_change_goes_to_the_trash_as_well():
    user = make_user()
    comment = make_comment(user=user)
    make_ban(identity=comment.identity, quiet=True)

    edit_comment(comment.pk, "Something else entirely", by=user)

    comment.refresh_from_db()
    assert comment.status == "trash"
    last = comment.decisions.order_by("-number").first()
    assert (last.source, last.reason) == ("ban", "quiet_ban")


def test_the_banned_change_nothing():
    guest, user = make_comment(email="bob@example.org"), make_user()
    comment = make_comment(user=user)
    make_ban(identity=comment.identity)
    make_ban(email="bob@example.org")

    with pytest.raises(Banned):
        edit_comment(comment.pk, "Changed", by=user)
    with pytest.raises(Banned):
        edit_comment(guest.pk, "Changed", token=guest.status_token)
    assert why_not(comment, EffectiveSettings.of(CommentSettings())) == "banned"
    assert why_not(guest, EffectiveSettings.of(CommentSettings())) == "banned"


# --- On the desk --------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_the_desk_learns_who_is_banned_in_one_question(django_assert_num_queries):
    set_rules(flood_seconds=0)
    article, user = make_article(), make_user()
    mine = make_comment(article, user=user, address="198.51.100.1")
    guest = make_comment(article, email="bob@example.org", address="192.0.2.4")
    make_comment(article, address="198.51.100.2")
    account, network = make_ban(identity=mine.identity), make_ban(network="192.0.2.0/24")
    email = make_ban(email="bob@example.org")
    ban_lifting.lift(make_ban(network="192.0.2.4"), make_moderator())
    rows = list(Comment.objects.select_related("identity", "connection_data"))

    with django_assert_num_queries(1):
        found = ban_checks.on_authors(rows)

    assert {pk: set(rows) for pk, rows in found.items()} == {mine.pk: {account}, guest.pk: {network, email}}


# --- In the admin -------------------------------------------------------------------------------------------------

BANS = "/admin/comments/ban/"


def listed(client, query: str) -> int:
    return client.get(f"{BANS}?{query}").text.count('class="field-who"')


@pytest.mark.ci_both
def test_a_moderator_bans_changes_and_lifts(client):
    client.force_login(make_moderator())

    client.post(f"{BANS}add/", {"network": "192.0.2.9/24", "reason": "spam", "ends_at_0": "", "ends_at_1": ""})
    ban = Ban.objects.get()
    assert (ban.network, ban.reason, ban.quiet, ban.by) == ("192.0.2.0/24", "spam", False, ban.by)
    client.post(f"{BANS}{ban.pk}/change/", {"reason": "abuse", "ends_at_0": "2031-05-06", "ends_at_1": "12:00"})
    ban.refresh_from_db()
    assert (ban.reason, ban.ends_at.year) == ("abuse", 2031)
    assert listed(client, "state=now") == 1
    client.post(BANS, {"action": "lift", "_selected_action": ban.pk})
    assert not Ban.objects.in_force().exists()
    assert listed(client, "state=now") == 0
    assert listed(client, "state=past&kind=network") == 1
    assert listed(client, "state=past&kind=email") == 0
    assert AuditEntry.objects.filter(kind__in=["ban", "ban_lifted"]).count() == 3
    assert client.post(f"{BANS}{ban.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.ci_both
def test_a_wrong_ban_comes_back_with_everything_typed(client):
    moderator = make_moderator()
    client.force_login(moderator)
    typed = {"reason": "spam", "note": "as discussed", "ends_at_0": "", "ends_at_1": ""}

    for target, said in [
        ({"network": "0.0.0.0/0"}, "too wide"),
        ({"network": "127.0.0.0/24"}, "You are in this network yourself"),
        ({"network": "nowhere"}, "not an IP address or a network"),
        ({}, "exactly one of these"),
        ({"identity": own_identity(make_editor()).pk}, "belongs to the newsroom"),
        ({"email": "a@example.org", "ends_at_0": "2020-01-01", "ends_at_1": "12:00"}, "in the past"),
        ({"identity": "9" * 30}, "valid choice"),
    ]:
        answer = client.post(f"{BANS}add/", typed | target)
        assert answer.status_code == 200, target
        assert said in answer.text, target
        assert "as discussed" in answer.text
    assert not Ban.objects.exists()


def test_who_keeps_the_rules_may_ban_quietly_and_no_other(client):
    client.force_login(make_moderator())
    typed = {"email": "bob@example.org", "quiet": "on", "ends_at_0": "", "ends_at_1": ""}
    assert 'name="quiet"' not in client.get(f"{BANS}add/").text
    client.post(f"{BANS}add/", typed)
    assert Ban.objects.get().quiet is False

    client.force_login(make_editor())
    client.post(f"{BANS}add/", typed)
    assert Ban.objects.get().quiet is True
    # Another moderator's change of its end leaves it quiet.
    client.force_login(make_moderator())
    client.post(f"{BANS}{Ban.objects.get().pk}/change/", {"ends_at_0": "2031-05-06", "ends_at_1": "12:00"})
    row = Ban.objects.get()
    assert (row.quiet, row.ends_at.year) == (True, 2031)


def test_authors_ban_nobody(client):
    client.force_login(make_user(group="Authors"))
    ban = make_ban()

    assert client.post(f"{BANS}add/", {"email": "bob@example.org"}).status_code == 403
    assert client.post(BANS, {"action": "lift", "_selected_action": ban.pk}).status_code == 403
    assert list(Ban.objects.in_force()) == [ban]


def test_the_list_asks_as_many_questions_however_long_it_is(client, django_assert_max_num_queries):
    moderator = make_moderator()
    client.force_login(moderator)
    for _ in range(6):
        make_ban(by=moderator)

    with django_assert_max_num_queries(11):
        assert client.get(BANS).status_code == 200


@pytest.mark.ci_both
def test_the_list_of_commenters_tells_who_is_banned_and_spares_the_newsroom(client):
    client.force_login(make_moderator())
    banned, other, colleague = own_identity(make_user("mallory")), own_identity(make_user("ada")), make_editor()
    make_ban(identity=banned)
    address = "/admin/accounts/commenteridentity/"

    assert "mallory" in client.get(f"{address}?banned=yes").text
    assert "mallory" not in client.get(f"{address}?banned=no").text
    answer = client.post(
        address, {"action": "ban", "_selected_action": [other.pk, own_identity(colleague).pk]}, follow=True
    )
    assert "belongs to the newsroom" in answer.text
    assert set(Ban.objects.in_force().values_list("identity", flat=True)) == {banned.pk, other.pk}


def test_a_raid_costs_as_many_questions_to_ban_however_many_came():
    moderator = make_moderator()
    set_rules(flood_seconds=0)

    def count(size):
        comments = [make_comment(address=f"203.0.{size}.{n}") for n in range(1, size + 1)]
        rows = Comment.objects.filter(pk__in=[row.pk for row in comments]).select_related(
            "identity__user", "connection_data"
        )
        rows = list(rows)
        batch = make_batch().pk
        with CaptureQueriesContext(connection) as asked:
            made, spared = bans.ban_authors(rows, by=moderator, networks=True, batch=batch)
        assert (len(made), spared) == (2 * size, 0)
        return len(asked)

    assert count(2) == count(9)


@pytest.mark.ci_both
def test_a_raid_from_one_s_own_network_does_not_ban_that():
    moderator = make_moderator()
    comment = make_comment(address="203.0.113.7")
    rows = Comment.objects.filter(pk=comment.pk).select_related("identity__user", "connection_data")

    made, spared = bans.ban_authors(
        rows, by=moderator, networks=True, batch=make_batch().pk, from_address="203.0.113.7"
    )

    assert ([row.kind for row in made], spared) == (["email"], 1)


# --- Undoing a raid's bans, and undoing that ----------------------------------------------------------------------


def undone(batch: Batch, **values) -> tuple[Batch, tuple[int, int]]:
    """Undo a batch's decisions and its bans; return the batch that undoes it, and what became of bans."""
    by = values.setdefault("by", batch.by)
    undoing = batches.undo(batch.pk, by=by, rows=Comment.objects.all())
    done = ban_lifting.undo_batch(undoing, **values)
    assert not done.left
    return undoing, (done.lifted, done.again)


def make_raid(size: int, **values) -> Batch:
    """So many guests' comments, taken for spam in one go, and their authors and networks banned."""
    set_rules(flood_seconds=0)
    comments = [make_comment(address=f"203.0.{size}.{n}") for n in range(1, size + 1)]
    rows = Comment.objects.filter(pk__in=[row.pk for row in comments])
    batch = batches.decide_batch(rows, "spam", by=values.get("by") or make_moderator())
    authors = rows.select_related("identity__user", "connection_data")
    bans.ban_authors(authors, **{"by": batch.by, "networks": True} | values, batch=batch.pk)
    return batch


def in_force() -> set[tuple]:
    return set(Ban.objects.in_force().values_list("email", "network", "reason", "note", "ends_at"))


@pytest.mark.ci_both
def test_undoing_an_undo_bans_the_same_on_the_same_terms_however_often():
    raid = make_raid(2, reason="spam", ends_at=timezone.now() + TOMORROW)
    before = in_force()

    first, done = undone(raid)
    assert (in_force(), done) == (set(), (4, 0))
    second, done = undone(first)
    assert (in_force(), done) == (before, (0, 4))
    third, done = undone(second)
    assert (in_force(), done) == (set(), (4, 0))
    fourth, done = undone(third)
    assert (in_force(), done) == (before, (0, 4))

    told = AuditEntry.objects.filter(kind__in=["ban", "ban_lifted"]).order_by("pk").values_list("kind", "facts__batch")
    assert list(dict.fromkeys(told)) == [
        ("ban", str(raid.pk)), ("ban_lifted", str(raid.pk)), ("ban", str(second.pk)), ("ban_lifted", str(second.pk)),
        ("ban", str(fourth.pk)),
    ]  # fmt: skip


@pytest.mark.ci_both
def test_undoing_an_undo_leaves_alone_whom_somebody_has_decided_about_since():
    raid = make_raid(4)
    moderator = raid.by
    lifted, banned, released, untouched = Ban.objects.exclude(email="").order_by("pk")
    ban_lifting.lift(lifted, moderator)
    first, _done = undone(raid)
    make_ban(email=banned.email, reason="abuse")
    ban_lifting.lift(make_ban(email=released.email), moderator)

    done = undone(first)[1]

    assert done == (0, 5)  # One address, and four networks.
    assert {row.email for row in Ban.objects.in_force()} - {""} == {banned.email, untouched.email}
    assert Ban.objects.in_force().get(email=banned.email).reason == "abuse"
    assert undone(first)[1] == (0, 0)


@pytest.mark.ci_both
def test_undoing_an_undo_leaves_a_ban_until_a_day_that_somebody_has_made_meanwhile():
    raid = make_raid(1)
    first, _done = undone(raid)
    email, network = Ban.objects.order_by("pk").values_list("email", "network")[0], "198.51.100.0/24"
    end = timezone.now() + TOMORROW
    meanwhile = make_ban(email=email[0], ends_at=end)
    unrelated = make_ban(network=network)

    assert undone(first)[1] == (0, 1)

    for ban in (meanwhile, unrelated):
        ban.refresh_from_db()
        assert ban.lifted_at is None
    assert Ban.objects.in_force().get(email=email[0]).ends_at == end


@pytest.mark.ci_both
def test_undoing_an_undo_bans_nobody_who_was_let_post_again_by_hand_in_the_same_instant(time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    raid = make_raid(2)
    by_hand = Ban.objects.exclude(email="").first()
    ban_lifting.lift(by_hand, raid.by)
    first, done = undone(raid)
    assert done == (3, 0)

    assert undone(first)[1] == (0, 3)

    assert not Ban.objects.in_force().filter(email=by_hand.email).exists()


def test_undoing_is_one_operation_for_decisions_and_bans():
    raid = make_raid(2)

    batch, done = undoing.undo(raid.pk, by=raid.by)

    assert (batch.undoes, batch.changed, done) == (raid, 2, (4, 0, 0))
    assert {row.status for row in Comment.objects.all()} == {"approved"}
    assert not in_force()


@pytest.mark.ci_both
def test_undoing_reaches_what_somebody_may_decide_about_and_nothing_else():
    raid, writer = make_raid(1), make_user(group="Authors")

    batch, done = undoing.undo(raid.pk, by=writer)

    assert (batch.total, done) == (0, (0, 0, 0))
    assert len(in_force()) == 2


def test_who_may_not_ban_decides_nothing_together_with_bans():
    comment, writer = make_comment(), make_user(group="Authors")

    with pytest.raises(Forbidden):
        raids.decide_and_ban(Comment.objects.filter(pk=comment.pk), "spam", by=writer, reason="spam")

    comment.refresh_from_db()
    assert comment.status == "approved"


@pytest.mark.ci_both
def test_whoever_wrote_what_a_filter_finds_is_banned_though_it_is_found_no_more():
    comment = make_comment(status="pending", email="bo@example.net")

    batch, made, spared = raids.decide_and_ban(Comment.objects.waiting(), "spam", by=make_moderator(), reason="spam")

    comment.refresh_from_db()
    assert (comment.status, batch.changed, spared) == ("spam", 1, 0)
    assert [(row.email, row.batch) for row in made] == [("bo@example.net", batch)]


@pytest.mark.ci_both
def test_undoing_an_undo_bans_nobody_whose_time_is_over_nor_the_newsroom_nor_oneself(time_machine):
    user = make_user()
    comments = [make_comment(user=user), make_comment(address="203.0.113.7"), make_comment(address="203.0.113.9")]
    rows = Comment.objects.filter(pk__in=[row.pk for row in comments]).select_related(
        "identity__user", "connection_data"
    )
    batch = batches.decide_batch(rows, "spam", by=make_moderator())
    bans.ban_authors(rows, by=batch.by, batch=batch.pk, networks=True)
    ends = timezone.now() + TOMORROW
    Ban.objects.filter(network="203.0.113.9/32").update(ends_at=ends)
    first, _done = undone(batch)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    time_machine.move_to(ends + TOMORROW)

    undone(first, from_address="203.0.113.7")

    assert {row.kind for row in Ban.objects.in_force()} == {"email"}


def test_who_may_not_ban_neither_lifts_nor_bans_by_undoing():
    raid = make_raid(1)
    writer = make_user(group="Authors")

    first, done = undone(raid, by=writer)
    assert done == (0, 0)
    assert len(in_force()) == 2
    assert undone(first, by=writer)[1] == (0, 0)


def test_undoing_costs_as_many_questions_however_many_are_banned():
    def count(size):
        first, _done = undone(make_raid(size))
        second = batches.undo(first.pk, by=first.by, rows=Comment.objects.all())
        with CaptureQueriesContext(connection) as asked:
            assert ban_lifting.undo_batch(second, by=User.objects.get(pk=first.by_id)) == (0, 2 * size, 0)
        return len(asked)

    assert count(2) == count(9)
