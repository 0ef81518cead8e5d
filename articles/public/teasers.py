"""Articles in a list as HTML, each kept in memory under all that it shows.

How one is shown, its template says: `newsreader/templates/articles/_teaser.html`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from articles.models.article import Article
from newsreader.kit.kept import Kept, columns, values

# How wide a picture is shown, for `sizes`: in a list, on top of one, in a section's block on the front page.
IN_RIVER = "(min-width: 46rem) 13rem, 28vw"
ON_TOP = "(min-width: 62rem) 22rem, (min-width: 30rem) 13rem, 100vw"
IN_BLOCK = "(min-width: 40rem) 24rem, 28vw"
_teasers: Kept[SafeString] = Kept(most=4 * 1024 * 1024)  # bytes


def teaser(article: Article, **how: Any) -> SafeString:
    """Return one; `how`: what else its template takes."""
    bylines = [part for byline in article.bylines.all() for part in (values(byline), values(byline.author))]
    picture = repr(columns(article.lead_picture)) if article.lead_picture_id else ""
    asked = [(name, (type(value), value.pk) if isinstance(value, Model) else value) for name, value in how.items()]
    key = (get_language(), repr(asked), values(article), values(article.section), picture, *bylines)
    found = None if settings.DEBUG else _teasers.get(key)
    if found is None:
        found = mark_safe(get_template("articles/_teaser.html").render({"article": article, **how}))
        _teasers.put(key, found, 3 * len(found))  # A teaser's key is about as long, in twice the memory.
    return found


def teasers(articles: Iterable[Article], *, numbered: bool = False, **how: Any) -> SafeString:
    """Return the teasers of several articles. `numbered`: `plain` is the place of each, so that the first is not."""
    if numbered:
        return mark_safe("".join(teaser(article, plain=place, **how) for place, article in enumerate(articles)))
    return mark_safe("".join(teaser(article, **how) for article in articles))  # Each is rendered by a template.


def river(articles: Iterable[Article], **how: Any) -> SafeString:
    """Return the teasers of a list, of which the first has a large picture."""
    sizes = chain([ON_TOP], repeat(IN_RIVER))
    shown = (teaser(article, sizes=width, **how) for article, width in zip(articles, sizes, strict=False))
    return mark_safe("".join(shown))  # Each is rendered by a template.
