"""What is known of people goes after a time, and nothing else does."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comments.audit import audit_log
from comments.models import (
    Appeal,
    AuditEntry,
    Ban,
    BanAppeal,
    Comment,
    ConnectionData,
    Decision,
    EmailConfirmation,
    KeptDraft,
    MailPreferences,
    Notice,
    Report,
)
from comments.moderation import ban_targets, bans, old_traces
from comments.moderation.decisions import decide
from comments.moderation.similar import find_similar
from comments.objections import old_objections
from comments.screening import ban_checks
from newsreader.accounts import old_sessions
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import Retention, SentPicture, User
from newsreader.accounts.session_store import SessionStore
from newsreader.kit import long_writes
from newsreader.kit.client_address import cut
from newsreader.mailing.models import AskedLetter, Letter
from newsreader.operations import orphans, retention
from tests.factories import make_article, make_ban, make_comment, make_editor, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


@pytest.fixture(autouse=True)
def _no_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def aged(days: float, address: str = "203.0.113.77", **values: Any) -> Comment:
    """A comment that was left so many days ago, from there."""
    comment = make_comment(address=address, **values)
    Comment.objects.filter(pk=comment.pk).update(created_at=ago(days))
    ConnectionData.objects.filter(pk=comment.pk).update(user_agent="Firefox")
    return Comment.objects.get(pk=comment.pk)


def run() -> dict[str, int]:
    return retention.run(60, all_kinds=True)


def kept(comment: Comment) -> tuple[str | None, str, str]:
    data = ConnectionData.objects.get(pk=comment.pk)
    return data.address, data.user_agent, data.shown_address


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.77", "::ffff:203.0.113.0"),
        ("junk", "0.0.0.0"),
        ("", "0.0.0.0"),
    ],
)
def test_an_address_is_cut_as_wordpress_cuts_it(address, left):
    assert cut(address) == left


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (6.9, ("203.0.113.77", "Firefox", "203.0.113.77")),
        (7.1, ("203.0.113.0", "Firefox", "203.0.113.0/24")),
        (29.9, ("203.0.113.0", "Firefox", "203.0.113.0/24")),
        (30.1, ("203.0.113.0", "", "203.0.113.0/24")),
        (89.9, ("203.0.113.0", "", "203.0.113.0/24")),
        (90.1, (None, "", "")),
    ],
)
def test_of_a_comment_less_is_known_as_it_gets_older(days, left):
    comment = aged(days)

    run()

    assert kept(comment) == left
    assert ConnectionData.objects.get(pk=comment.pk).email  # It says whose comment it is, and is needed for trust.
    assert sum(run().values()) == 0


def test_an_ipv6_address_keeps_its_64_bits():
    comment = aged(8, "2001:db8:1:2:3:4:5:6")

    run()

    assert kept(comment)[2] == "2001:db8:1:2::/64"


def test_the_ages_are_those_that_editors_have_set():
    Retention.objects.update_or_create(pk=1, defaults={"addresses_whole": 2, "addresses": 3, "browsers": 1})
    two, three = aged(2.5), aged(3.5)

    run()

    assert (kept(two), kept(three)) == (("203.0.113.0", "", "203.0.113.0/24"), (None, "", ""))


def test_a_million_rows_take_many_turns_and_none_is_long(monkeypatch):
    monkeypatch.setattr(old_traces, "AT_ONCE", 2)
    comments = [aged(8, f"203.0.113.{number}") for number in range(5)]
    before = time.monotonic()

    assert old_traces.cut_addresses(ago(7), before) == 0  # No time is left.
    ticks = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: before + next(ticks))
    first = old_traces.cut_addresses(ago(7), before + 2)

    assert 0 < first < 5
    monkeypatch.undo()
    assert first + old_traces.cut_addresses(ago(7), time.monotonic() + 60) == 5
    assert {kept(comment)[0] for comment in comments} == {"203.0.113.0"}


def test_what_is_done_with_is_not_passed_again_in_the_next_piece(monkeypatch):
    """With a million of them, passing those again took seconds each time. Imported comments are old and come last."""
    monkeypatch.setattr(old_traces, "AT_ONCE", 2)
    set_rules(flood_seconds=0)
    young, old = [aged(1) for _ in range(5)], [aged(100, f"203.0.{number}.77") for number in range(5)]

    with CaptureQueriesContext(connection) as asked:
        assert old_traces.drop_addresses(ago(90), time.monotonic() + 60) == 5

    assert sum("ORDER BY" in query["sql"] for query in asked) == 6  # Ten rows in twos, and none.
    assert {kept(comment)[0] for comment in young} == {"203.0.113.77"}
    assert {kept(comment)[0] for comment in old} == {None}


def test_a_walk_that_was_cut_short_goes_on_and_passes_over_nothing(monkeypatch):
    monkeypatch.setattr(old_traces, "AT_ONCE", 2)
    set_rules(flood_seconds=0)
    comments = [aged(8) for _ in range(6)]
    assert next(old_traces._UNCUT.older(ago(7), time.monotonic() + 60))
    list(old_traces._UNCUT.older(ago(700), time.monotonic() + 60))  # Nothing was changed: it ends where it began.
    walk = old_traces._UNCUT.older(ago(7), time.monotonic() + 60)
    assert [pk for pk, _ in next(walk)] == [comments[0].pk, comments[1].pk]
    next(walk)

    assert old_traces.cut_addresses(ago(7), time.monotonic() + 60) == 6
    assert {kept(comment)[0] for comment in comments} == {"203.0.113.0"}


def test_where_there_is_much_of_some_kinds_the_others_have_their_turn(monkeypatch):
    """The first ones would take the whole turn for hours, as after an upgrade."""
    looked_at: list[str] = []

    def much_of(name):
        def kind(rules, now, until):
            looked_at.append(name)
            time.sleep(max(0.0, until - time.monotonic()))
            return 1

        kind.__name__ = name
        return kind

    monkeypatch.setattr(retention, "KINDS", [much_of(name) for name in "abcde"])
    monkeypatch.setattr(retention, "OF_ONE", 0.05)
    monkeypatch.setattr(retention, "_began", {})
    for _ in range(3):
        retention.run(0.1)

    assert set(looked_at) == set("abcde")


def test_a_kind_of_which_nothing_is_left_rests_for_an_hour(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(retention, "_done", {})
    retention.run(60)

    with django_assert_num_queries(0):
        assert retention.run(60) == {}


@pytest.mark.parametrize("of", ["cut", "browsers", "log"])
def test_what_is_old_is_found_by_an_index(of):
    aged(1)
    rows: Any = {
        "cut": ConnectionData.objects.filter(old_traces._WHOLE, address__isnull=False, address_is_cut=False),
        "browsers": ConnectionData.objects.filter(old_traces._WHOLE).exclude(user_agent=""),
        "log": AuditEntry.objects.filter(personal__isnull=False, created_at__lt=ago(1)).order_by("created_at", "pk"),
    }[of]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

    plan = rows.values("pk").explain()
    assert any(name in plan for name in (["log_with_people"] if of == "log" else ["trace_whole", "trace_by_address"]))


# --- What goes by addresses ---------------------------------------------------------------------------------------


def test_nobody_is_banned_unseen_for_what_a_neighbour_wrote_long_ago():
    old, young = aged(8), aged(1, "198.51.100.7")
    run()
    moderator = make_moderator()
    rows = Comment.objects.filter(pk__in=[old.pk, young.pk]).select_related("identity__user", "connection_data")

    targets, skipped = ban_targets.targets_of(rows, moderator, networks=True, from_address="")

    assert {network for _identity, _email, network in targets if network} == {"198.51.100.7/32"}
    assert len([email for _identity, email, _network in targets if email]) == 2
    assert skipped == 0


def test_a_ban_of_one_address_says_nothing_of_an_old_comment_of_its_network():
    old = aged(8)
    run()
    make_ban(network="203.0.113.0/32")
    wide = make_ban(network="203.0.112.0/20")
    row = Comment.objects.select_related("identity", "connection_data").get(pk=old.pk)

    assert ban_checks.on_authors([row]) == {old.pk: [wide]}


def test_similar_comments_are_found_by_network_and_not_by_an_address_that_is_not_known():
    set_rules(flood_seconds=0)
    one, other = aged(8, "203.0.113.7"), aged(8, "203.0.113.9")
    run()
    one = Comment.objects.select_related("connection_data").get(pk=one.pk)

    assert [match.comment_id for match in find_similar(one, rows=Comment.objects.all(), by=["network"])] == [other.pk]
    assert find_similar(one, rows=Comment.objects.all(), by=["network"], ipv4_prefix=32) == []


def test_the_desk_shows_and_finds_an_old_comment_by_its_network(client):
    old = aged(8)
    run()
    client.force_login(make_editor())

    page = client.get(f"/admin/moderation/{old.pk}/").text

    assert "203.0.113.0/24" in page
    assert "203.0.113.77" not in page
    assert old.body in client.get("/admin/moderation/?status=all&network=203.0.113.0/24").text


# --- Everything else ----------------------------------------------------------------------------------------------


def test_sessions_that_have_ended_go_with_the_lines_about_them():
    user = make_user()
    for key, days in (("ended", -2), ("just-ended", -0.5), ("alive", 2)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(-days))
        UserSession.objects.create(user=user, session_key=key, ip="203.0.113.77", user_agent="Firefox")
    UserSession.objects.create(user=user, session_key="gone", ip="203.0.113.77", user_agent="Firefox")

    run()

    assert set(Session.objects.values_list("session_key", flat=True)) == {"just-ended", "alive"}
    assert set(UserSession.objects.values_list("session_key", flat=True)) == {"alive"}


def test_of_a_session_that_goes_on_the_address_is_cut_and_dropped_too():
    user = make_user()
    for key, days in (("6", 6), ("8", 8), ("31", 31), ("91", 91)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(-1))
        UserSession.objects.create(
            user=user, session_key=key, ip="203.0.113.77", user_agent="Firefox", created_at=ago(days)
        )

    run()

    assert list(UserSession.objects.order_by("-created_at").values_list("ip", "user_agent")) == [
        ("203.0.113.77", "Firefox"),
        ("203.0.113.0", "Firefox"),
        ("203.0.113.0", ""),
        ("0.0.0.0", ""),
    ]
    assert sum(run().values()) == 0


def test_strangers_begin_no_more_sessions_than_there_is_room_for_and_push_out_nobody_who_is_signed_in():
    for number in range(6):
        data = SessionStore().encode({"_auth_user_id": "1"} if number == 0 else {"code": "x"})
        Session.objects.create(session_key=f"s{number}", session_data=data, expire_date=ago(-(50 + number) / 1440))
    Session.objects.create(session_key="member", session_data="", expire_date=ago(-14))

    assert old_sessions.end_surplus(6) == 0
    assert old_sessions.end_surplus(3) == 2

    assert sorted(Session.objects.values_list("session_key", flat=True)) == ["member", "s0", "s3", "s4", "s5"]


def test_accounts_that_nobody_confirmed_go_and_no_others():
    names = ("typed", "young", "confirmed", "entered", "staff", "made", "identity")
    users = {name: make_user(name, verified=name == "confirmed") for name in names}
    User.objects.exclude(pk=users["young"].pk).update(date_joined=ago(31))
    User.objects.filter(pk=users["entered"].pk).update(last_login=ago(31))
    User.objects.filter(pk=users["staff"].pk).update(is_staff=True)
    EmailAddress.objects.filter(user=users["made"]).delete()
    own_identity(users["identity"])

    assert run()["unconfirmed_accounts"] == 1

    assert not User.objects.filter(username="typed").exists()
    assert User.objects.count() == len(names) - 1


def test_what_readers_were_told_goes_and_what_waits_stays():
    comment = make_comment()
    row = MailPreferences.objects.create(address="a@example.org", folded="a@example.org", confirmed_at=ago(100))
    for about, days, settled in ((1, 91, ago(91)), (2, 91, None), (3, 89, ago(89))):
        Notice.objects.create(
            preferences=row, kind="comment", about_id=about, article=comment.article, created_at=ago(days),
            settled_at=settled,
        )  # fmt: skip

    run()

    assert set(Notice.objects.values_list("about_id", flat=True)) == {2, 3}


def test_many_old_rows_go_a_few_in_one_transaction_and_the_rest_another_time(monkeypatch):
    monkeypatch.setattr(long_writes, "AT_ONCE", 2)
    AskedLetter.objects.bulk_create([AskedLetter(address=str(number), at=ago(2)) for number in range(5)])
    UserSession.objects.bulk_create(
        [
            UserSession(
                user=make_user(), session_key=str(number), ip="203.0.113.7", user_agent="Firefox", created_at=ago(40)
            )
            for number in range(5)
        ]
    )
    rules, now, soon = Retention.objects.current(), timezone.now(), time.monotonic() + 60

    assert retention.asked_letters(rules, now, time.monotonic() - 1) == 0  # No time is left.
    with CaptureQueriesContext(connection) as queries:
        assert (retention.asked_letters(rules, now, soon), retention.browsers(rules, now, soon)) == (5, 5)

    written = [query["sql"].partition(" ")[0] for query in queries if query["sql"].startswith(("DELETE", "UPDATE"))]
    assert written == ["DELETE"] * 3 + ["UPDATE"] * 3


def test_sent_mails_go_and_those_under_way_stay():
    for about_id, days, state in ((1, 91, "sent_at"), (2, 91, "given_up_at"), (3, 91, ""), (4, 89, "sent_at")):
        values = {state: ago(days)} if state else {}
        Letter.objects.create(
            name="comment_published", about="decision", about_id=about_id, address="a@example.org",
            created_at=ago(days), **values,
        )  # fmt: skip

    run()

    assert set(Letter.objects.values_list("about_id", flat=True)) == {3, 4}


def test_drafts_proofs_tasks_and_refused_pictures_go_in_their_time(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}
    article, comment = make_article(), make_comment()
    for name, hours in (("young", 23), ("old", 25)):
        KeptDraft.objects.create(token=name, browser=name, network=name, article=article, created_at=ago(hours / 24))
    for name, days, confirmed in (("young", 29, None), ("old", 31, None), ("confirmed", 31, ago(31))):
        EmailConfirmation.objects.create(
            address=name, network=name, comment=comment, asked_at=ago(days), confirmed_at=confirmed
        )
    for status, days in (("SUCCESSFUL", 8), ("FAILED", 8), ("SUCCESSFUL", 6), ("READY", 8)):
        DBTaskResult.objects.create(
            args_kwargs={"args": [], "kwargs": {}}, priority=0, task_path="x", queue_name="default",
            backend_name="default", run_after=timezone.now(), exception_class_path="", traceback="",
            worker_ids=[], status=status, finished_at=None if status == "READY" else ago(days),
        )  # fmt: skip
    for refused in (True, False):
        row = SentPicture.objects.create(user=make_user(), data=b"", is_refused=refused)
        SentPicture.objects.filter(pk=row.pk).update(sent_at=ago(8))

    run()

    assert set(KeptDraft.objects.values_list("token", flat=True)) == {"young"}
    assert set(EmailConfirmation.objects.values_list("address", flat=True)) == {"young", "confirmed"}
    assert sorted(DBTaskResult.objects.filter(task_path="x").values_list("status", flat=True)) == [
        "READY",
        "SUCCESSFUL",
    ]
    assert [row.is_refused for row in SentPicture.objects.all()] == [False]


def test_settled_reports_lose_their_network_and_open_ones_do_not():
    rows = [
        Report.objects.create(
            comment=make_comment(), reason="spam", reporter=str(n), network="hash", created_at=ago(91), outcome=outcome
        )
        for n, outcome in enumerate(["", "kept"])
    ]

    run()

    assert [Report.objects.get(pk=row.pk).network for row in rows] == ["hash", ""]


def reported(outcome: str, settled: float | None, **values: Any) -> Report:
    return Report.objects.create(
        comment=make_comment(),
        reason="illegal",
        reporter=f"hash {Report.objects.count()}",
        outcome=outcome,
        settled_at=settled and ago(settled),
        created_at=ago(900),
        **{"detail": "It names me", "law": "§ 185", "name": "Ada", "email": "ada@example.org", "network": "n"} | values,
    )


@pytest.mark.parametrize(
    ("outcome", "settled", "gone"), [("kept", 201, True), ("removed", 199, False), ("", None, False)]
)
def test_of_a_settled_report_the_outcome_stays_and_who_made_it_goes(client, outcome, settled, gone):
    moderator = make_moderator()
    row = reported(outcome, settled, account=make_user(), settled_by=moderator if outcome else None)
    page, before = row.status_url, row.reporter

    run()

    row.refresh_from_db()
    assert (row.detail == row.law == row.name == row.email == "") == gone
    assert (row.account is None) == (row.reporter != before) == gone
    assert (row.reason, row.outcome) == ("illegal", outcome)
    assert row.settled_by == (moderator if outcome else None)
    assert client.get(page).status_code == (404 if gone else 200)
    assert sum(run().values()) == 0


def test_a_report_that_was_opened_again_keeps_who_made_it():
    """Its first outcome is old; the objection is not answered yet."""
    row = reported("", None, kept_at=ago(400), objected_at=ago(390), objection="Look again")

    run()

    row.refresh_from_db()
    assert (row.name, row.objection) == ("Ada", "Look again")


def test_many_settled_reports_go_in_pieces_and_none_is_passed_twice(monkeypatch):
    monkeypatch.setattr(old_objections, "AT_ONCE", 2)
    set_rules(flood_seconds=0)
    for _ in range(3):
        reported("kept", 300)
    Report.objects.update(settled_at=ago(300))  # All by one decision.
    for number in range(2):
        reported("removed", 400 + number)

    with CaptureQueriesContext(connection) as asked:
        assert retention.run(60, all_kinds=True)["reports"] == 5

    assert sum('ORDER BY "comments_report"."settled_at"' in query["sql"] for query in asked) == 4
    assert not Report.objects.exclude(name="").exists()


@pytest.mark.parametrize(
    ("outcome", "settled", "left"), [("rejected", 201, ""), ("granted", 199, "Why"), ("", None, "Why")]
)
def test_of_a_settled_appeal_the_outcome_stays_without_its_words(client, outcome, settled, left):
    comment = make_comment()
    decision = decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    row = Appeal.objects.create(
        comment=comment, decision=decision, text="Why", outcome=outcome, settled_at=settled and ago(settled)
    )

    run()

    row.refresh_from_db()
    assert (row.text, row.outcome) == (left, outcome)
    assert client.get(comment.status_url).status_code == 200
    assert sum(run().values()) == 0


@pytest.mark.parametrize(("settled", "left"), [(201, ("", "")), (199, ("Why", "token"))])
def test_of_an_appeal_against_a_ban_only_stays_that_there_was_one(settled, left):
    """As long as the ban: each appeals once."""
    row = BanAppeal.objects.create(
        ban=make_ban(), appellant="hash", by_owner=False, token="token", text="Why", outcome="upheld",
        settled_at=ago(settled),
    )  # fmt: skip

    run()

    row.refresh_from_db()
    assert (row.text, row.token) == left
    assert (row.appellant, row.outcome) == ("hash", "upheld")


def test_decisions_and_the_log_stay_without_people_in_them():
    comment = aged(800)
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    bans.ban(email="mallory@example.org", by=make_moderator(), reason="spam")
    AuditEntry.objects.update(created_at=ago(731))
    entries, decisions = AuditEntry.objects.count(), Decision.objects.count()
    with_people = AuditEntry.objects.exclude(personal=None).count()
    assert with_people

    run()

    assert not AuditEntry.objects.exclude(personal=None).exists()
    assert AuditEntry.objects.count() == entries + 1  # that they were erased
    assert AuditEntry.objects.get(kind="erasure").facts["entries"] == with_people
    assert Decision.objects.count() == decisions
    assert Ban.objects.get().email == "mallory@example.org"
    audit_log.seal()
    assert audit_log.verify()[1] == []


def test_a_log_that_is_never_to_forget_does_not():
    Retention.objects.update_or_create(pk=1, defaults={"log_people": 0})
    bans.ban(email="mallory@example.org", by=make_moderator(), reason="spam")
    AuditEntry.objects.update(created_at=ago(5000))

    run()

    assert AuditEntry.objects.exclude(personal=None).exists()


def test_files_are_looked_for_and_with_nought_only_counted(monkeypatch):
    asked: list[Any] = []
    monkeypatch.setattr(
        orphans,
        "clear",
        lambda age, *, delete: [asked.append((age.days, delete)), orphans.Orphans(["x"], 1, delete)][1],
    )
    first = run()["files"]
    Retention.objects.update_or_create(pk=1, defaults={"files": 0})

    assert (first, run()["files"]) == (1, 0)
    assert asked == [(1, True), (1, False)]


def test_what_was_done_is_said(caplog):
    caplog.set_level("INFO")
    aged(8)

    run()

    assert "Retention: 1 of addresses_cut" in caplog.text


# --- The rules ----------------------------------------------------------------------------------------------------


def form(**changes: Any) -> dict[str, Any]:
    row = Retention.objects.current()
    names = [field.name for field in Retention._meta.fields if field.name != "id"]
    return {name: getattr(row, name) for name in names} | changes


def test_editors_change_the_rules_and_the_log_says_so(client):
    editor = make_editor()
    client.force_login(editor)
    assert client.get("/admin/accounts/retention/")["Location"] == "/admin/accounts/retention/1/change/"
    page = client.get("/admin/accounts/retention/1/change/").text
    assert "Cut IP addresses to their network after" in page

    changed = client.post("/admin/accounts/retention/1/change/", form(addresses_whole=3))

    assert changed.status_code == 302
    assert Retention.objects.current().addresses_whole == 3
    entry = AuditEntry.objects.get(kind="rules_changed", subject="retention")
    assert (entry.by_account, entry.facts) == (editor.pk, {"addresses_whole": {"from": 7, "to": 3}})
    assert client.get("/admin/accounts/retention/add/").status_code == 403


@pytest.mark.parametrize("wrong", [{"addresses_whole": 91}, {"addresses_whole": 20, "addresses": 10}, {"mails": 5}])
def test_rules_that_make_no_sense_are_refused(client, wrong):
    client.force_login(make_editor())

    refused = client.post("/admin/accounts/retention/1/change/", form(**wrong))

    assert refused.status_code == 200
    assert "errorlist" in refused.text
    assert Retention.objects.current().mails == 90


def test_moderators_do_not_change_them(client):
    client.force_login(make_moderator())
    Retention.objects.current()

    assert client.get("/admin/accounts/retention/1/change/").status_code == 403
