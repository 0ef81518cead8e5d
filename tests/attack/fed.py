"""Feeds, read by the parser of their kind: well formed, every entry there, HTML of the allowed tags alone."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from comments.models import Comment
from tests.attack.planting import Planting, approve, read_html
from tests.attack.stage import IMPORTED, WRITTEN, Stage, batches

FORMS = ("", "atom/", "json/")
AT_ONCE = 50  # entries of a feed
_ENTRY = {
    "item": ("link", "{http://purl.org/rss/1.0/modules/content/}encoded"),
    "{http://www.w3.org/2005/Atom}entry": ("{http://www.w3.org/2005/Atom}id", "{http://www.w3.org/2005/Atom}content"),
}


def feeds(stage: Stage, planting: Planting, surface: str) -> None:
    """An article's comments, fifty at a time."""
    allowed = IMPORTED if planting.imported else WRITTEN
    rows = planting.article.comments
    for some in batches(planting.comments.items(), AT_ONCE):
        rows.update(status=Comment.Status.PENDING)
        rows.filter(pk__in=dict(some)).update(status=Comment.Status.APPROVED)
        type(planting.article).objects.filter(pk=planting.article.pk).update(page_version=planting.article.page_version)
        for form in FORMS:
            answer = stage.client.get(f"{planting.article.get_absolute_url()}feed/{form}", {"at": some[0][0]})
            entries = _entries(answer)
            found = {int(link.rstrip("/").rpartition("/")[2]): html for link, html in entries}
            if found.keys() != dict(some).keys():
                lost = sorted(dict(some).keys() - found.keys())
                stage.tally.fault("lost", surface, some[0][1][0].list, f"{form} without {lost[:5]}", answer.text[:200])
            for pk, (attack, _) in some:
                stage.tally.tried(surface, attack.list)
                tags = read_html(found.get(pk, "")).tags
                wrong = [tag for tag, names in tags if tag not in allowed or set(names) - set(allowed[tag])]
                if wrong:
                    stage.tally.fault("broke out", surface, attack.list, f"<{wrong[0]}> in {form}", attack.text)
    approve(planting.article)


def _entries(answer: Any) -> list[tuple[str, str]]:
    """Return address and HTML of each entry. What is not well formed raises."""
    if "json" in answer["Content-Type"]:
        return [(entry["url"], entry.get("content_html", "")) for entry in json.loads(answer.content)["items"]]
    tree = etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True))
    found = []
    for tag, (link, html) in _ENTRY.items():
        for entry in tree.iter(tag):
            address = next((a.get("href") for a in entry.iter("{http://www.w3.org/2005/Atom}link")), None)
            found.append((address or entry.findtext(link) or "", entry.findtext(html) or ""))
    return found
