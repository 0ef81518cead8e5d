"""Where text comes out, and whether it does so unharmed and harmless.

A surface says how texts get there (`plant`; surfaces with the same way share what was planted) and what must be true
of what comes out (`check`). To add one, write its check and add a line to SURFACES.
"""

from __future__ import annotations

from tests.attack.alone import admin_form, answered, confirmation, packed, status_page
from tests.attack.discussion import article_page, imported, members, replies, thread_page
from tests.attack.fed import feeds
from tests.attack.lists import Attack
from tests.attack.lists_of_comments import api_comments, my_comments, private_fragment, queue, unchanged
from tests.attack.mails import mails
from tests.attack.planting import Surface
from tests.attack.stage import Stage, batches
from tests.attack.told import article_facts, comment_facts, embedded, maps
from tests.attack.typed import error_pages, lost_ways, reply_page, rules_listed, rules_tried, tried, typed
from tests.attack.written import api_articles, article_words, desk_form, lists_of_articles, rich_text, saved, words

SURFACES = [
    Surface("stored", replies, unchanged),
    Surface("article page", replies, article_page),
    Surface("thread page", replies, thread_page),
    Surface("moderation queue", replies, queue),
    Surface("private fragment", replies, private_fragment),
    Surface("my comments", replies, my_comments),
    Surface("REST comments", replies, api_comments),
    Surface("feeds of comments", replies, feeds),
    Surface("JSON-LD of comments", replies, comment_facts),
    Surface("mail", replies, mails),
    Surface("imported: stored", imported, unchanged),
    Surface("imported: article page", imported, article_page),
    Surface("imported: queue", imported, queue),
    Surface("imported: REST", imported, api_comments),
    Surface("imported: feeds", imported, feeds),
    Surface("provider's names", members, article_page),
    Surface("status page", packed, status_page, 360),
    Surface("address confirmation", packed, confirmation, 360),
    Surface("reply page, answering", packed, answered, 360),
    Surface("admin form, decisions", packed, admin_form, 360),
    Surface("reply page, typed back", typed, reply_page, 400),
    Surface("rules: try", tried, rules_tried, 400),
    Surface("rules: list", tried, rules_listed, 400),
    Surface("error and search pages", lost_ways, error_pages, 400),
    Surface("article's words", words, article_words, 600),
    Surface("lists of articles", words, lists_of_articles, 600),
    Surface("REST articles", words, api_articles, 600),
    Surface("JSON-LD, cards", words, article_facts, 600),
    Surface("embedding", words, embedded, 600),
    Surface("sitemaps", words, maps, 600),
    Surface("rich text, saved and read", saved, rich_text, 600),
    Surface("rich text, in the editor", saved, desk_form, 600),
]


def run(stage: Stage, attacks: list[Attack], wanted: list[Surface]) -> None:
    """Take every text through these surfaces, many at once."""
    for plant in dict.fromkeys(surface.plant for surface in wanted):
        sharing = [surface for surface in wanted if surface.plant is plant]
        for some in batches(attacks, sharing[0].size):
            planting = plant(stage, some)
            planting.list = some[0].list
            for surface in sharing:
                surface.check(stage, planting, surface.name)
                stage.note(surface.name, planting.list)
