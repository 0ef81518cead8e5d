"""Each of WordPress' behaviours: the tests that hold it, and where it is otherwise here, why.

The numbers are those of `wordpress-behaviours.md`. `same`: it is so here. `better`: it is otherwise on purpose; the
tests hold ours. `later`: it belongs to something that is not built yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HERE = "comments/wordpress/test_behaviours.py::"
GOLDEN = "comments/wordpress/"
REPLY, RULES, PAGES = (
    "comments/posting/test_views.py::",
    "comments/screening/test_checks.py::",
    "comments/discussion/test_article_pages.py::",
)
DECIDING, TEXT, MAILS = (
    "comments/moderation/test_decisions.py::",
    "comments/text/test_formatting.py::",
    "comments/notifications/test_outbox.py::",
)
THREADS, COUNTS, FEEDS = (
    "comments/discussion/test_threads.py::",
    "comments/discussion/test_counting.py::",
    "comments/discussion/test_feeds.py::",
)
DESK, API, BROWSER = (
    "comments/desk/test_comment_admin.py::",
    "comments/api/test_comments.py::",
    GOLDEN + "test_browser.py::",
)
REST = GOLDEN + "test_rest.py::"
LOAD, EXPORTS = "transfer/test_load.py::", "transfer/test_real_exports.py::"


@dataclass(frozen=True)
class Behaviour:
    number: int
    standing: str  # same, better or later
    tests: tuple[str, ...]
    reason: str = ""  # in one sentence, where it is not the same


def same(numbers: Iterable[int], *tests: str) -> list[Behaviour]:
    return [Behaviour(number, "same", tests) for number in numbers]


def better(numbers: Iterable[int], reason: str, *tests: str) -> list[Behaviour]:
    return [Behaviour(number, "better", tests, reason) for number in numbers]


def later(numbers: Iterable[int], reason: str, *tests: str) -> list[Behaviour]:
    return [Behaviour(number, "later", tests, reason) for number in numbers]


FIELDS = REPLY + "test_wrong_fields_come_back_with_their_codes"
HIDDEN = REPLY + "test_an_article_that_readers_do_not_see_is_404_like_an_unknown_one"
UNPUBLISHED = HERE + "test_nobody_comments_on_what_is_not_published_whoever_they_are"
AS_TYPED = HERE + "test_what_was_typed_is_stored_unchanged"
TAGS = TEXT + "test_text_is_shown_as_meant"
NO_TAGS = TEXT + "test_no_text_brings_a_tag_or_an_address_of_its_own"
LINKS = TEXT + "test_addresses_are_linked_as_meant"
LISTED = RULES + "test_a_listed_word_or_phrase_is_found"
INNOCENT = RULES + "test_an_innocent_text_passes"
HELD = DECIDING + "test_the_rules_hold_and_say_why"
PASSED = DECIDING + "test_the_rules_let_pass_what_is_fine"
ACCOUNT = HERE + "test_a_members_trust_is_the_accounts_whatever_its_address"
COOKIE = REPLY + "test_a_guest_is_trusted_by_the_cookie_of_an_approved_comment_under_the_same_name_and_email"
NO_DUPLICATE = REPLY + "test_other_people_parents_articles_and_removed_firsts_make_no_duplicate"
PARENT = REPLY + "test_a_reply_needs_an_approved_parent_of_the_same_article"
NO_NUMBER = REPLY + "test_a_parent_that_is_no_number_is_unknown"
PLACE = PAGES + "test_a_permanent_address_leads_to_the_page_that_shows_the_comment"
BY_ROOTS = HERE + "test_pages_are_counted_by_roots_from_the_first"
REMEMBERED = REPLY + "test_remember_keeps_the_details_in_one_signed_cookie"
PROGRAM = REST + "test_a_program_gets_what_it_wishes_for_or_is_told_why_not"
POSTED = GOLDEN + "test_rest_posts.py::test_a_programs_post_is_answered_as_the_form_would"
OUR_API = "Theirs come with `/wp-json/`, which is not built yet; in `/api/v1/` "
NOT_FOUND = "What readers do not see is 404, the same for all, so that nobody learns what there is."
TRUE = "A field that is wrong is 422 and the form comes back with everything typed, not a page with 200."

BEHAVIOURS: list[Behaviour] = [
    # Leaving a reply
    *same([1], REPLY + "test_what_is_published_at_once_leads_to_the_article"),
    *better(
        [2], "An address without a scheme leads to https, as browsers do.", REPLY + "test_a_website_gets_its_scheme"
    ),
    *better([3, 4], "A website that leads to no web page is said so, not dropped unsaid or kept unlinked.", FIELDS),
    *same([5, 6], REPLY + "test_who_is_signed_in_comments_as_themselves_whatever_is_typed"),
    *same([7, 8], HERE + "test_nobody_decides_about_their_own_comment_nor_says_what_it_is"),
    *same([9], AS_TYPED),
    *better([10, 12, 13, 15, 16], NOT_FOUND, HIDDEN),
    *better([14, 17], "Nobody comments on what is not published, whoever they are.", UNPUBLISHED),
    *better(
        [18, 19],
        "Articles have no password; one that comes in with one is a draft, and 404.",
        HIDDEN,
        LOAD + "test_the_report_says_what_is_not_as_it_was",
    ),
    *same([11], REPLY + "test_a_closed_discussion_keeps_the_text_on_the_page"),
    *same([20], HERE + "test_a_page_takes_comments_like_an_article"),
    *same([21], REPLY + "test_where_registration_is_required_a_guest_is_refused"),
    *better([22, 23, 24, 26, 31, 32], TRUE, FIELDS),
    *same([25], REPLY + "test_where_no_name_is_asked_for_a_text_alone_is_taken_and_shown_as_anonymous"),
    *same([27], AS_TYPED),
    *better([28], "A text of which nothing is seen is none.", FIELDS),
    *better([29], "Editors set how long a comment may be: 10,000 letters at first, 65,000 at most.", FIELDS),
    *better([30], "Lengths count letters, not bytes.", FIELDS, REPLY + "test_what_is_just_within_the_limits_is_taken"),
    *same([33], REPLY + "test_text_that_no_page_can_carry_is_tidied_not_refused"),
    *same([34], HERE + "test_a_name_of_several_lines_is_one_and_brings_no_header"),
    *better(
        [35],
        "A name is text: stored as typed, escaped where it is shown.",
        AS_TYPED,
        GOLDEN + "test_names_and_websites.py::test_a_name_and_a_website_are_kept_and_shown_or_refused",
    ),
    *same([36], AS_TYPED),
    *same([37, 41], HERE + "test_what_nobody_sent_is_empty_and_the_server_says_the_rest"),
    *better(
        [38],
        "GET shows the form, other methods are 405; nothing is stored either way.",
        GOLDEN + "test_submission.py::test_get_shows_the_form_and_stores_nothing",
        REPLY + "test_other_methods_are_refused_before_anything_else",
    ),
    *better(
        [39, 40],
        "A reply leads to itself; nobody names another place, so none is to be checked.",
        BROWSER + "test_a_reply_leads_to_itself_wherever_somebody_wants_it",
    ),
    # Text
    *better([42], "A typed tag is shown as the characters typed: nothing runs and nothing is lost.", TAGS, NO_TAGS),
    *same([43, 45], HERE + "test_no_right_makes_a_script_of_words"),
    *better([44], "No right makes a script of a comment.", HERE + "test_no_right_makes_a_script_of_words"),
    *better(
        [46],
        "Readers write a subset of Markdown; HTML survives in imported comments alone.",
        TAGS,
        TEXT + "test_an_imported_comment_keeps_the_html_it_may",
    ),
    *same([47, 48], NO_TAGS, TEXT + "test_an_imported_comment_keeps_the_html_it_may"),
    *same([49, 51], LINKS),
    *better(
        [50], "An editor decides about a comment and changes no word of it.", DESK + "test_no_form_gets_past_a_decision"
    ),
    # Rules
    *same([52, 61, 70], PASSED, INNOCENT),
    *same([53], HELD, MAILS + "test_moderators_hear_of_a_comment_that_waits_once_each"),
    *same([54], BROWSER + "test_its_author_sees_what_waits_and_nobody_else_does"),
    *same([55], "comments/posting/test_submission.py::test_a_first_comment_waits_for_an_editor"),
    *better(
        [56],
        "A typed name and address earn nothing: the same browser's signed cookie, a confirmed address or an account do.",
        COOKIE,
        GOLDEN + "test_trust.py::test_what_is_typed_earns_nothing",
    ),
    *same([57, 58, 59], ACCOUNT, REPLY + "test_an_accounts_first_comment_waits_and_the_next_does_not"),
    *same([60, 62], HELD, TEXT + "test_links_are_counted_as_rendered"),
    *same([63], HERE + "test_with_a_limit_of_nought_links_do_not_matter"),
    *same([64, 67], LISTED),
    *better(
        [65],
        "Short entries spare innocent words unless they are asked not to.",
        INNOCENT,
        RULES + "test_inside_words_where_asked_to",
    ),
    *same(
        [66],
        RULES + "test_every_field_that_is_typed_is_looked_at",
        RULES + "test_a_network_holds",
        HERE + "test_a_browsers_name_and_a_links_target_are_looked_at",
    ),
    *same([68], RULES + "test_editors_add_many_entries_at_once"),
    *same([69], LISTED),
    *same([71], DECIDING + "test_who_moderates_here_skips_the_rules"),
    *better(
        [72],
        "What is silently refused leads to the page that all that waits lead to, not to an anchor that never comes.",
        RULES + "test_a_silent_refusal_looks_like_waiting_and_nobody_is_mailed",
        GOLDEN + "test_keywords.py::test_what_is_silently_refused_looks_like_waiting",
    ),
    *same([73], RULES + "test_no_disguise_hides_a_listed_word"),
    *same([74], HERE + "test_a_browsers_name_and_a_links_target_are_looked_at"),
    *same(
        [75],
        DECIDING + "test_a_decision_keeps_the_counts",
        DECIDING + "test_a_comment_restored_gets_the_status_it_had_before_it_was_removed",
    ),
    *better(
        [76],
        "Removing is a decision like others and can be undone; no form deletes.",
        DESK + "test_no_form_gets_past_a_decision",
    ),
    *better(
        [77],
        "With its article a comment vanishes and comes back; its own status stays as it was decided.",
        PAGES + "test_comments_under_a_withdrawn_article_vanish_and_come_back_with_it",
    ),
    *same([78], DESK + "test_other_statuses_have_a_tab_with_their_number_the_newest_first"),
    *same(
        [79],
        DECIDING + "test_a_decision_keeps_the_counts",
        "comments/posting/test_importing.py::test_counts_are_those_of_the_rows",
    ),
    *same([80], REPLY + "test_the_same_person_saying_the_same_is_refused"),
    *same([81, 82, 83, 84], NO_DUPLICATE),
    *better(
        [85],
        "Three in a row, then one in 15 seconds, and it says how long to wait; by network and identity, never by what is typed.",
        REPLY + "test_flood_three_in_a_row_then_one_in_fifteen_seconds",
        GOLDEN + "test_flood.py::test_the_second_is_too_fast_where_it_is_for_wordpress",
    ),
    *same([86], REPLY + "test_flood_moderators_are_not_limited"),
    *same([87], HERE + "test_what_was_said_once_may_be_said_again_elsewhere_later_and_otherwise"),
    # Closing
    *same([88, 89], REPLY + "test_discussions_close_some_days_after_publication"),
    *better([90, 91], NOT_FOUND, HIDDEN, UNPUBLISHED),
    *same(
        [92],
        HERE + "test_where_it_is_closed_what_was_said_stays_and_there_is_no_form",
        PAGES + "test_closing_by_the_clock_changes_the_page",
    ),
    # Threads
    *same([93, 94, 95], PARENT),
    *better([96], "A reply stands under the article of what it answers.", PARENT),
    *better([97, 98], "A parent that is no comment's number is an unknown one.", NO_NUMBER),
    *same([99], PAGES + "test_a_comment_deeper_than_the_levels_shown_says_what_it_answers"),
    *better(
        [100],
        "Every comment can be answered, however deep it stands.",
        PAGES + "test_a_comment_deeper_than_the_levels_shown_says_what_it_answers",
    ),
    *same(
        [101, 102],
        HERE + "test_the_form_names_only_what_can_be_answered_here",
        PAGES + "test_the_reply_page_works_for_who_has_no_script",
    ),
    *same([103], THREADS + "test_every_comment_is_placed_once_under_what_it_answers"),
    *same([104], HERE + "test_with_one_level_all_stand_flat"),
    *better(
        [105],
        "Replies stay where they are, under a tombstone.",
        PAGES + "test_a_removed_comment_with_living_replies_leaves_a_tombstone",
    ),
    *same([106, 107, 108, 110, 111, 112, 113], BY_ROOTS),
    *better(
        [109],
        "An article has one discussion; imported pings stand in it.",
        EXPORTS + "test_a_real_export_comes_in_whole_and_only_once",
    ),
    *better(
        [114],
        "An article without comments has one page, its own.",
        HERE + "test_an_article_without_comments_has_one_empty_page",
    ),
    *better(
        [115],
        "A comment has an address of its own that finds its page, in either order; the first page has no number.",
        PLACE,
    ),
    *same([116], PLACE),
    *better([117], "Pages are always numbered: no discussion is one page of any length.", PLACE, BY_ROOTS),
    *better(
        [118],
        "The first page is full in either order; what is left over stands on the last.",
        PAGES + "test_pages_of_twenty_roots_oldest_or_newest_first",
    ),
    # What a browser keeps, and what is known of people
    *same([119], REPLY + "test_without_remember_no_details_are_kept_and_old_ones_go"),
    *better([120], "One signed cookie that only the server reads, not three that anybody writes.", REMEMBERED),
    *same(
        [121],
        HERE + "test_a_member_gets_no_cookie_of_a_guests",
        "comments/posting/test_sign_in_steps.py::test_somebody_signed_in_is_named_with_the_provider_and_both_ways_on",
    ),
    *same(
        [122, 123],
        "comments/posting/test_sign_in_steps.py::test_a_guests_fields_have_labels_say_what_fills_them_and_are_required_where_the_rules_say_so",
    ),
    *later(
        [124, 125, 126],
        "A person's data is given out and erased by a page that is not built yet.",
    ),
    # Mails
    *later(
        [127, 131],
        "Who wants to hear of published comments subscribes, once that is built; until then nobody is mailed about them.",
        MAILS + "test_what_is_published_at_once_and_what_is_spam_is_mailed_to_nobody",
    ),
    *same([128, 132], MAILS + "test_moderators_hear_of_a_comment_that_waits_once_each"),
    *same([129], MAILS + "test_what_is_published_at_once_and_what_is_spam_is_mailed_to_nobody"),
    *same([130], MAILS + "test_nobody_is_mailed_about_spam_nor_about_their_own_decision"),
    # What is shown
    *same([133], HERE + "test_an_article_says_how_many_there_are"),
    *better(
        [134],
        "Feeds tell a comment in full.",
        FEEDS + "test_what_is_approved_stands_in_the_sites_and_the_articles_feed_newest_first",
    ),
    *better(
        [135],
        "Pictures come from this server: no hash of an address leaves it.",
        PAGES + "test_public_pages_allow_no_inline_script_or_style_and_nobody_elses",
    ),
    *same([136], GOLDEN + "test_names_and_websites.py::test_a_name_and_a_website_are_kept_and_shown_or_refused"),
    *same(
        [137, 138, 139],
        FEEDS + "test_what_is_approved_stands_in_the_sites_and_the_articles_feed_newest_first",
        FEEDS + "test_a_decision_is_in_the_next_answer",
        "articles/public/test_feeds.py::test_a_reader_that_has_it_is_told_so_until_something_changes",
    ),
    *later([140], "The header names WordPress' addresses; it comes with them. No pings are received.", PROGRAM),
    # REST
    *later(
        [141, 142],
        OUR_API + "lists have cursors, so nothing is shown twice or left out while others write.",
        PROGRAM,
        "kit/test_pagination.py::test_every_row_comes_once_and_in_order_forwards_and_backwards",
    ),
    *later(
        [143],
        OUR_API + "what cannot be parsed is 400 with the field's name.",
        PROGRAM,
        "kit/test_pagination.py::test_a_limit_out_of_range_is_refused",
    ),
    *later(
        [144, 146, 151, 156], OUR_API + "a list is of one article; whatever else is asked changes nothing.", PROGRAM
    ),
    *better([145, 147, 155], NOT_FOUND, PROGRAM, HIDDEN),
    *better([148], "What is private narrows no public list: moderators have the queue.", PROGRAM),
    *better(
        [149],
        "Private facts have an address of their own, for moderators: 401, 403, 200.",
        PROGRAM,
        API + "test_the_queue_shows_why_each_waits_and_narrows",
    ),
    *same([150], API + "test_a_comment_has_the_fields_of_the_contract_and_nothing_private"),
    *later([152], OUR_API + "roots come with their first replies; a method is what it is called.", PROGRAM),
    *same([153], PROGRAM),
    *better(
        [154],
        "What waits is 404 to strangers: whether it is there is nobody's business.",
        PROGRAM,
        API + "test_what_waits_is_seen_by_its_author_and_moderators_alone",
    ),
    *better([157], "Guests may reply over REST as on the page.", PROGRAM),
    *same([158], REPLY + "test_a_program_gets_the_status_and_its_address"),
    *better(
        [159],
        "A guest's post is JSON alone, which no form of another site can send.",
        POSTED,
        "test_api.py::test_json_that_is_none_is_400_and_no_json_at_all_is_415",
    ),
    *same([160], POSTED, "test_api.py::test_json_that_is_none_is_400_and_no_json_at_all_is_415"),
    *better([161, 162, 163, 165, 175], "What can be read and is wrong is 422, as in the form.", FIELDS, POSTED),
    *better([164, 167], NOT_FOUND, HIDDEN, POSTED),
    *better(
        [166],
        "Closed is 403; what readers do not see is 404.",
        HIDDEN,
        REPLY + "test_a_closed_discussion_keeps_the_text_on_the_page",
    ),
    *better(
        [168, 169, 170, 171, 172],
        "Kind, status, address, date and author are nobody's to say, and are ignored as the form ignores them.",
        PROGRAM,
        POSTED,
    ),
    *same([173], REPLY + "test_the_same_person_saying_the_same_is_refused"),
    *better(
        [174],
        "Too fast is 429 with how long to wait.",
        PROGRAM,
        REPLY + "test_flood_three_in_a_row_then_one_in_fifteen_seconds",
    ),
    *better([176], "Form and REST are one way in: a parent is approved and under the same article.", PARENT, PROGRAM),
    *better(
        [177],
        "Who says who they are and is wrong is 401, not a guest.",
        HERE + "test_who_says_who_they_are_and_is_wrong_is_no_guest",
    ),
    *better(
        [178],
        "An author mends their own for 15 minutes; a moderator decides and changes no word.",
        PROGRAM,
        API + "test_an_author_changes_and_withdraws_their_own",
    ),
    *better(
        [179, 183], "A decision is a row of its own; a status that is none is 422, one that is so already 200.", PROGRAM
    ),
    *better(
        [180, 182],
        "As in the form: a text of nothing is 422, an unknown comment 404.",
        PROGRAM,
        API + "test_an_author_changes_and_withdraws_their_own",
    ),
    *better([181], "A comment's kind is nobody's to say; it is ignored.", PROGRAM),
    *better(
        [184, 185],
        "Its author takes a comment back; moderators decide with a reason. Nothing is deleted by a program.",
        PROGRAM,
        API + "test_a_moderator_decides_with_a_reason_and_reads_the_record",
    ),
    *same([186], AS_TYPED),
    # The desk
    *same(
        [187],
        DESK + "test_a_button_decides_with_a_reason_and_leads_back",
        API + "test_a_moderator_decides_with_a_reason_and_reads_the_record",
    ),
    *same(
        [188],
        DESK + "test_a_decision_needs_the_token",
        DESK + "test_staff_without_the_right_to_moderate_gets_the_index_and_no_queue",
    ),
    *same(
        [189, 190],
        HERE + "test_a_doubled_decision_is_no_error_and_an_unknown_comment_is_not_there",
        DECIDING + "test_deciding_what_is_so_already_changes_nothing",
    ),
    *same([191], UNPUBLISHED),
    # Import
    *same(
        [192], EXPORTS + "test_a_real_export_comes_in_whole_and_only_once", LOAD + "test_a_second_run_changes_nothing"
    ),
    *better(
        [193],
        "A parent listed later is found all the same.",
        "comments/posting/test_importing.py::test_threads_are_built_whatever_the_order",
        EXPORTS + "test_a_strange_file_comes_in_or_is_refused",
    ),
    *better(
        [194],
        "Nothing serialised is read; what belongs to an article or a comment comes in by name.",
        LOAD + "test_an_article_comes_in_with_all_that_belongs_to_it",
    ),
    *same(
        [195],
        EXPORTS + "test_a_fixture_comes_in_or_is_refused_in_one_line",
        "comments/posting/test_importing.py::test_every_text_comes_in",
    ),
    *same(
        [196],
        EXPORTS + "test_a_strange_file_comes_in_or_is_refused",
        "transfer/test_import_site.py::test_a_file_that_cannot_be_read_leaves_nothing_behind",
    ),
    *better(
        [197],
        "A file that is not well-formed is refused in one line and leaves nothing behind, not half of itself.",
        EXPORTS + "test_a_strange_file_comes_in_or_is_refused",
    ),
    *better(
        [198],
        "An import fetches nothing.",
        LOAD + "test_pictures_and_menus_stay_out_unless_somebody_said_something_there",
    ),
]
