"""WordPress' export (WXR 1.0 to 1.2) -> records: articles and pages, each followed by its comments.

An export may be split into several files, by date or by kind. An article and its comments may be listed in more than
one of them, and what an article points to may be in any.

The format is RSS with WordPress' own elements. Their namespace changes with the version, so elements are told apart by
the namespace's family. Times: `*_gmt` are UTC without a zone; `0000-00-00` means none.
Source: `wp-admin/includes/export.php` of WordPress, and real exports of versions 3.3 to 6.9.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from articles.records import AddressRecord, ArticleRecord, NameRecord, Origin, Remark, digest
from comments.posting.importing import CommentRecord
from newsreader.kit.text import tidy_line
from newsreader.transfer.errors import Unreadable
from newsreader.transfer.readers import paragraphs
from newsreader.transfer.readers.parts import Parts, put_in
from newsreader.transfer.readers.wordpress_values import (
    host_and_path,
    old_address,
    plain,
    publication,
    slug_of,
    slug_of_title,
    utc,
)
from newsreader.transfer.readers.xml import forget, mentions, stream, text_before, text_of

STATUSES = {"1": "approved", "spam": "spam", "trash": "trash", "post-trashed": "trash", "0": "pending"}
KINDS = {"post": "article", "page": "page"}
PICTURE = "attachment"
# Internal comments of plugins and the block editor: they are "approved" but were never public.
INTERNAL = {"order_note", "webhook_delivery", "action_log", "note"}
_FAMILIES = {
    "": re.compile(r"$"),
    "excerpt": re.compile(r"https?://wordpress\.org/export/[\d.]+/excerpt"),
    "wp": re.compile(r"https?://wordpress\.org/export/"),
    "content": re.compile(r"https?://purl\.org/rss/1\.0/modules/content"),
    "dc": re.compile(r"https?://purl\.org/dc/"),
}
_families: dict[str, str] = {}


@dataclass
class _Export:
    """The head of the file, and the ids of comments seen so far."""

    site: str = ""
    names: dict[str, str] = field(default_factory=dict)  # login -> display name
    versioned: bool = False
    comments: set[str] = field(default_factory=set)


def read(files: Iterable[BinaryIO]) -> Iterator[ArticleRecord | CommentRecord | AddressRecord | Remark]:
    """Yield each article and then its comments, file by file, one item in memory at a time.

    Items that are neither articles, pages nor pictures are imported only where they have comments, as drafts; remarks
    say what is left out. Raises Unreadable for a file that is not WXR.
    """
    parts: dict[str, Parts] = defaultdict(Parts)  # by site, since numbers are a site's own
    if any(mentions(file, b'wp:block {"ref"', b"[gallery") for file in files):
        for file in files:
            _gather(file, parts)
    for file in files:
        yield from _read(file, parts)


def _read(
    file: BinaryIO, parts: Mapping[str, Parts]
) -> Iterator[ArticleRecord | CommentRecord | AddressRecord | Remark]:
    export: _Export | None = None
    exported_items = 0
    if before := text_before(file):
        yield Remark("text_before", plain(before)[:80])
    comments: list[dict[str, str]] = []  # of the item that is being read; as elements they took three times the room
    for element in stream(file, "comment", "item", "channel"):
        if _name(element).endswith(":comment"):
            if _is_of_item(element):
                comments.append(_fields(element))
                element.clear()
            continue
        channel = element if _name(element) == ":channel" else element.getparent()
        if channel is None or _name(channel) != ":channel":
            continue
        export = export or _head(channel)
        if element is channel:
            continue  # Read on: the rest of the file may be broken, and that has to be noticed.
        if any(_name(child).startswith("wp:") for child in element):
            exported_items += 1
            yield from _item(element, comments, export, parts[export.site])
        else:
            title = plain(text_of(element.find("title")))
            yield Remark("not_of_wordpress", title, left_out=True)
        comments = []
        forget(element)
    if export is None or not (export.versioned or exported_items):
        raise Unreadable("well-formed, but not a WordPress export: it has no wp:wxr_version")


def _is_of_item(element: Any) -> bool:
    """Say whether this is a comment of an item, not something else of that name."""
    parent = element.getparent()
    return _name(element) == "wp:comment" and parent is not None and _name(parent) == ":item"


def _gather(file: BinaryIO, parts: Mapping[str, Parts]) -> None:
    """Read a file for what articles only point to, since that may come after them. What is listed again is known."""
    found: Parts | None = None
    for item in stream(file, "item"):
        channel = item.getparent()
        if channel is None or _name(channel) != ":channel":
            continue
        found = found or parts[_head(channel).site]
        fields = _fields(item)
        names = ("wp:post_type", "wp:post_id", "wp:attachment_url", "wp:post_parent")
        kind, number, address, parent = (fields.get(name, "").strip() for name in names)
        if kind == "wp_block":
            found.blocks.setdefault(number, fields.get("content:encoded", ""))
        elif kind == PICTURE and number not in found.pictures and address:
            found.pictures[number] = address, plain(fields.get(":title", ""))
            found.attached[parent].append(number)
        forget(item)


def _name(element: Any) -> str:
    """Return `family:name`, whatever the version: `wp:post_id`, `content:encoded`, `:title`; `?:…` for others."""
    space, _, name = element.tag[1:].rpartition("}") if element.tag[0] == "{" else ("", "", element.tag)
    if space not in _families:
        matches = (family for family, known in _FAMILIES.items() if known.match(space))
        _families[space] = next(matches, "?")
    return f"{_families[space]}:{name}"


def _fields(element: Any) -> dict[str, str]:
    """Return the text of each child by its name; the first one where there are several."""
    fields: dict[str, str] = {}
    for child in element:
        name = _name(child)
        if name not in fields and name not in {"wp:comment", "wp:postmeta", "wp:commentmeta"}:
            fields[name] = text_of(child)
    return fields


def _head(channel: Any) -> _Export:
    """Read what comes before the first item."""
    fields = _fields(channel)
    # `base_site_url` comes last: it is the same for every blog of wordpress.com, and their ids would collide.
    addresses = (host_and_path(fields.get(name, "")) for name in ("wp:base_blog_url", ":link", "wp:base_site_url"))
    site = next((address for address in addresses if address), "") or tidy_line(fields.get(":title", ""))
    export = _Export(site=site, versioned="wp:wxr_version" in fields)
    export.versioned |= any(name.startswith("wp:") for name in fields) and channel.find("item") is None
    for child in channel:
        if _name(child) == "wp:author":
            author = {name: plain(value) for name, value in _fields(child).items()}
            full = f"{author.get('wp:author_first_name', '')} {author.get('wp:author_last_name', '')}".strip()
            login = author.get("wp:author_login", "")
            export.names[login] = author.get("wp:author_display_name", "") or full or login
    return export


# --- Articles -----------------------------------------------------------------------------------------------------


def _item(
    item: Any, comments: list[dict[str, str]], export: _Export, parts: Parts
) -> Iterator[ArticleRecord | CommentRecord | AddressRecord | Remark]:
    fields = _fields(item)
    kind = fields.get("wp:post_type", "").strip()
    number = fields.get("wp:post_id", "").strip()
    subject = f"{kind or 'item'} {number} {plain(fields.get(':title', ''))[:80]}".strip()
    if kind not in KINDS:
        code = "picture" if kind == PICTURE else "not_an_article"
        if not comments:
            yield Remark(code, subject, kind, left_out=True)
            if kind == PICTURE and (parent := fields.get("wp:post_parent", "").strip()) not in {"", "0"}:
                addresses = (
                    old_address(f"{_home(export)}?attachment_id={number}"),
                    old_address(fields.get(":link", "")),
                )
                yield AddressRecord(export.site, parent, tuple(address for address in addresses if address))
            return
        yield Remark("draft_for_its_comments", subject, kind)
    article, remarks = _article(item, fields, export, parts, subject)
    yield from remarks
    yield article
    yield from _comments(comments, article, export)


def _article(
    item: Any, fields: dict[str, str], export: _Export, parts: Parts, subject: str
) -> tuple[ArticleRecord, list[Remark]]:
    kind = fields.get("wp:post_type", "").strip()
    origin = _article_origin(fields, kind, export.site)
    remarks: list[Remark] = []
    publicity = publication(fields, known_kind=kind in KINDS)
    if publicity.remark:
        remarks.append(Remark(publicity.remark, subject, fields.get("wp:status", "").strip()))
    footnotes, number = next(_meta(item, "footnotes"), ""), fields.get("wp:post_id", "").strip()
    text, missing = put_in(fields.get("content:encoded", ""), parts, footnotes, number)
    if next(_meta(item, "_thumbnail_id"), "0") != "0":
        missing.append("lead_picture_missing")
    remarks += [Remark(code, subject, fields.get(":link", "").strip()) for code in missing]
    body = paragraphs.to_html(text)
    headline = plain(fields.get(":title", ""))
    if not headline:
        headline = _first_words(body) or f"Article {origin.id}"
        remarks.append(Remark("without_title", subject, headline))
    sections, tags = _terms(item, export.site)
    old = _old_addresses(item, fields, export)
    record = ArticleRecord(
        origin=origin,
        kind=KINDS.get(kind, "article"),
        headline=headline,
        slug=slug_of(fields.get("wp:post_name", "").removesuffix("__trashed")) or slug_of_title(headline),
        standfirst=plain(fields.get("excerpt:encoded", "")),
        body=body,
        state=publicity.state,
        published_at=publicity.published_at,
        scheduled_for=publicity.scheduled_for,
        created_at=publicity.date,
        updated_at=utc(fields.get("wp:post_modified_gmt", "")) or publicity.date,
        takes_comments=_takes_comments(fields.get("wp:comment_status", "").strip(), KINDS.get(kind, "article")),
        section=sections[0] if sections else None,
        tags=tuple({tag.slug: tag for tag in [*sections[1:], *tags]}.values()),
        authors=_authors(item, fields, export),
        old_addresses=tuple(dict.fromkeys(address for address in old if address)),
    )
    return record, remarks


def _old_addresses(item: Any, fields: dict[str, str], export: _Export) -> Iterator[str]:
    """Yield its addresses on the old site: its own, those with its number, and those with earlier slugs."""
    link, slug, number = (fields.get(name, "").strip() for name in (":link", "wp:post_name", "wp:post_id"))
    yield old_address(link)
    yield old_address(fields.get(":guid", ""))
    if number.isdecimal() and number != "0":
        home = _home(export)
        yield old_address(f"{home}?p={number}")
        if fields.get("wp:post_type", "").strip() == "page":
            yield old_address(f"{home}?page_id={number}")
    before, named, after = link.rpartition(slug) if slug else ("", "", "")
    if named and after in {"", "/", ".html"} and before.endswith("/"):
        for earlier in _meta(item, "_wp_old_slug"):
            yield old_address(f"{before}{earlier}{after}")


def _home(export: _Export) -> str:
    """Return the address of the old site; only its path matters."""
    return f"http://{export.site}/" if "." in export.site else "http://old/"


def _meta(item: Any, key: str) -> Iterator[str]:
    """Yield the values of one of an item's fields of its own."""
    for child in item:
        if _name(child) == "wp:postmeta":
            fields = _fields(child)
            if fields.get("wp:meta_key", "").strip() == key:
                yield fields.get("wp:meta_value", "").strip()


def _takes_comments(said: str, kind: str) -> bool:
    return {"open": True, "closed": False}.get(said, kind != "page")


def _article_origin(fields: dict[str, str], kind: str, site: str) -> Origin:
    number = fields.get("wp:post_id", "").strip()
    if number in {"", "0"}:
        number = (fields.get(":guid") or fields.get(":link") or "").strip()
    number = number or digest(*(fields.get(name, "") for name in (":title", "wp:post_date", "content:encoded")))
    return Origin.of(site or host_and_path(fields.get(":link", "")).partition("/")[0], kind or "item", number)


def _first_words(html: str) -> str:
    words = plain(html[:2000])
    return words if len(words) <= 80 else f"{words[:80].rsplit(' ', 1)[0]} …"


def _terms(item: Any, site: str) -> tuple[list[NameRecord], list[NameRecord]]:
    """Return an item's categories and its tags. WXR 1.0 lists each twice, once without its kind."""
    found: dict[str, dict[str, NameRecord]] = {"category": {}, "tag": {}}
    for child in item.findall("category"):
        domain = {"post_tag": "tag"}.get(child.get("domain", ""), child.get("domain", ""))
        name = plain(text_of(child))
        slug = slug_of(child.get("nicename", "")) or slug_of_title(name)
        if domain in found and name and slug:
            record = NameRecord(Origin.of(site, domain, slug), name, slug)
            found[domain].setdefault(slug, record)
    return list(found["category"].values()), list(found["tag"].values())


def _authors(item: Any, fields: dict[str, str], export: _Export) -> tuple[NameRecord, ...]:
    """Return who wrote it: the names from the plugin Co-Authors, else the account."""
    several = [
        (child.get("nicename", "").removeprefix("cap-"), plain(text_of(child)))
        for child in item.findall("category")
        if child.get("domain") == "author"
    ]
    login = plain(fields.get("dc:creator") or fields.get("wp:author", ""))
    people = several or ([(login, login)] if login else [])
    records = (
        NameRecord(Origin.of(export.site, "author", login), export.names.get(login) or name or login)
        for login, name in people
        if login or name
    )
    return tuple({record.origin: record for record in records}.values())


# --- Comments -----------------------------------------------------------------------------------------------------


def _comments(
    comments: list[dict[str, str]], article: ArticleRecord, export: _Export
) -> Iterator[CommentRecord | Remark]:
    """Yield an item's comments. A missing or repeated id is replaced by a digest of the comment."""
    site = article.origin.site
    origins: list[Origin] = []
    own: dict[str, Origin] = {}  # Where an id is repeated, replies refer to the first one under their article.
    for fields in comments:
        number = fields.get("wp:comment_id", "").strip()
        origin = Origin.of(site, "comment", number)
        if number in {"", "0"} or origin.id in export.comments:
            parts = (value for name, value in sorted(fields.items()) if name.startswith("wp:comment_"))
            content = digest(article.origin.type, article.origin.id, *parts)
            origin = _first_free(site, content, export.comments)
            yield Remark("comment_id_replaced", origin.id, number)
        export.comments.add(origin.id)
        origins.append(origin)
        own.setdefault(number, origin)
    for fields, origin in zip(comments, origins, strict=True):
        parent = fields.get("wp:comment_parent", "").strip()
        kind = fields.get("wp:comment_type", "").strip()
        status = STATUSES.get(approved := fields.get("wp:comment_approved", "").strip(), approved)
        if status == "approved" and kind in INTERNAL:
            status = "trash"
            yield Remark("internal_comment", origin.id, kind)
        yield CommentRecord(
            origin=origin,
            article=article.origin,
            parent=own.get(parent, Origin.of(site, "comment", parent)) if parent not in {"", "0"} else None,
            status=status,
            kind=kind if kind in {"pingback", "trackback"} else "comment",
            name=plain(fields.get("wp:comment_author", "")),
            email=fields.get("wp:comment_author_email", "").strip(),
            website=fields.get("wp:comment_author_url", "").strip(),
            address=fields.get("wp:comment_author_IP", ""),
            user_agent=fields.get("wp:comment_agent", ""),
            body=fields.get("wp:comment_content", ""),
            created_at=utc(fields.get("wp:comment_date_gmt", ""))
            or utc(fields.get("wp:comment_date", ""), local=True)
            or article.created_at,
        )


def _first_free(site: str, content: str, taken: set[str]) -> Origin:
    number = 1
    while (origin := Origin.of(site, "comment", f"{content}-{number}")).id in taken:
        number += 1
    return origin
