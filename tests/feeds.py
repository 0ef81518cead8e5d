"""Reading feeds as programs do: RSS and Atom by feedparser, JSON Feed by its rules."""

import datetime as dt
from types import SimpleNamespace

import feedparser

FORMS = ["", "atom/", "json/"]


def read(client, address):
    """Return title, link and entries; each entry with the same names whatever form it came in."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return _json(answer.json()) if "json" in answer["Content-Type"] else _xml(answer)


def _xml(answer):
    parsed = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert not parsed.bozo, parsed.get("bozo_exception")
    entries = [
        SimpleNamespace(
            id=entry.id,
            link=entry.link,
            title=entry.title,
            summary=entry.get("summary", ""),
            html=entry.content[0].value,
            published=dt.datetime(*entry.published_parsed[:6], tzinfo=dt.UTC),
            categories=[term.term for term in entry.get("tags", [])],
            authors=[author.name for author in entry.get("authors", [])],
            picture=entry.enclosures[0].href if entry.enclosures else "",
        )
        for entry in parsed.entries
    ]
    return SimpleNamespace(title=parsed.feed.title, link=parsed.feed.link, entries=entries)


def _json(feed):
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    entries = [
        SimpleNamespace(
            id=item["id"],
            link=item["url"],
            title=item["title"],
            summary=item.get("summary", ""),
            html=item["content_html"],
            published=dt.datetime.fromisoformat(item["date_published"]),
            categories=item.get("tags", []),
            authors=[author["name"] for author in item.get("authors", [])],
            picture=item.get("image", ""),
        )
        for item in feed["items"]
    ]
    return SimpleNamespace(title=feed["title"], link=feed["home_page_url"], entries=entries)
