"""What an entry of the lists may say besides: kinds beyond words, scope, an end, only counting, and how often it hit."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from comments.authors.author_edits import edit_comment
from comments.errors import NetworkBanned
from comments.events import EntriesMatched
from comments.models import Comment, FilterEntry
from comments.models.effective_settings import EffectiveSettings
from comments.posting.submission import post_comment
from comments.screening import compiled_entries, count_hits, entry_hits, evaluate, patterns
from comments.screening.words import matches, missed
from newsreader.kit import events
from newsreader.kit.errors import Invalid
from tests.comments.screening.test_checks import TRICKS
from tests.factories import (
    make_article,
    make_draft,
    make_editor,
    make_moderator,
    make_rule,
    make_section,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_else_holds(db):
    set_rules(hold_first_comment=False, flood_seconds=0)


def post(text: str = "Nothing to say.", *, agent: str = "", **values) -> Comment:
    draft = make_draft(text=text, **values)
    return post_comment(replace(draft, visit=replace(draft.visit, user_agent=agent)))


@pytest.mark.parametrize(
    "typed",
    [
        "casino.example", " Casino.EXAMPLE ", "*.casino.example", "@casino.example", "ann@casino.example",
        "www.casino.example", "casino.example.", "casino.example:8080", "casino.example/bonus",
        "https://www.casino.example:8080/bonus?a=1", "http://ann:secret@casino.example/",
    ],
)  # fmt: skip
def test_a_domain_is_the_same_however_it_is_typed(typed):
    assert compiled_entries.clean_domain(typed) == "casino.example"


def test_a_domain_is_compared_as_it_is_asked_for():
    assert compiled_entries.clean_domain("Käse.example") == "xn--kse-qla.example"
    assert compiled_entries.clean_domain("a..example") == "a..example"


# --- Regular expressions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"v[i1]agra", "Buy V1AGRA"),
        (r"cheap\s+(pills|meds)", "CHEAP \n pills"),
        (r"^win \d+", "Win 1000 today"),
        (r"\d{4}-\d{4}", "Call 5555-1234"),
        (r"caf[eé] noir", "Un CAFÉ NOIR"),
        (r"каз[а-я]+", "Лучшее КАЗИНО"),
        (r"\p{Cyrillic}[a-z]", "Пpивет"),
        (r"<script", "Typed: <script>"),
        (r"\+\+$", "I know C++"),
        (r"赌.", "欢迎来赌场玩"),
    ],
)
def test_a_regular_expression_is_found_in_letters_of_any_case(pattern, text):
    make_rule(pattern, match="regex", action="spam")

    comment = post(text)

    assert comment.status == "spam"
    assert comment.decisions.get().reasons == [{"code": "listed_pattern", "params": {"patterns": [pattern]}}]


@pytest.mark.parametrize("trick", [name for name in TRICKS if name not in {
    # Those that are read by putting words together again, which a pattern says for itself.
    "hyphens", "dots", "stars", "emoji between", "spelt out", "torn by a blank", "torn by a line break",
    "hyphen at a line break", "numbers for letters", "signs for letters", "escaped Markdown", "emphasis inside",
    "strike inside", "code inside",
}])  # fmt: skip
def test_a_regular_expression_sees_through_disguise(trick):
    make_rule(r"\bviagr[a4]\b", match="regex")

    assert post(TRICKS[trick]).status == "pending"


def test_a_pattern_in_letters_of_another_script_sees_through_invisible_ones():
    make_rule("каз[а-я]+", match="regex")

    assert post("ка\u200bзи\u00adно").status == "pending"


@pytest.mark.parametrize(("pattern", "text"), [(r"\bpress\b", "I like WordPress"), (r"a{5}", "aaaa"), (r"^b", "a\nb")])
def test_what_a_regular_expression_does_not_say_passes(pattern, text):
    make_rule(pattern, match="regex")

    assert post(text).status == "approved"


@pytest.mark.parametrize(
    "values", [{"name": "Casino King"}, {"email": "casino@example.org"}, {"website": "https://casino.example/"}]
)
def test_a_regular_expression_is_looked_for_in_every_field(values):
    make_rule("c[a4]sino", match="regex")

    assert post(**values).status == "pending"


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("(", "pattern_invalid"),
        ("(?=a)b", "pattern_invalid"),
        (r"(a)\1", "pattern_invalid"),
        ("a{1000}{1000}", "pattern_invalid"),
        ("\ud800", "pattern_invalid"),
        (r"(\pL{1,40}){1,20}", "pattern_too_large"),
        ("(.{1,50}){1,20}x", "pattern_too_large"),
        ("x" * 201, "pattern_too_large"),
        ("", "pattern_finds_nothing"),
        ("a*", "pattern_finds_nothing"),
        ("(a|b?)", "pattern_finds_nothing"),
        (r"\b", "pattern_finds_nothing"),
        ("$", "pattern_finds_nothing"),
        (".", "pattern_finds_everything"),
        (r"[^\n]", "pattern_finds_everything"),
        ("a+b", ""),
        (r"\pL{2}", ""),
        ("x" * 200, ""),
    ],
)
def test_a_pattern_that_is_none_or_says_nothing_is_named(pattern, code):
    assert patterns.fault(pattern)[0] == code
    assert (patterns.compiled(pattern) is None) == (code in {"pattern_invalid", "pattern_too_large"})


@pytest.mark.parametrize("wrong", [{"action": "shout"}, {"match": "rhyme"}])
def test_an_entry_that_somebody_wrote_past_the_site_stops_nobody_and_is_logged(client, caplog, wrong):
    entry = make_rule("casino")
    make_rule("lottery")
    FilterEntry.objects.update_or_create(pk=entry.pk, defaults=wrong)

    assert [post("A casino.").status, post("A lottery.").status] == ["approved", "pending"]

    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert line.startswith(f"Entry {entry.pk} of the block list is left out")
    client.force_login(make_editor())
    for address in ("", f"{entry.pk}/change/"):  # Where it can be mended.
        assert client.get(f"/admin/comments/filterentry/{address}").status_code == 200


def test_a_broken_pattern_in_the_lists_stops_nobody():
    make_rule("(", match="regex")
    make_rule("casino", match="regex", action="spam")

    assert (post("( a bracket").status, post("A casino").status) == ("approved", "spam")


@given(st.text(max_size=40), st.text(max_size=80))
def test_no_pattern_and_no_text_raises(pattern, text):
    regex = patterns.compiled(pattern)

    assert (regex is None) == (patterns.fault(pattern)[0] in {"pattern_invalid", "pattern_too_large"})
    if regex:
        patterns.is_found(regex, patterns.pieces([text]))


# --- Phrases in disguise --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "text", "held"),
    [
        ("cheap pills", "Ch34p p1ll$ here", True),
        ("payday loan", "A payday l0an", True),
        ("fail now", "They fall now, 100 of them", False),
        ("fail now", "They fa1l now", True),
        ("buy now", "A guy now, and 1 buy nowhere", False),
        ("casino", "CΑSΙΝΟ in Greek capitals", True),
        ("bitcoin", "ВІТСОІN in Cyrillic capitals", True),
    ],
)
def test_phrases_and_capitals_are_read_as_they_are_meant(entry, text, held):
    make_rule(entry)

    assert post(text).status == ("pending" if held else "approved")


# --- Browsers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "status"),
    [("Mozilla/5.0 HEADLESSchrome/99", "spam"), ("Mozilla/5.0 Head-less Chrome", "approved"), ("", "approved")],
)
def test_a_browser_is_known_by_a_part_of_its_name_read_as_it_is_sent(agent, status):
    make_rule("HeadlessChrome", match="agent", action="spam")

    comment = post(agent=agent)

    assert comment.status == status
    reasons = [{"code": "listed_agent", "params": {"agents": ["HeadlessChrome"]}}]
    assert comment.decisions.get().reasons == (reasons if status == "spam" else [])


def test_an_entry_about_browsers_is_not_looked_for_in_the_text():
    make_rule("curl", match="agent")

    assert post("I use curl/8.0").status == "approved"


# --- Scope ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("match", ["word", "substring", "domain", "regex", "network", "agent"])
def test_an_entry_counts_in_its_section_or_under_its_article_alone(match):
    pattern = {"domain": "casino.example", "network": "203.0.113.0/24"}.get(match, "casino")
    section = make_section()
    there, elsewhere = make_article(section=section), make_article(section=make_section())
    values = {"text": "See casino.example", "address": "203.0.113.9", "agent": "casino/1.0"}
    make_rule(pattern, match=match, section=section)
    make_rule(pattern, match=match, article=elsewhere, action="spam")

    statuses = [
        post(**values, name=f"N{n}", article=a).status for n, a in enumerate([there, elsewhere, make_article()])
    ]

    assert statuses == ["pending", "spam", "approved"]


def test_the_same_pattern_may_stand_for_several_scopes_and_the_strongest_wins():
    section = make_section()
    article = make_article(section=section)
    make_rule("casino.example", match="domain")
    make_rule("casino.example", match="domain", section=section, action="spam")
    make_rule("casino.example", match="domain", article=article, action="refuse")

    assert post("casino.example").status == "pending"
    assert post("casino.example", article=make_article(section=section)).status == "spam"
    assert post("casino.example", article=article).status == "trash"


def test_a_scope_costs_one_question_and_only_where_such_an_entry_matches(django_assert_num_queries):
    section = make_section()
    make_rule("casino", section=section)
    make_rule("pills", article=make_article())
    draft = make_draft(make_article(section=section), text="A casino")
    other = make_draft(text="Some pills")
    matches(draft)

    with django_assert_num_queries(1):
        assert matches(other) == []
    with django_assert_num_queries(2):
        assert [entry.pattern for entry in matches(draft)] == ["casino"]


@pytest.mark.ci_both
def test_a_network_is_banned_in_one_section_alone():
    section = make_section()
    make_rule("203.0.113.0/24", match="network", action="ban", section=section)

    with pytest.raises(NetworkBanned):
        post(address="203.0.113.9", article=make_article(section=section))
    assert post(address="203.0.113.9").status == "approved"


def test_what_an_entry_is_limited_to_is_not_deleted_with_it():
    from django.db.models import ProtectedError

    section = make_section()
    make_rule("casino", section=section)

    with pytest.raises(ProtectedError):
        section.delete()


# --- Until when, and only counting ----------------------------------------------------------------------------------


def test_an_entry_ends_by_the_clock_without_a_write(time_machine):
    time_machine.move_to("2026-03-01 12:00Z", tick=False)
    make_rule("casino", ends_at=timezone.now() + HOUR)
    make_rule("203.0.113.0/24", match="network", action="ban", ends_at=timezone.now() + HOUR)
    assert post("casino one").status == "pending"
    assert compiled_entries.current().bans("203.0.113.9")

    time_machine.shift(HOUR)

    assert post("casino two").status == "approved"
    assert not compiled_entries.current().bans("203.0.113.9")


def test_an_entry_that_has_ended_is_not_even_read(time_machine):
    make_rule("casino", ends_at=timezone.now() - HOUR)

    assert compiled_entries.current().texts == []


@pytest.mark.parametrize("action", ["hold", "spam", "refuse"])
def test_an_entry_that_only_counts_changes_nothing_and_is_counted(action, django_capture_on_commit_callbacks):
    rule = make_rule("casino", action=action, only_counts=True)

    with django_capture_on_commit_callbacks(execute=True):
        comment = post("A casino")

    rule.refresh_from_db()
    assert (comment.status, comment.decisions.get().reasons, rule.hits) == ("approved", [], 1)


def test_a_ban_that_only_counts_lets_people_in(django_capture_on_commit_callbacks):
    rule = make_rule("203.0.113.0/24", match="network", action="ban", only_counts=True)

    with django_capture_on_commit_callbacks(execute=True):
        assert post(address="203.0.113.9").status == "approved"

    rule.refresh_from_db()
    assert rule.hits == 1


# --- Hits -----------------------------------------------------------------------------------------------------------


@pytest.mark.ci_both
def test_every_entry_that_matches_is_counted_once_a_post(time_machine, django_capture_on_commit_callbacks):
    time_machine.move_to("2026-03-01 12:00Z", tick=False)
    casino, pills, never = make_rule("casino"), make_rule("pil+s", match="regex", action="spam"), make_rule("roulette")
    time_machine.shift(60)

    with django_capture_on_commit_callbacks(execute=True):
        post("casino, casino and pills")
        post("casino")

    found = dict(FilterEntry.objects.values_list("pk", "hits"))
    assert found == {casino.pk: 2, pills.pk: 1, never.pk: 0}
    assert FilterEntry.objects.get(pk=casino.pk).last_hit_at == timezone.now()
    assert FilterEntry.objects.get(pk=never.pk).last_hit_at is None


def test_a_changed_text_is_counted_and_an_unchanged_one_is_not(django_capture_on_commit_callbacks):
    rule, user = make_rule("casino"), make_user()
    comment = post("Nothing yet", user=user)

    with django_capture_on_commit_callbacks(execute=True):
        edit_comment(comment.pk, "A casino", by=user)
        edit_comment(comment.pk, "A casino", by=user)

    rule.refresh_from_db()
    assert rule.hits == 1


def test_neither_tries_nor_refused_posts_nor_moderators_are_counted(django_capture_on_commit_callbacks):
    rule = make_rule("casino")
    draft = make_draft(text="A casino", name="")

    with django_capture_on_commit_callbacks(execute=True):
        evaluate(draft, EffectiveSettings.of(set_rules()))
        with pytest.raises(Invalid):
            post_comment(draft)
        post("A casino", user=make_moderator())

    rule.refresh_from_db()
    assert rule.hits == 0


def test_a_hit_does_not_wake_the_lists(django_assert_num_queries):
    rule = make_rule("casino")
    book, changed_at = compiled_entries.current(), rule.changed_at

    entry_hits.count([rule.pk])

    rule.refresh_from_db()
    assert (rule.hits, rule.changed_at) == (1, changed_at)
    with django_assert_num_queries(1):
        assert compiled_entries.current() is book


@pytest.mark.ci_both
def test_all_are_counted_in_one_statement(django_assert_num_queries):
    ids = [make_rule(f"word{number}").pk for number in range(5)]

    with django_assert_num_queries(3):  # Two of them open and close a savepoint.
        entry_hits.count(ids)

    assert set(FilterEntry.objects.values_list("hits", flat=True)) == {1}


def test_posting_costs_nothing_more_where_nothing_matches(django_capture_on_commit_callbacks, monkeypatch):
    told = []
    monkeypatch.setitem(events._listeners, EntriesMatched, [told.append])
    make_rule("casino")

    with django_capture_on_commit_callbacks(execute=True):
        count_hits(evaluate(make_draft(text="Nothing"), EffectiveSettings.of(set_rules())))

    assert told == []


@pytest.mark.django_db(transaction=True)
def test_posts_that_hit_the_same_entries_at_once_lose_no_hit_and_do_not_wait_in_a_circle():
    ids = [make_rule(f"word{number}").pk for number in range(4)]
    barrier, failures = threading.Barrier(4), []

    def hit(order: list[int]) -> None:
        try:
            barrier.wait()
            for _ in range(10):
                entry_hits.count(order)
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hit, args=[order]) for order in (ids, ids[::-1], ids[:2], ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert list(FilterEntry.objects.order_by("pk").values_list("hits", flat=True)) == [40, 40, 30, 30]


# --- Examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "match", "found", "not_found"),
    [
        ("viagra", "word", ["Buy v1agra", "vi<b>ag</b>ra", " vіagra "], ["Niagara", ""]),
        ("press", "substring", ["WordPress"], ["pres"]),
        ("casino.example", "domain", ["https://www.casino.example/x", "win@casino.example"], ["mycasino.example"]),
        ("203.0.113.0/24", "network", ["203.0.113.7", " ::ffff:203.0.113.7 "], ["203.0.114.7", "no address"]),
        ("curl", "agent", ["CURL/8.0"], ["Mozilla"]),
        (r"\bwin \d+", "regex", ["WIN 100"], ["twin 100"]),
        ("127.0", "word", ["127.0.0.1"], ["128.0.0.1"]),
    ],
)
def test_an_entry_is_run_over_examples_of_its_kind(pattern, match, found, not_found):
    article = make_article()
    rule = FilterEntry(pattern=pattern, match=match, article=article, ends_at=timezone.now() - HOUR, only_counts=True)

    assert missed(rule, [*found, *not_found]) == not_found
