"""An article with its discussion as readers get it: the same bytes for all, fresh at once, cheap at any size."""

import datetime as dt
import re

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import page_versions, publishing
from comments.discussion import markup, structured_data
from comments.models import Comment
from comments.moderation.decisions import decide
from newsreader.accounts.pictures import avatar
from newsreader.kit import http_cache
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_editor,
    make_section,
    make_tag,
    make_user,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


@pytest.fixture
def article():
    author = make_author(name="Ada Alder")
    article = make_article(section=make_section("Town"), authors=[author, make_author()])
    article.tags.add(make_tag("ferry"))
    return article


def shown(answer):
    """The ids of the comments on a page, in order."""
    return [int(pk) for pk in re.findall(r'<article id="comment-(\d+)"', answer.content.decode())]


def test_a_public_page_is_the_same_for_everybody_and_touches_no_cookie(article, client):
    make_comment(article)
    stranger = client.get(article.get_absolute_url())
    member = Client()
    member.force_login(make_editor())
    member.cookies["known"] = "1"

    signed_in = member.get(article.get_absolute_url())

    assert signed_in.content == stranger.content
    for answer in (stranger, signed_in):
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        assert answer["Cache-Control"] == "public, max-age=0, s-maxage=1"
        assert "csrfmiddlewaretoken" not in answer.content.decode()
    assert 'name="key" value=""' in stranger.content.decode()


def test_public_pages_allow_no_inline_script_or_style_and_nobody_elses(article, client):
    for address in (article.get_absolute_url(), "/", "/accounts/login/", "/nothing/"):
        policy = client.get(address)["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "nonce" not in policy
        # Forms lead to login providers, nothing else to anybody else's site.
        others = [rule for rule in policy.split("; ") if not rule.startswith("form-action ")]
        assert "http" not in "; ".join(others)
        page = client.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*(\bsrc=|type=\"application/(?:ld\+)?json\"))", page)
        assert " style=" not in page
        assert " onclick=" not in page


@pytest.mark.ci_both
def test_an_unchanged_page_is_304_and_an_approved_comment_changes_it_at_once(article, client):
    first = client.get(article.get_absolute_url())
    again = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    comment = make_comment(article, status="pending")
    held = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    decide(comment.pk, "approved")
    fresh = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})

    assert [again.status_code, held.status_code, fresh.status_code] == [304, 304, 200]
    assert shown(fresh) == [comment.pk]


def test_closing_by_the_clock_changes_the_page(article, client, time_machine):
    set_rules(close_after_days=14)
    time_machine.move_to(timezone.now(), tick=False)
    first = client.get(article.get_absolute_url())
    assert "commentform" in first.content.decode()

    time_machine.shift(14 * 86_400)
    later = client.get(article.get_absolute_url(), headers={"If-None-Match": first["ETag"]})

    assert later.status_code == 200
    assert "commentform" not in later.content.decode()


@pytest.mark.parametrize("address", ["?page=0", "?page=2", "?page=x", "?page=-1", "?page=99999999999999"])
def test_a_page_out_of_range_is_404(article, client, address):
    assert client.get(article.get_absolute_url() + address).status_code == 404
    assert client.get("/" + address).status_code == 404


def test_nothing_unpublished_shows_anywhere(client):
    for state in ("draft", "scheduled", "withdrawn"):
        article = make_article(state=state, headline="Under wraps", section=make_section(), authors=[make_author()])
        addresses = [
            "/",
            article.section.get_absolute_url(),
            article.authors.get().get_absolute_url(),
            "/api/v1/articles/",
        ]
        if article.published_on:
            assert client.get(article.get_absolute_url()).status_code == 410
        for address in addresses:
            assert "Under wraps" not in client.get(address).content.decode()
        assert client.get(f"/api/v1/articles/{article.pk}/").status_code == 404
        assert client.get(f"/articles/{article.pk}/preview/").status_code == 302


@pytest.mark.ci_both
def test_comments_under_a_withdrawn_article_vanish_and_come_back_with_it(client):
    article = make_article()
    comment = make_comment(article)
    addresses = [comment.permanent_url, f"/comments/{comment.pk}/thread/", f"/api/v1/comments/{comment.pk}/"]

    publishing.withdraw(article.pk)
    assert [client.get(address).status_code for address in addresses] == [404] * 3
    publishing.publish(article.pk)
    assert [client.get(address).status_code for address in addresses] == [302, 200, 200]


def test_an_editor_sees_a_preview_and_a_reader_does_not(client):
    article = make_article(state="draft", headline="Not yet")
    client.force_login(make_user())
    assert client.get(f"/articles/{article.pk}/preview/").status_code == 404

    client.force_login(make_editor())
    preview = client.get(f"/articles/{article.pk}/preview/")
    assert "Not yet" in preview.content.decode()
    assert preview["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("who", ["stranger", "reader", "moderator", "author of others"])
def test_a_preview_does_not_tell_whether_there_is_an_article(client, who):
    user = None
    if who != "stranger":
        user = make_user(group={"moderator": "Moderators", "author of others": "Authors"}.get(who, ""))
        make_author(user=user)
        client.force_login(user)
    hidden = [make_article(state=state, authors=[make_author()]).pk for state in ("draft", "scheduled", "withdrawn")]

    def told(pk: int) -> tuple[object, ...]:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path := f"/articles/{pk}/preview/")
        said = [text.replace(path, "…") for text in (str(sorted(answer.items())), answer.text)]
        return answer.status_code, len(asked), *(re.sub(answer.get("X-Request-ID") or "—", "…", text) for text in said)

    unknown = 987_654
    told(unknown)  # What is made at first use.

    assert {told(pk) for pk in hidden} == {told(unknown)}
    assert told(unknown)[0] == told(10**25)[0] == (302 if who == "stranger" else 404)


def test_a_unicode_slug_is_an_address(client):
    article = make_article(headline="Café Blåbær", slug="café-blåbær")

    assert client.get(article.get_absolute_url()).status_code == 200
    assert "caf%C3%A9" in article.get_absolute_url()


def test_an_article_keeps_the_date_of_its_first_publication_in_the_sites_zone(client):
    import datetime as dt

    article = make_article(at=dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC))  # the second of March in Berlin
    before = article.get_absolute_url()
    publishing.withdraw(article.pk)
    after = publishing.publish(article.pk)

    assert before.startswith("/2026/03/02/")
    assert after.get_absolute_url() == before


def test_replies_stand_inside_their_parents_list_and_three_of_them_show(article, client):
    root = make_comment(article)
    replies = [make_comment(parent=root) for _ in range(5)]
    page = client.get(article.get_absolute_url())

    assert shown(page) == [root.pk, *[reply.pk for reply in replies[:3]]]
    assert "2 more replies" in page.content.decode()
    assert f'href="/comments/{root.pk}/thread/"' in page.content.decode()
    assert shown(client.get(f"/comments/{root.pk}/thread/")) == [root.pk, *[reply.pk for reply in replies]]


def test_pages_of_twenty_roots_oldest_or_newest_first(article, client):
    roots = [make_comment(article) for _ in range(22)]
    address = article.get_absolute_url()

    assert shown(client.get(address)) == [root.pk for root in roots[:20]]
    assert shown(client.get(address + "?page=2")) == [root.pk for root in roots[20:]]
    set_rules(order="newest")
    page_versions.bump_site()
    assert shown(client.get(address)) == [root.pk for root in reversed(roots[2:])]


def test_a_permanent_address_leads_to_the_page_that_shows_the_comment(article, client):
    roots = [make_comment(article) for _ in range(21)]
    replies = [make_comment(parent=roots[20]) for _ in range(4)]
    address = article.get_absolute_url()

    def leads(comment):
        return client.get(comment.permanent_url)["Location"]

    assert leads(roots[0]) == f"{address}#comment-{roots[0].pk}"
    assert leads(roots[20]) == f"{address}?page=2#comment-{roots[20].pk}"
    assert leads(replies[2]) == f"{address}?page=2#comment-{replies[2].pk}"
    assert leads(replies[3]) == f"/comments/{roots[20].pk}/thread/?page=1#comment-{replies[3].pk}"


def test_whoever_has_just_posted_is_led_to_their_comment_wherever_it_stands(article):
    set_rules(hold_first_comment=False, flood_seconds=0)
    root = make_comment(article)
    for _ in range(3):
        make_comment(parent=root)
    client = Client()

    answer = client.post(
        f"/articles/{article.pk}/reply/", {"text": "Fourth", "name": "A", "email": "a@example.org", "parent": root.pk}
    )

    comment = Comment.objects.get(body="Fourth")
    assert answer["Location"] == f"/comments/{root.pk}/thread/?page=1&new={comment.pk}#comment-{comment.pk}"
    assert comment.pk in shown(client.get(answer["Location"]))


@pytest.mark.ci_both
def test_a_removed_comment_with_living_replies_leaves_a_tombstone(article, client):
    root = make_comment(article, text="Regrettable")
    reply = make_comment(parent=root)
    middle = make_comment(parent=reply, text="Also regrettable")
    last = make_comment(parent=middle)
    decide(root.pk, "trash")
    decide(middle.pk, "spam")

    page = client.get(article.get_absolute_url())
    text = page.content.decode()

    assert shown(page) == [root.pk, reply.pk, middle.pk, last.pk]
    assert "egrettable" not in text
    assert text.count("This comment has been removed.") == 2
    assert "2 comments" in text


def test_a_comment_deeper_than_the_levels_shown_says_what_it_answers(article, client):
    set_rules(replies_shown=10)
    comment = make_comment(article, name="Level 1")
    for level in range(2, 9):
        comment = make_comment(parent=comment, name=f"Level {level}")
    text = client.get(article.get_absolute_url()).content.decode()

    assert text.count('<ol class="replies">') == 4
    assert "in reply to Level 7" in text
    assert "in reply to Level 2" not in text
    assert text.count('data-action="reply"') == 8


def test_the_reply_page_works_for_who_has_no_script(article, client):
    comment = make_comment(article, name="Grace", text="A question?")

    page = client.get(f"/articles/{article.pk}/reply/?parent={comment.pk}")

    assert page["Cache-Control"] == "private, no-store"
    text = page.content.decode()
    assert "Leave a Reply to Grace" in text
    assert "A question?" in text
    assert f'name="parent" value="{comment.pk}"' in text
    assert 'name="key" value=""' not in text


def test_the_private_fragment_greets_a_member_and_hands_out_a_token(article):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(name="Grace"))

    fragment = client.get(f"/articles/{article.pk}/you/")

    text = fragment.content.decode()
    assert fragment["Cache-Control"] == "private, no-store"
    assert "commenting-as" in text
    assert "Grace" in text
    assert "csrfmiddlewaretoken" in text
    assert 'name="email"' not in text


# --- Queries ------------------------------------------------------------------------------------------------------


def test_an_unchanged_article_costs_few_questions(article, client, django_assert_max_num_queries):
    etag = client.get(article.get_absolute_url())["ETag"]

    with django_assert_max_num_queries(4):
        assert client.get(article.get_absolute_url(), headers={"If-None-Match": etag}).status_code == 304


def test_the_name_of_a_removed_comment_is_nowhere(article, client):
    set_rules(replies_shown=10)
    comment = make_comment(article, name="Level 1")
    for level in range(2, 9):
        comment = make_comment(parent=comment, name=f"Level {level}")
    fifth = Comment.objects.get(name="Level 5")
    decide(fifth.pk, "trash")
    root = Comment.objects.get(name="Level 1")
    decide(root.pk, "spam")

    for address in (article.get_absolute_url(), f"/comments/{root.pk}/thread/"):
        text = client.get(address).content.decode()
        assert "Level 5" not in text
        assert "Level 1" not in text
        assert "in reply to a comment that has been removed" in text or "Level 6" in text


@pytest.mark.parametrize(
    "address", ["/2026/02/31/foo/", "/0000/00/00/foo/", "/0000/01/01/x/", "/٢٠٢٦/١١/٢٣/x/", "/2026/13/01/x/"]
)
def test_a_day_that_does_not_exist_is_404(client, address):
    assert client.get(address).status_code == 404


def test_an_asterisk_or_an_old_condition_changes_nothing_about_a_page(article, client):
    address = article.get_absolute_url()

    assert client.get(address + "?page=99", headers={"If-None-Match": "*"}).status_code == 404
    assert client.get(address, headers={"If-None-Match": "*"}).status_code in {200, 304}
    refused = client.get(address, headers={"If-Match": '"x"'})
    assert refused.status_code in {200, 412}
    assert refused.status_code == 200 or "no-store" in refused["Cache-Control"]


def test_a_cookie_that_no_database_can_hold_is_as_good_as_none(article, client):
    client.cookies["sessionid"] = "abc\x00defghijkl"
    client.cookies["commenter"] = "\x00"
    for path in (f"/articles/{article.pk}/you/", f"/articles/{article.pk}/reply/", "/accounts/login/", "/api/v1/me/"):
        assert client.get(path).status_code in {200, 401}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Grace"},
        {"website": "https://grace.example/"},
        {"avatar": "avatars/grace.webp"},
        {"by_staff": True},
        {"picked_at": timezone.now()},
        {"created_at": timezone.now() - dt.timedelta(days=9)},
        {"html": "<p>It was late.</p>"},
        {"body": "It was late."},
        {"status": Comment.Status.TRASH},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_comment_that_is_kept_shows_each_change(changed, article, client):
    root = make_comment(article)
    make_comment(parent=make_comment(parent=root))
    before = client.get(article.get_absolute_url()).content

    Comment.objects.filter(pk=root.pk).update(**changed)
    page_versions.bump([article.pk])

    after = client.get(article.get_absolute_url()).content
    assert after != before
    if portrait := changed.get("avatar"):
        assert f'src="{default_storage.url(portrait)}"' in after.decode()
        assert avatar(portrait, "") in after.decode()
    for kept in (markup._comments, structured_data._facts, http_cache._kept):
        kept.clear()
    assert client.get(article.get_absolute_url()).content == after
