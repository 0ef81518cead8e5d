"""The audit log's entries for people: words and values, and never what is stored."""

from __future__ import annotations

import pytest
from django.utils.translation import override
from lxml import html

from comments.audit.audit_log import note
from comments.desk import audit_facts
from comments.models import AuditEntry
from tests.factories import make_editor, make_moderator

pytestmark = pytest.mark.django_db
LOG = "/admin/comments/auditentry/"


def lines(entry, held=None):
    return dict(audit_facts.lines(entry, entry.facts if held is None else held))


@pytest.mark.parametrize(
    ("kind", "subject", "facts", "said"),
    [
        (
            "surge", "discussion:8", {"before": 0, "after": 1, "usual_comments": 1900},
            {"Before": "as usual", "After": "slowed down", "Usual comments, at most": "1,900"},
        ),
        ("pick", "comment:1", {"on": True}, {"Set": "yes"}),
        (
            "rules_changed", "rules", {"max_links": {"from": 2, "to": 3}},
            {"Hold comments with this many links": "2 → 3"},
        ),
        (
            "rule_changed", "rule:1", {"action": "spam", "section_id": None, "was": {"action": "hold"}},
            {"What happens": "before: hold for review", "Number of the section": "–"},
        ),
        (
            "ban", "ban:1", {"kind": "email", "ends_at": "2031-01-02T10:00:00+00:00", "reason": "spam", "quiet": False},
            {"Kind": "email", "Until": "Jan. 2, 2031, 11 a.m.", "Reason": "spam or advertising", "Quiet": "no"},
        ),
        (
            "account_changed", "account:4",
            {"is_staff": {"from": False, "to": True}, "groups": {"added": ["Editors"]}, "changed": ["email", "password"]},
            {"In the newsroom": "no → yes", "Groups": "added: Editors", "Changed": "Email address, Password"},
        ),
        ("discussion_changed", "discussion:8", {"changed": {"members_only": [False, True]}}, {}),
        ("made_later", "thing:1", {"odd_fact": [1, {"a_b": 2}]}, {"Odd fact": "1, a b: 2"}),
    ],
)  # fmt: skip
def test_facts_are_words_and_values(kind, subject, facts, said):
    entry = AuditEntry(kind=kind, subject=subject, facts=facts)

    with override("en-us"):
        found = lines(entry)

    assert said.items() <= found.items(), found
    assert not any("{" in value or "_" in name for name, value in found.items())


def test_the_page_of_an_entry_has_a_line_for_each_fact_and_no_json(client):
    mia = make_moderator(name="Mia")
    note("ban", "ban:7", by=mia, facts={"kind": "network", "quiet": True}, personal={"note": "Raids us"})
    entry = AuditEntry.objects.get(kind="ban")
    client.force_login(make_editor())

    page = html.fromstring(client.get(f"{LOG}{entry.pk}/change/").content.decode())

    [title] = page.xpath("//h1[not(ancestor::header)]")
    assert title.text_content() == "Mia banned somebody"
    shown = {row.xpath("string(dt)"): row.xpath("string(dd)") for row in page.xpath("//dl[@class='said-facts']/div")}
    assert shown == {"Kind": "network", "Quiet": "yes", "Note": "Raids us"}
    assert "{" not in page.xpath("string(//*[@id='content'])")
    listed = client.get(LOG).content.decode()
    assert "Kind: network, Quiet: yes" in listed
    assert "ban 7" in listed


@pytest.mark.parametrize("words", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "2031-02-30T10:00:00Z"])
def test_whatever_a_reader_writes_the_page_of_its_entry_shows_it(client, words):
    """A time that no calendar of ours reaches, say: an appeal against a ban is anybody's words."""
    note("ban_appeal", "ban:7", facts={"appeal": 1}, personal={"text": words})
    client.force_login(make_editor())

    assert words in client.get(f"{LOG}{AuditEntry.objects.get(kind='ban_appeal').pk}/change/").content.decode()
