"""The registry: articles. What the newspaper publishes, bylines included, is the newspaper's."""

from __future__ import annotations

from newsreader.personal_data.entries.kinds import (
    DETACHED,
    NEWSROOM,
    ORIGIN,
    WHILE_ACCOUNT,
    Entries,
    Holds,
    Nobody,
    each,
    nobody,
)

_STAFF = "somebody of the newsroom"
_BYLINE = Holds(_STAFF, "the byline of what they have published", "as long as the articles", "stays: it is the paper's")
_BY = Holds(_STAFF, "who did it", WHILE_ACCOUNT, DETACHED)
_ORIGIN = each(ORIGIN, "origin_site", "origin_type", "origin_id")

ENTRIES: Entries = {
    "articles.Author": {
        **_ORIGIN,
        **each(_BYLINE, "name", "slug", "biography"),
        "user": Holds(_STAFF, "which account writes under the byline", WHILE_ACCOUNT, DETACHED),
    },
    "articles.Article": {
        **_ORIGIN,
        **each(NEWSROOM, "headline", "slug", "standfirst", "body", "language", "withdrawn_reason"),
    },
    "articles.Picture": {
        **_ORIGIN,
        **each(NEWSROOM, "file", "alternative_text", "caption", "credit", "widths"),
    },
    "articles.Section": {**_ORIGIN, **each(NEWSROOM, "name", "slug", "description")},
    "articles.Tag": {**_ORIGIN, **each(NEWSROOM, "name", "slug")},
    "articles.SourceAttribution": each(NEWSROOM, "name", "url"),
    "articles.Correction": {"text": NEWSROOM, "by": _BY},
    "articles.EditorialNote": {"text": Nobody("what colleagues write about an unpublished article"), "by": _BY},
    "articles.Submission": {"by": _BY},
    "articles.Redirect": nobody("former addresses of articles", "site", "path"),
    "articles.Purge": nobody("what a CDN has to drop", "key"),
    "articles.Site": nobody("the newspaper's own name and foot", "name", "tagline", "footer", "locale", "logo"),
    "articles.MenuItem": nobody("the newspaper's menu", "label", "address"),
    "articles.ImportRun": nobody("which file was imported: its name and its hash", "source", "file", "digest"),
}
