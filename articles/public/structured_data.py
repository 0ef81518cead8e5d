"""Metadata of pages for search engines, social networks and other sites: plain dicts that templates write out.

Sources: https://schema.org/NewsArticle, https://ogp.me, https://oembed.com.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, to_locale

from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Section
from articles.pictures import fitting, for_sharing
from newsreader.kit.web import absolute

Facts = dict[str, Any]
# Written as escapes, so that no text can end the script element.
_ESCAPED = [(character, f"\\u{ord(character):04x}") for character in "<>&\u2028\u2029"]


def as_script(facts: Any) -> SafeString:
    """Return facts as JSON for a script element, without empty values."""
    text = json.dumps(_without_empty(facts), ensure_ascii=False)
    for character, written in _ESCAPED:  # `str.translate` takes sixty times as long.
        text = text.replace(character, written)
    return mark_safe(text)


def _without_empty(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _without_empty(value) for name, value in facts.items() if value not in ("", None, [], {})}
    return [_without_empty(value) for value in facts] if isinstance(facts, list) else facts


def news_article(article: Article, site: Site, comment_count: Any, comments: Any) -> Facts:
    """Describe an article, how many comments it has, and those that are shown under it.

    Its tags, bylines and sources should be loaded, and its corrections if it has any.
    """
    url = absolute(article.get_absolute_url())
    is_page = article.kind == Article.Kind.PAGE
    return {
        "@context": "https://schema.org",
        "@type": "WebPage" if is_page else "NewsArticle",
        "@id": url,
        "url": url,
        "mainEntityOfPage": "" if is_page else url,
        "headline": article.headline,
        "description": article.standfirst,
        "inLanguage": article.language or settings.LANGUAGE_CODE,
        "datePublished": _moment(article.published_at),
        "dateModified": _moment(article.words_changed_at),
        "correction": [
            {"@type": "CorrectionComment", "text": correction.text, "datePublished": _moment(correction.at)}
            for correction in (article.corrections.all() if article.corrected_at else ())
        ],
        "articleSection": article.section.name if article.section and not is_page else "",
        "keywords": list(dict.fromkeys(tag.name for tag in article.tags.all())),
        "author": [
            {"@type": "Person", "name": byline.author.name, "url": absolute(byline.author.get_absolute_url())}
            for byline in article.bylines.all()
            if byline.role == "writer"
        ],
        "publisher": publisher(site),
        "image": [_picture(article.lead_picture)] if article.lead_picture else [],
        "isBasedOn": [
            {"@type": "CreativeWork", "name": source.name, "url": source.url} for source in article.sources.all()
        ],
        "isAccessibleForFree": True,
        "discussionUrl": "" if is_page else f"{url}#comments",
        "commentCount": comment_count,
        "comment": comments,
    }


def publisher(site: Site) -> Facts:
    logo = {"@type": "ImageObject", "url": absolute(site.logo.url if site.logo else settings.STATIC_URL + "icon.svg")}
    return {"@type": "NewsMediaOrganization", "name": site.name, "url": absolute("/"), "logo": logo}


def _picture(picture: Picture) -> Facts:
    return {
        "@type": "ImageObject",
        "url": absolute(picture.file.url),
        "width": picture.width,
        "height": picture.height,
        "caption": picture.caption,
        "creditText": picture.credit,
    }


def path_to(article: Article, section: Section | None, site: Site) -> Facts:
    """Return the breadcrumb trail: front page, section, article."""
    steps = [(site.name, "/")]
    if section:
        steps.append((section.name, section.get_absolute_url()))
    steps.append((article.headline, article.get_absolute_url()))
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": absolute(path)}
            for place, (name, path) in enumerate(steps, start=1)
        ],
    }


def website(site: Site) -> Facts:
    """Describe the site, and how to search it."""
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": site.name,
        "description": site.tagline,
        "url": absolute("/"),
        "publisher": publisher(site),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": absolute("/search/?q={search_term_string}")},
            "query-input": "required name=search_term_string",
        },
    }


def card(article: Article, site: Site) -> list[tuple[str, Any]]:
    """Return an article's Open Graph properties in order; they may repeat, and none is empty."""
    is_page = article.kind == Article.Kind.PAGE
    properties: list[tuple[str, Any]] = [
        ("og:type", "website" if is_page else "article"),
        ("og:title", article.headline),
        ("og:description", article.standfirst),
        ("og:url", absolute(article.get_absolute_url())),
        ("og:site_name", site.name),
        ("og:locale", to_locale(article.language or get_language() or "en")),
    ]
    if picture := article.lead_picture:
        url, width, height = for_sharing(picture)
        properties += [
            ("og:image", absolute(url)),
            ("og:image:width", width),
            ("og:image:height", height),
            ("og:image:alt", picture.alternative_text),
        ]
    if not is_page:
        properties += [
            ("article:published_time", _moment(article.published_at)),
            ("article:modified_time", _moment(article.words_changed_at)),
            ("article:section", article.section.name if article.section else ""),
            *(("article:tag", tag.name) for tag in article.tags.all()),
        ]
    return [(name, value) for name, value in properties if value not in ("", None)]


def _moment(at: Any) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def embed(article: Article, site: Site, html: str, width: int, height: int) -> Facts:
    """Return an article as oEmbed data, with HTML of this size in pixels."""
    names = [byline.author for byline in article.bylines.all() if byline.role == "writer"]
    return {
        "version": "1.0",
        "type": "rich",
        "provider_name": site.name,
        "provider_url": absolute("/"),
        "title": article.headline,
        "author_name": ", ".join(author.name for author in names),
        "author_url": absolute(names[0].get_absolute_url()) if names else "",
        "html": html,
        "width": width,
        "height": height,
        "cache_age": 3600,
    }


def thumbnail(article: Article, width: int, height: int) -> Facts:
    """Return the article's picture, no larger than this, as oEmbed data; nothing if there is none so small."""
    found = fitting(article.lead_picture, width, height) if article.lead_picture else None
    if found is None:
        return {}
    url, across, down = found
    return {"thumbnail_url": absolute(url), "thumbnail_width": across, "thumbnail_height": down}
