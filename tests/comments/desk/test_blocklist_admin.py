"""The lists in the admin: what is refused at entry, what is tried before it is saved, and what goes on record."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comments.errors import TooManyPatterns
from comments.models import AuditEntry, Comment, FilterEntry
from comments.moderation.decisions import decide
from comments.screening import article_settings, blocklist, patterns
from comments.screening.backtesting import backtest
from newsreader.kit.errors import Conflict
from tests.factories import (
    make_article,
    make_comment,
    make_editor,
    make_moderator,
    make_rule,
    make_section,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
DAY = dt.timedelta(days=1)
ADD, LIST = reverse("admin:comments_filterentry_add"), reverse("admin:comments_filterentry_changelist")


@pytest.fixture
def editor(client):
    editor = make_editor()
    client.force_login(editor)
    return editor


def typed(**values) -> dict:
    return {"entries": "casino", "match": "word", "action": "hold", "is_active": "on", "note": "My note"} | values


def page_of(rule: FilterEntry) -> str:
    return reverse("admin:comments_filterentry_change", args=[rule.pk])


def errors_in(page: str) -> str:
    return " ".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', page, re.DOTALL))


# --- Entry ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("editor")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"entries": "(", "match": "regex"}, "not a valid regular expression"),
        ({"entries": "(?<=a)b", "match": "regex"}, "not a valid regular expression"),
        ({"entries": "a*", "match": "regex"}, "also matches empty text"),
        ({"entries": ".", "match": "regex"}, "matches every text"),
        ({"entries": r"(\pL{1,40}){1,20}", "match": "regex"}, "too large"),
        ({"entries": "fine\n(", "match": "regex"}, "not a valid regular expression"),
        ({"entries": "x" * 201, "match": "regex"}, "200 characters"),
        ({"entries": "curl", "match": "agent", "action": "ban"}, "Only a network"),
        ({"ends_at_0": "2020-01-01", "ends_at_1": "12:00"}, "already passed"),
        ({"ends_at_0": "tomorrow", "ends_at_1": "12:00"}, "valid date"),
        ({"article": "999999"}, "valid choice"),
        ({"article": "9" * 40}, "valid choice"),
        ({"article": "abc"}, "valid choice"),
        ({"section": "999999"}, "valid choice"),
        ({"examples": "A roulette\nA casino\nA ca"}, "does not match: A roulette · A ca"),
        ({"counterexamples": "A roulette\nA c4sino"}, "The entry matches: A c4sino"),
        ({"entries": "casino\npills", "examples": "casino"}, "one entry at a time"),
        ({"examples": "\n".join(f"casino {n}" for n in range(51))}, "At most 50"),
        ({"counterexamples": "x " * 40_000}, "At most 65000"),
    ],
)
def test_an_entry_that_makes_no_sense_comes_back_as_it_was_typed(client, values, said):
    answer = client.post(ADD, typed(**values))

    assert answer.status_code == 200
    assert said in errors_in(answer.text).replace("&amp;", "&")
    assert "My note" in answer.text
    assert values.get("entries", "casino")[:50].replace("<", "&lt;") in answer.text
    assert not FilterEntry.objects.exists()
    assert not AuditEntry.objects.filter(kind__startswith="rule").exists()


@pytest.mark.usefixtures("editor")
def test_an_entry_has_one_scope(client):
    values = {"section": make_section().pk, "article": make_article().pk}

    page = client.post(ADD, typed(**values)).text

    assert "not both" in page
    assert not FilterEntry.objects.exists()


@pytest.mark.ci_both
def test_an_entry_with_all_it_may_have(client, editor):
    section = make_section()
    values = {
        "entries": r"c[a4]sino", "match": "regex", "action": "spam", "only_counts": "on", "section": section.pk,
        "ends_at_0": "2099-01-01", "ends_at_1": "12:00", "examples": "A c4sino\nCASINO", "counterexamples": "A cousin",
    }  # fmt: skip

    answer = client.post(ADD, typed(**values))

    assert (answer.status_code, errors_in(answer.text)) == (302, "")
    rule = FilterEntry.objects.get()
    assert (rule.match, rule.action, rule.only_counts, rule.section) == ("regex", "spam", True, section)
    assert rule.ends_at.year == 2099
    assert rule.examples.split() == ["A", "c4sino", "CASINO"]


@pytest.mark.usefixtures("editor")
def test_examples_are_run_again_when_an_entry_is_changed(client):
    rule = make_rule("casino", examples="A casino")
    values = {"pattern": "roulette", "match": "word", "action": "hold", "examples": "A casino", "note": "Changed"}

    answer = client.post(page_of(rule), values)

    rule.refresh_from_db()
    assert "does not match: A casino" in errors_in(answer.text)
    assert "roulette" in answer.text
    assert "Changed" in answer.text
    assert rule.pattern == "casino"


@pytest.mark.usefixtures("editor")
def test_an_entry_whose_time_is_over_can_still_be_noted_on(client):
    rule = make_rule("casino", ends_at=timezone.localtime().replace(microsecond=0) - DAY)
    values = {
        "pattern": "casino", "match": "word", "action": "hold", "is_active": "on", "note": "Was a raid",
        "ends_at_0": rule.ends_at.strftime("%Y-%m-%d"), "ends_at_1": rule.ends_at.strftime("%H:%M:%S"),
    }  # fmt: skip

    assert client.post(page_of(rule), values).status_code == 302

    rule.refresh_from_db()
    assert rule.note == "Was a raid"


@pytest.mark.ci_both
@pytest.mark.usefixtures("editor")
def test_the_same_entry_stands_once_in_each_scope(client):
    section = make_section()
    make_rule("casino")
    other = make_rule("roulette")

    assert client.post(ADD, typed(section=section.pk)).status_code == 302
    again = client.post(ADD, typed(section=section.pk), follow=True)
    changed = client.post(page_of(other), typed(pattern="casino"))

    assert "on the list already" in again.text
    assert "This entry is on the list already." in errors_in(changed.text)
    assert FilterEntry.objects.filter(pattern="casino").count() == 2


@pytest.mark.ci_both
def test_hits_counted_while_a_form_is_open_stay(client, editor):
    rule = make_rule("casino")
    opened = FilterEntry.objects.get(pk=rule.pk)
    FilterEntry.objects.filter(pk=rule.pk).update(hits=7)

    opened.note = "Changed"
    blocklist.change(opened, by=editor)

    rule.refresh_from_db()
    assert (rule.note, rule.hits) == ("Changed", 7)
    assert rule.changed_at > opened.created_at


@pytest.mark.ci_both
def test_what_somebody_else_has_deleted_or_added_meanwhile_is_a_conflict(editor):
    rule, other = make_rule("casino"), make_rule("roulette")
    other.pattern = "casino"
    with pytest.raises(Conflict):
        blocklist.change(other, by=editor)
    FilterEntry.objects.all().delete()
    rule.note = "Late"
    with pytest.raises(Conflict):
        blocklist.change(rule, by=editor)


# --- The list -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("editor")
def test_the_list_says_where_until_when_and_how_often(client):
    article = make_article(headline="Ferry runs again")
    make_rule("casino", article=article, ends_at=timezone.now() + DAY, hits=1234, last_hit_at=timezone.now())
    make_rule("pills", section=make_section("Harbour"))

    page = client.get(LIST).text

    for said in ("Ferry runs again", "Harbour", "Found 1,234 times"):
        assert said in page
    assert "“" not in re.sub(r"<[^>]*>", "", page) or "casino" in page


@pytest.mark.ci_both
@pytest.mark.usefixtures("editor")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("in_force=yes", {"now", "later"}),
        ("in_force=off", {"off"}),
        ("in_force=over", {"over"}),
        ("in_force=nonsense", {"now", "later", "off", "over"}),
        ("only_counts__exact=1", {"later"}),
        ("match__exact=regex", {"off"}),
        ("action__exact=spam", {"over"}),
    ],
)
def test_the_list_is_narrowed(client, asked, found):
    make_rule("now")
    make_rule("later", ends_at=timezone.now() + DAY, only_counts=True)
    make_rule("off", is_active=False, match="regex")
    make_rule("over", ends_at=timezone.now() - DAY, action="spam")

    page = client.get(f"{LIST}?{asked}").text

    assert set(re.findall(r'class="field-pattern"><a [^>]*>(\w+)<', page)) == found


@pytest.mark.usefixtures("editor")
@pytest.mark.parametrize("size", [3, 30])
def test_the_list_asks_as_many_questions_however_long_it_is(client, size, django_assert_max_num_queries):
    for number in range(size):
        make_rule(f"word{number}", section=make_section())

    with django_assert_max_num_queries(9):
        client.get(LIST)


# --- On record ------------------------------------------------------------------------------------------------------


def told(kind: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(kind=kind).order_by("pk"))


def test_every_added_entry_is_on_record_with_its_pattern_apart(client, editor):
    client.post(ADD, typed(entries="ada@example.org\npills", action="spam"))

    first, second = told("rule_added")
    rule = FilterEntry.objects.get(pattern="ada@example.org")
    assert first.subject == f"rule:{rule.pk}"
    assert first.by_account == editor.pk
    assert first.facts == {
        "match": "word", "action": "spam", "is_active": True, "only_counts": False, "section_id": None,
        "article_id": None, "ends_at": None,
    }  # fmt: skip
    assert first.personal["pattern"] == "ada@example.org"
    assert second.personal["note"] == "My note"
    assert "ada@" not in str(first.facts)


@pytest.mark.parametrize("size", [2, 60])
def test_adding_asks_as_many_questions_however_many_entries(editor, size, django_assert_max_num_queries):
    like = FilterEntry(pattern="x", match="word", action="hold")

    with django_assert_max_num_queries(6):
        added, known = blocklist.add([f"word{n}" for n in range(size)], like, by=editor)

    assert (len(added), known) == (size, 0)


@pytest.mark.ci_both
def test_a_changed_entry_is_on_record_with_what_it_was(client, editor):
    rule = make_rule("casino", note="Old")

    client.post(page_of(rule), typed(pattern="roulette", action="spam", note="New"))
    client.post(page_of(rule), typed(pattern="roulette", action="spam", note="New"))

    (entry,) = told("rule_changed")
    assert entry.subject == f"rule:{rule.pk}"
    assert (entry.facts["action"], entry.facts["was"]) == ("spam", {"action": "hold"})
    assert (entry.personal["pattern"], entry.personal["was"]) == ("roulette", {"pattern": "casino", "note": "Old"})


@pytest.mark.ci_both
def test_switching_is_on_record_for_those_that_change(client, editor):
    on, off = make_rule("casino"), make_rule("pills", is_active=False)

    client.post(LIST, {"action": "put_out_of_force", "_selected_action": [on.pk, off.pk]})

    (entry,) = told("rule_switched")
    assert (entry.subject, entry.facts["is_active"]) == (f"rule:{on.pk}", False)
    assert not FilterEntry.objects.filter(is_active=True).exists()


@pytest.mark.ci_both
def test_deleting_is_on_record_one_by_one_and_many_at_once(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    first, second, third = (make_rule(pattern) for pattern in ("casino", "pills", "roulette"))

    client.post(reverse("admin:comments_filterentry_delete", args=[first.pk]), {"post": "yes"})
    client.post(LIST, {"action": "delete_selected", "_selected_action": [second.pk, third.pk], "post": "yes"})

    assert not FilterEntry.objects.exists()
    assert [entry.personal["pattern"] for entry in told("rule_deleted")] == ["casino", "pills", "roulette"]


def test_changed_rules_of_discussion_are_on_record(client, editor):
    rules = set_rules(max_links=2)
    address = reverse("admin:comments_commentsettings_change", args=[rules.pk])
    form = client.get(address).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value is not None and value is not False}

    client.post(address, values | {"max_links": 5})
    client.post(address, values | {"max_links": 5})

    (entry,) = told("rules_changed")
    assert (entry.by_account, entry.facts) == (editor.pk, {"max_links": {"from": 2, "to": 5}})


# --- Tried before it is saved ---------------------------------------------------------------------------------------


@pytest.fixture
def discussion(db):
    """Three comments of readers, two of which speak of a casino, one of them approved by a person."""
    set_rules(flood_seconds=0)
    good = make_comment(text="The casino burnt down", status="pending")
    decide(good.pk, "approved", by=make_moderator())
    return good, make_comment(text="Win at <b>casino</b>", status="spam"), make_comment(text="Fine weather")


def test_a_new_entry_is_tried_and_comes_back_as_it_was_typed(client, editor, discussion):
    good, bad, fine = discussion

    page = client.post(ADD, typed(_backtest="1", backtest_days="7", examples="A casino")).text

    assert "Would have held 2 of 3 comments of the last 7 days." in page
    assert "approved 1 of them" in page
    assert f'data-comment="{good.pk}"' in page
    assert reverse("admin:comments_comment_change", args=[bad.pk]) in page
    assert f'data-comment="{fine.pk}"' not in page
    assert "Win at &lt;b&gt;casino&lt;/b&gt;" in page
    assert "My note" in page
    assert 'value="7"' in page
    assert "errornote" not in page
    assert not FilterEntry.objects.exists()
    assert not AuditEntry.objects.filter(kind__startswith="rule").exists()


def test_a_stored_entry_is_tried_as_it_is_typed_and_stays_as_it_was(client, editor, discussion):
    rule = make_rule("roulette")

    page = client.post(page_of(rule), typed(pattern="casino", action="spam", _backtest="1")).text

    rule.refresh_from_db()
    assert "Would have taken 2 of 3 comments of the last 30 days for spam." in page
    assert 'value="casino"' in page
    assert (rule.pattern, rule.action) == ("roulette", "hold")


def test_several_new_entries_are_tried_together(client, editor, discussion):
    page = client.post(ADD, typed(entries="casino\nweather\nnever", action="refuse", _backtest="1")).text

    assert "Would have put 3 of 3 comments" in page
    assert re.findall(r"<tr><td>(\w+)</td><td>(\d+)</td><td>(\d+)</td></tr>", page) == [
        ("casino", "2", "1"), ("weather", "1", "0"),
    ]  # fmt: skip


def test_what_makes_no_sense_is_not_tried(client, editor, discussion):
    page = client.post(ADD, typed(entries="(", match="regex", _backtest="1")).text

    assert "not a valid regular expression" in errors_in(page)
    assert "data-found" not in page


@pytest.mark.ci_both
@pytest.mark.parametrize("days", ["", "0", "-1", "x", "9" * 30, "400", "²"])
def test_any_number_of_days_is_answered(client, editor, days):
    answer = client.post(ADD, typed(_backtest="1", backtest_days=days))

    assert answer.status_code == 200
    assert 'data-found="0"' in answer.text


@pytest.mark.ci_both
def test_chosen_entries_are_tried_from_the_list(client, editor, discussion):
    rules = [make_rule("casino"), make_rule("weather", is_active=False)]

    page = client.post(LIST, {"action": "try_on_comments", "_selected_action": [rule.pk for rule in rules]}).text

    assert "Found in 3 of 3 comments of the last 30 days." in page
    assert {rule.hits for rule in FilterEntry.objects.all()} == {0}


@pytest.mark.ci_both
def test_a_page_says_where_a_bound_ended_it(client, editor, discussion, monkeypatch):
    monkeypatch.setattr("comments.desk.blocklist_admin.backtest", _bounded)

    page = client.post(ADD, typed(_backtest="1")).text

    assert "Would have held 1 of 1 comments" in page
    assert "There are more. Only the newest were checked, back to" in page


def _bounded(*args, **kwargs):
    Comment.objects.filter(body="Fine weather").delete()
    return backtest(*args, most=1, **kwargs)


def test_who_may_not_write_entries_tries_none(client, discussion):
    client.force_login(make_user(group="Authors"))
    rule = make_rule("casino")

    assert client.post(ADD, typed(_backtest="1")).status_code == 403
    assert client.post(page_of(rule), typed(pattern="casino", _backtest="1")).status_code == 403
    assert client.post(LIST, {"action": "try_on_comments", "_selected_action": [rule.pk]}).status_code == 403
    assert Client().post(ADD, typed(_backtest="1")).status_code == 302


def test_an_entry_that_is_not_there_is_not_tried(client, editor):
    answer = client.post(reverse("admin:comments_filterentry_change", args=[999]), typed(pattern="x", _backtest="1"))

    assert answer.status_code == 302  # Django leads back to the list and says so.


def test_a_pasted_text_meets_every_kind_of_entry(client, editor):
    make_rule("curl", match="agent")
    make_rule("c[a4]sino", match="regex", only_counts=True)
    make_rule("pills", section=make_section(), action="spam")

    page = client.post(
        reverse("admin:comments_filterentry_try"), {"text": "A c4sino with pills", "agent": "curl/8.0", "name": "Ada"}
    ).text

    assert 'data-status="pending"' in page
    assert "browsers on the list: curl" in page
    assert "only count" in page
    assert "(elsewhere alone)" in page
    assert set(FilterEntry.objects.values_list("hits", flat=True)) == {0}


def tried(client, **values):
    """The page of a trial: the verdict's status and the page itself."""
    page = client.post(reverse("admin:comments_filterentry_try"), {"text": "Pills and casinos", **values}).text
    found = re.search(r'data-status="(\w+)"', page)
    return found[1] if found else "", page


def test_a_pasted_text_meets_the_entries_of_its_section_or_article(client, editor):
    here, elsewhere = make_section(), make_section()
    article = make_article(section=here)
    make_rule("pills", section=here, action="spam")
    make_rule("casinos", article=article, action="refuse")
    set_rules(hold_first_comment=False)

    assert tried(client)[0] == "approved"
    assert tried(client, section=elsewhere.pk)[0] == "approved"
    status, page = tried(client, section=here.pk)
    assert status == "spam"
    assert page.count("(elsewhere alone)") == 1
    status, page = tried(client, article=article.pk)
    assert status == "trash"
    assert "(elsewhere alone)" not in page
    assert f'value="{article.pk}"' in page
    assert set(FilterEntry.objects.values_list("hits", flat=True)) == {0}


def test_a_pasted_text_meets_what_is_different_under_its_article(client, editor):
    article = make_article()
    article_settings.change(article.pk, by=editor, hold_everything=True)
    set_rules(hold_first_comment=False)

    assert tried(client, article=article.pk)[0] == "pending"
    assert tried(client)[0] == "approved"


@pytest.mark.parametrize(
    "place", [{"section": "x"}, {"section": 2**70}, {"article": "x"}, {"article": 999}, {"article": 2**70}]
)
def test_a_place_that_is_none_is_said_at_its_field(client, editor, place):
    status, page = tried(client, **place)

    assert status == ""
    assert "errorlist" in page


@pytest.mark.ci_both
def test_a_pasted_text_stands_in_one_place(client, editor):
    section = make_section()

    assert "not both" in tried(client, section=section.pk, article=make_article().pk)[1]


# --- How many regular expressions ---------------------------------------------------------------------------------


@pytest.fixture
def three(monkeypatch):
    """Room for three patterns, of 60 steps in all."""
    monkeypatch.setattr(patterns, "MOST", 3)
    monkeypatch.setattr(patterns, "MOST_STEPS", 60)


def test_more_patterns_than_there_is_room_for_are_refused_and_said(client, editor, three):
    make_rule("one+", match="regex")
    make_rule("over+", match="regex", ends_at=timezone.now() - DAY)
    make_rule("off+", match="regex", is_active=False)

    page = client.post(ADD, typed(entries="two+\nthree+\nfour+", match="regex")).text

    assert "At most 3 regular expressions can be in force" in page
    assert FilterEntry.objects.count() == 3
    client.post(ADD, typed(entries="two+\nthree+", match="regex"))
    assert FilterEntry.objects.count() == 5
    client.post(ADD, typed(entries="a word"))
    assert FilterEntry.objects.count() == 6


def test_patterns_that_are_too_large_together_are_refused(client, editor, three):
    make_rule("a{20}", match="regex")

    assert "their total size is limited" in client.post(ADD, typed(entries="b{50}", match="regex")).text
    client.post(ADD, typed(entries="b{20}", match="regex"))
    assert FilterEntry.objects.count() == 2


@pytest.mark.ci_both
def test_a_changed_pattern_takes_the_place_of_what_it_was(client, editor, three):
    for pattern in ("one+", "two+", "three+"):
        rule = make_rule(pattern, match="regex")

    client.post(page_of(rule), typed(pattern="four+", match="regex"))

    assert FilterEntry.objects.get(pk=rule.pk).pattern == "four+"
    word = make_rule("five")
    assert "At most 3" in client.post(page_of(word), typed(pattern="five", match="regex")).text
    word.match = "regex"
    with pytest.raises(TooManyPatterns):
        blocklist.change(word, by=editor)


@pytest.mark.ci_both
def test_neither_are_more_put_in_force_nor_tried_together(client, editor, three):
    rules = [make_rule(f"pattern{n}+", match="regex", is_active=False) for n in range(4)]
    chosen = {"_selected_action": [rule.pk for rule in rules]}

    for action in ("put_in_force", "try_on_comments"):
        page = client.post(LIST, {"action": action, **chosen}, follow=True).text
        assert "At most 3 regular expressions" in page
    assert not FilterEntry.objects.filter(is_active=True).exists()
    assert "At most 3" in client.post(ADD, typed(entries="a+\nb+\nc+\nd+", match="regex", _backtest="1")).text
    client.post(LIST, {"action": "put_in_force", "_selected_action": [rule.pk for rule in rules[:3]]})
    assert FilterEntry.objects.filter(is_active=True).count() == 3
    client.post(LIST, {"action": "put_out_of_force", **chosen})
    assert not FilterEntry.objects.filter(is_active=True).exists()


def test_as_many_as_there_is_room_for_find_their_own(editor):
    """500 of a usual size, looked for in 10,000 characters: some 20 ms."""
    wanted = [f"\\bword{n}[a4]s?\\b" for n in range(patterns.MOST)]

    added, _known = blocklist.add(wanted, FilterEntry(match="regex", action="spam"), by=editor)

    assert len(added) == patterns.MOST
    comment = make_comment(text="ferry " * 1_600 + "word499a")
    assert comment.decisions.first().reasons[0]["params"]["patterns"] == [wanted[499]]
    with pytest.raises(TooManyPatterns):
        blocklist.add(["one+"], FilterEntry(match="regex", action="spam"), by=editor)
    assert FilterEntry.objects.count() == patterns.MOST
