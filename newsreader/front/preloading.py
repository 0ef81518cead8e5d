"""What web processes share: imported and made once, before they are forked (`newsreader.front.server`).

Two processes take 90 MiB less so, and one that is replaced answers at once. Nothing here may leave a thread or an open
connection: neither outlives a fork.
"""

from __future__ import annotations

import gc
from importlib import import_module
from pathlib import Path

from newsreader.kit import sparing_imports

DJANGO = "newsreader.wsgi"  # sets up the models, which the application names
APPLICATION = "newsreader.front.application"


def preload() -> None:
    """Import the site, make what its first pages would, and have the garbage collector leave all of it alone.

    It would write to every object, and each process would get its own copy. Nor does it look for garbage meanwhile:
    there is hardly any, and finding that out again and again takes 0.3 s, a fifth of the whole.
    """
    gc.disable()
    sparing_imports.import_libraries()
    import_module(DJANGO)
    application = import_module(APPLICATION).application
    _import_pages()
    _make_tables()
    application.prepare()
    _make_pages()
    gc.freeze()
    gc.enable()


def _import_pages() -> None:
    from django.apps import apps
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import get_resolver
    from django.utils import translation

    _ = get_resolver().url_patterns
    with translation.override(settings.LANGUAGE_CODE):
        translation.gettext("")
    if settings.DEBUG:
        return  # Templates are read anew for each page then.
    folder = Path(apps.get_app_config("newsreader").path) / "templates"
    for room in ("articles", "comments"):
        for file in sorted((folder / room).glob("*.html")):
            get_template(f"{room}/{file.name}")


def _make_pages() -> None:
    from newsreader.front import first_pages

    first_pages.make_before_fork()


def _make_tables() -> None:
    """Make what the first page and the first comment would make: 15 MiB, and all files read."""
    from newsreader.kit import http_cache, lookalikes, search_words

    http_cache.release()
    lookalikes.skeleton("é")
    lookalikes.latin("é")
    search_words.indexed("é")
