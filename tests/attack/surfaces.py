"""Where text comes out, and whether it does so unharmed and harmless.

A surface says how texts get there (`plant`; surfaces with the same way share what was planted) and what must be true
of what comes out (`check`). To add one, write its check and add a line to SURFACES.
"""

from __future__ import annotations

from tests.attack.alone import admin_form, answered, confirmation, packed, status_page
from tests.attack.counted import TEN, counted, desk_figures, month_for_programs, transparency
from tests.attack.desk_cards import CARDS, alike, appeals, cards, on_the_desk, reports, rules_backtested
from tests.attack.desk_tools import mail_links, tools_part, tools_typed_back
from tests.attack.discussion import article_page, imported, members, replies, thread_page
from tests.attack.editors_lists import (
    ROWS,
    ban_form,
    bans_list,
    commenters_list,
    kept,
    kept_in_packs,
    log_list,
    reason_form,
    reasons_list,
    rule_form,
    rules_list,
    template_form,
    templates_list,
)
from tests.attack.fed import feeds
from tests.attack.lists import Attack
from tests.attack.lists_of_comments import api_comments, my_comments, private_fragment, queue, unchanged
from tests.attack.mails import mails, moderation_mails
from tests.attack.objected import (
    appeal_records,
    appealed,
    bans_objected,
    bans_told,
    objections,
    receipts,
    report_form,
    report_records,
    reported,
)
from tests.attack.planting import Surface
from tests.attack.stage import Stage, batches
from tests.attack.told import article_facts, comment_facts, embedded, maps
from tests.attack.told_readers import chat_messages, data_file, data_page, happenings, newsroom_mails, reader_mails
from tests.attack.typed import error_pages, lost_ways, reply_page, rules_listed, rules_tried, tried, typed
from tests.attack.typed_at_the_desk import bans_refused, desk_sought, refused_entries, rules_refused, sought
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
    Surface("mail of moderation", replies, moderation_mails),
    Surface("mail to readers", replies, reader_mails),
    Surface("digests of the newsroom", replies, newsroom_mails),
    Surface("chat rooms", replies, chat_messages),
    Surface("since you last looked", replies, happenings),
    Surface("one's data, page", replies, data_page),
    Surface("one's data, JSON", replies, data_file),
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
    Surface("desk: cards", on_the_desk, cards, CARDS),
    Surface("desk: everything alike", on_the_desk, alike, CARDS),
    Surface("admin: reports", on_the_desk, reports, CARDS),
    Surface("admin: appeals", on_the_desk, appeals, CARDS),
    Surface("rules: on past comments", on_the_desk, rules_backtested, CARDS),
    Surface("desk: tools", packed, tools_part, 360),
    Surface("desk: tools, typed back", packed, tools_typed_back, 360),
    Surface("moderators' mail links", packed, mail_links, 360),
    Surface("report form, typed back", reported, report_form, 400),
    Surface("receipts of reports", reported, receipts, 400),
    Surface("admin form, reports", reported, report_records, 400),
    Surface("status page, objecting", appealed, objections, 400),
    Surface("admin form, appeals", appealed, appeal_records, 400),
    Surface("refused to the banned", appealed, bans_told, 400),
    Surface("page of a ban", appealed, bans_objected, 400),
    Surface("admin: rules", kept, rules_list, ROWS),
    Surface("admin: bans", kept, bans_list, ROWS),
    Surface("admin: commenters", kept, commenters_list, ROWS),
    Surface("admin: reasons", kept, reasons_list, ROWS),
    Surface("admin: reply templates", kept, templates_list, ROWS),
    Surface("admin: log", kept, log_list, ROWS),
    Surface("admin form, rules", kept_in_packs, rule_form, 400),
    Surface("admin form, bans", kept_in_packs, ban_form, 400),
    Surface("admin form, reasons", kept_in_packs, reason_form, 400),
    Surface("admin form, reply templates", kept_in_packs, template_form, 400),
    Surface("desk: sought", sought, desk_sought, 400),
    Surface("rules: refused", refused_entries, rules_refused, 400),
    Surface("bans: refused", refused_entries, bans_refused, 400),
    Surface("desk: figures", counted, desk_figures, TEN),
    Surface("transparency page", counted, transparency, TEN),
    Surface("transparency: CSV, JSON", counted, month_for_programs, TEN),
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
