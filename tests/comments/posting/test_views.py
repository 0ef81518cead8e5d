"""Leaving a reply over HTTP: every row and every code of the contract's table, on the page and over REST alike."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from comments.models import Comment
from comments.moderation.decisions import decide
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_ban, make_comment, make_moderator, make_rule, make_user, set_rules

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.ci_sqlite,
]  # The operations behind it meet PostgreSQL in their own tests.


class Page:
    """The form, as a browser or any other client sends it."""

    def __init__(self, client):
        self.client = client

    def send(self, article, **values):
        fields = {"text": "Well said.", "name": "Ada", "email": "ada@example.org", "website": ""} | values
        headers = fields.pop("headers", {})
        return self.client.post(f"/articles/{article.pk}/reply/", fields, headers=headers)

    @staticmethod
    def codes(answer):
        return [part.split('"')[0] for part in answer.content.decode().split('data-code="')[1:]]


class Api(Page):
    """The same, as a program sends it."""

    def send(self, article, **values):
        fields = {"text": "Well said.", "name": "Ada", "email": "ada@example.org", "website": ""} | values
        headers = dict(fields.pop("headers", {}))
        if "key" in fields:
            headers["Idempotency-Key"] = fields.pop("key")
        fields["parent"] = int(fields["parent"]) if fields.get("parent") else None
        path = f"/api/v1/articles/{article.pk}/comments/"
        return self.client.post(path, fields, content_type="application/json", headers=headers)

    @staticmethod
    def codes(answer):
        body = answer.json()
        return [error["code"] for error in body["errors"]] or [body["code"]]


@pytest.fixture(params=[Page, Api], ids=["page", "api"])
def edge(request, client):
    return request.param(client)


@pytest.fixture
def page(client):
    return Page(client)


@pytest.fixture
def api(client):
    return Api(client)


@pytest.fixture(autouse=True)
def _fast(request):
    """Only tests of the flood are about it."""
    if "flood" not in request.node.name:
        set_rules(flood_seconds=0)


def test_a_guest_replies_in_one_step_and_is_told_that_it_waits(page, client):
    article = make_article()

    answer = page.send(article)

    comment = Comment.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == comment.status_url
    private = client.get(answer["Location"])
    assert "waiting for an editor" in private.content.decode()
    assert private["Cache-Control"] == "private, no-store"
    assert private["Referrer-Policy"] == "no-referrer"
    assert "noindex" in private["X-Robots-Tag"]


def test_a_program_gets_the_status_and_its_address(api):
    answer = api.send(make_article())

    body = answer.json()
    assert answer.status_code == 201
    assert body["status"] == "pending"
    assert body["status_url"] == f"http://testserver{Comment.objects.get().status_url}"
    assert body["text"] == "Well said."
    assert answer["Location"].endswith(f"/api/v1/comments/{body['id']}/")


def test_what_is_published_at_once_leads_to_the_article(edge):
    set_rules(hold_first_comment=False)
    article = make_article()

    answer = edge.send(article)

    comment = Comment.objects.get()
    if answer.status_code == 303:
        assert answer["Location"] == f"{article.get_absolute_url()}?new={comment.pk}#comment-{comment.pk}"
    else:
        assert (answer.status_code, answer.json()["status"]) == (201, "approved")
        assert "status_url" not in answer.json()


def test_what_a_rule_takes_for_spam_looks_like_waiting_to_its_author(edge, client):
    make_rule("casino", action="spam")
    article = make_article()

    answer = edge.send(article, text="Best casino in town")

    comment = Comment.objects.get()
    assert comment.status == Comment.Status.SPAM
    if answer.status_code == 303:
        assert answer["Location"] == comment.status_url
    else:
        assert answer.json()["status"] == "pending"
    assert "waiting for an editor" in client.get(comment.status_url).content.decode()
    decide(comment.pk, "trash", by=make_moderator(), reason="spam")
    assert "didn’t publish your comment" in client.get(comment.status_url).content.decode()


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"text": ""}, ["require_valid_comment"]),
        ({"text": " \n\u200b\u2060 "}, ["require_valid_comment"]),
        ({"text": "<p><br></p>"}, ["require_valid_comment"]),
        ({"text": "&#8203;&nbsp;"}, ["require_valid_comment"]),
        ({"text": "<p>&nbsp;</p>"}, ["require_valid_comment"]),
        ({"text": "> "}, ["require_valid_comment"]),
        ({"text": "```\n```"}, ["require_valid_comment"]),
        ({"text": "x" * 10_001}, ["comment_content_column_length"]),
        ({"name": ""}, ["require_name_email"]),
        ({"name": "\u200b"}, ["require_name_email"]),
        ({"email": ""}, ["require_name_email"]),
        ({"name": "", "email": ""}, ["require_name_email", "require_name_email"]),
        ({"email": "ada at home"}, ["require_valid_email"]),
        ({"email": "root@localhost"}, ["require_valid_email"]),
        ({"email": "josé@example.org"}, ["require_valid_email"]),
        ({"email": f"{'a' * 65}@example.org"}, ["require_valid_email"]),
        ({"email": "ada@[192.0.2.1]"}, ["require_valid_email"]),
        ({"name": "é" * 246}, ["comment_author_column_length"]),
        ({"email": "a" * 95 + "@example.org"}, ["comment_author_email_column_length"]),
        ({"website": "https://example.org/" + "a" * 200}, ["comment_author_url_column_length"]),
        ({"website": "javascript:alert(1)"}, ["require_valid_url"]),
        ({"website": "https://ada:secret@example.org"}, ["require_valid_url"]),
        ({"website": "nowhere"}, ["require_valid_url"]),
        ({"website": "https://example.org:0/"}, ["require_valid_url"]),
        ({"website": "https://example.org:99999/"}, ["require_valid_url"]),
        (
            {"text": "", "email": "no", "website": "ftp://a.b"},
            ["require_valid_comment", "require_valid_email", "require_valid_url"],
        ),
    ],
)
def test_wrong_fields_come_back_with_their_codes(edge, values, codes):
    answer = edge.send(make_article(), **values)

    assert answer.status_code == 422
    assert sorted(code for code in edge.codes(answer) if code != "invalid") in (
        sorted(codes),
        sorted([*codes, codes[0]]),  # The page's summary repeats the code of an only error.
    )
    assert not Comment.objects.exists()


def test_where_no_name_is_asked_for_a_text_alone_is_taken_and_shown_as_anonymous(edge, client):
    set_rules(require_name_email=False, hold_first_comment=False)
    article = make_article()

    assert edge.send(article, name="", email="").status_code in {201, 303}

    assert Comment.objects.get().name == ""
    assert re.search(r'class="comment-name [^>]*>Anonymous<', client.get(article.get_absolute_url()).content.decode())


def test_where_no_address_is_asked_for_a_wrong_one_is_refused_all_the_same(edge):
    set_rules(require_name_email=False)

    answer = edge.send(make_article(), email="ada at home")

    assert answer.status_code == 422
    assert "require_valid_email" in edge.codes(answer)
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"name": "é" * 245},
        {"text": "x" * 10_000},
        {"website": "example.org"},
        {"website": " HTTP:// "},
        {"text": "<3"},
        {"email": "ada＠example。org."},
    ],
)
def test_what_is_just_within_the_limits_is_taken(edge, values):
    assert edge.send(make_article(), **values).status_code in {201, 303}
    comment = Comment.objects.get()
    assert comment.website in {"", "https://example.org"}
    assert comment.connection_data.email == "ada@example.org"


def test_everything_typed_comes_back(page):
    article = make_article()

    shown = page.send(
        article, text="<b>mine</b> & yours", name='A "d" a', email="nowhere", website="http://x.example/?a=1&b"
    ).content.decode()

    for kept in ("&lt;b&gt;mine&lt;/b&gt; &amp; yours", "A &quot;d&quot; a", "nowhere", "http://x.example/?a=1&amp;b"):
        assert kept in shown


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn"])
def test_an_article_that_readers_do_not_see_is_404_like_an_unknown_one(edge, client, state):
    hidden, unknown = make_article(state=state), make_article()
    unknown_pk = unknown.pk + 1000
    unknown.pk = unknown_pk

    answers = [edge.send(hidden), edge.send(unknown)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.get(f"/articles/{hidden.pk}/reply/").status_code == 404
    assert client.get(f"/articles/{hidden.pk}/you/").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused_before_anything_else(method):
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/articles/{make_article().pk}/reply/")

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, POST"


def test_a_closed_discussion_keeps_the_text_on_the_page(edge):
    closed = make_article(takes_comments=False)
    past = make_article(comments_close_at=timezone.now() - dt.timedelta(minutes=1))

    for article in (closed, past):
        answer = edge.send(article, text="Too late?")
        assert answer.status_code == 403
        assert "comment_closed" in edge.codes(answer)
    if isinstance(edge, Page) and not isinstance(edge, Api):
        assert "Too late?" in answer.content.decode()


def test_discussions_close_some_days_after_publication(edge):
    set_rules(close_after_days=14)
    young = make_article(at=timezone.now() - dt.timedelta(days=13))
    old = make_article(at=timezone.now() - dt.timedelta(days=14))

    assert edge.send(young).status_code in {201, 303}
    assert edge.codes(edge.send(old)) == ["comment_closed"]


def test_a_reply_needs_an_approved_parent_of_the_same_article(edge):
    article = make_article()
    waiting = make_comment(article, status="pending")
    elsewhere = make_comment()
    here = make_comment(article)

    for parent in (waiting.pk, 999_999_999):
        answer = edge.send(article, parent=str(parent))
        assert answer.status_code == 403
        assert "comment_reply_to_unapproved_comment" in edge.codes(answer)
    answer = edge.send(article, parent=str(elsewhere.pk))
    assert answer.status_code == 422
    assert "comment_parent_mismatch" in edge.codes(answer)
    assert edge.send(article, parent=str(here.pk)).status_code in {201, 303}
    assert Comment.objects.get(parent=here).root == here


def test_a_parent_that_is_no_number_is_unknown(page):
    for parent in ("abc", "-1", "²", "9" * 40):
        assert "comment_reply_to_unapproved_comment" in page.codes(page.send(make_article(), parent=parent))


def test_where_registration_is_required_a_guest_is_refused(edge, client):
    set_rules(registration_required=True)
    article = make_article()

    answer = edge.send(article)

    assert answer.status_code == 403
    assert "not_logged_in" in edge.codes(answer)
    client.force_login(make_user())
    assert edge.send(article).status_code in {201, 303}


def test_a_banned_account_is_refused(edge, client):
    user = make_user()
    client.force_login(user)
    article = make_article()
    edge.send(article)
    make_ban(identity=CommenterIdentity.objects.get())

    answer = edge.send(article, text="Again")

    assert answer.status_code == 403
    assert "banned" in edge.codes(answer)


def test_who_is_signed_in_comments_as_themselves_whatever_is_typed(edge, client):
    user = make_user(name="Grace")
    client.force_login(user)

    edge.send(make_article(), name="Somebody else", email="else@example.org", website="https://else.example")

    comment = Comment.objects.get()
    assert (comment.name, comment.website, comment.identity.user) == ("Grace", "", user)
    assert comment.connection_data.email == user.email


# --- The same again -----------------------------------------------------------------------------------------------


def test_the_same_key_makes_one_comment(edge):
    article = make_article()

    first, second = edge.send(article, key="k1"), edge.send(article, key="k1")

    assert Comment.objects.count() == 1
    assert first.status_code == second.status_code
    if first.status_code == 303:
        assert first["Location"] == second["Location"]
    else:
        assert first.json() == second.json()


def test_a_repeated_key_leads_where_the_first_went_even_after_a_decision(edge):
    article = make_article()
    first = edge.send(article, key="k1")
    decide(Comment.objects.get().pk, "approved", by=make_moderator())

    second = edge.send(article, key="k1")

    if first.status_code == 303:
        assert second["Location"] == first["Location"]
    else:
        assert second.json()["status"] == "pending"


@pytest.mark.parametrize("change", [{"text": "Other"}, {"name": "Eve"}, {"email": "eve@example.org"}])
def test_the_same_key_with_anything_else_is_refused(edge, change):
    article = make_article()
    edge.send(article, key="k1")

    answer = edge.send(article, key="k1", **change)

    assert answer.status_code == 422
    assert "idempotency_key_reused" in edge.codes(answer)
    assert Comment.objects.count() == 1


def test_the_same_key_under_another_article_or_parent_is_refused(edge):
    article = make_article()
    parent = make_comment(article)
    edge.send(article, key="k1")

    for answer in (edge.send(make_article(), key="k1"), edge.send(article, key="k1", parent=str(parent.pk))):
        assert answer.status_code == 422
        assert "idempotency_key_reused" in edge.codes(answer)


def test_a_key_that_is_too_long_is_refused_before_anything_about_the_fields(edge):
    answer = edge.send(make_article(takes_comments=False), key="k" * 65, text="")

    assert answer.status_code == 422
    assert set(edge.codes(answer)) == {"idempotency_key_reused"}
    assert edge.send(make_article(), key="k" * 64).status_code in {201, 303}


@pytest.mark.parametrize("again", ["well said.", "Well   said.", "WELL SÄID.".replace("Ä", "A"), "Well\u200b said."])
def test_the_same_person_saying_the_same_is_refused(edge, again):
    article = make_article()
    edge.send(article)

    answer = edge.send(article, text=again)

    assert answer.status_code == 409
    assert "comment_duplicate" in edge.codes(answer)
    assert Comment.objects.count() == 1


def test_a_duplicate_links_to_the_first_only_where_that_is_approved(page):
    article = make_article()
    page.send(article)
    first = Comment.objects.get()

    hidden = page.send(article).content.decode()
    decide(first.pk, "approved")
    shown = page.send(article).content.decode()

    assert first.permanent_url not in hidden
    assert first.permanent_url in shown


def test_other_people_parents_articles_and_removed_firsts_make_no_duplicate(edge):
    article = make_article()
    edge.send(article)
    first = Comment.objects.get()
    decide(first.pk, "approved")

    assert edge.send(article, email="eve@example.org").status_code in {201, 303}
    assert edge.send(make_article()).status_code in {201, 303}
    assert edge.send(article, parent=str(first.pk)).status_code in {201, 303}
    decide(first.pk, "spam")
    assert edge.send(article).status_code == 409
    decide(first.pk, "trash")
    assert edge.send(article).status_code in {201, 303}


# --- Too fast -----------------------------------------------------------------------------------------------------


def test_flood_three_in_a_row_then_one_in_fifteen_seconds(edge, time_machine):
    article = make_article()
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    codes = [edge.send(article, text=f"Number {n}").status_code for n in range(3)]

    refused = edge.send(article, text="Number 4")
    assert codes in ([201] * 3, [303] * 3)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "15"
    assert "comment_flood" in edge.codes(refused)

    time_machine.shift(14)
    assert edge.send(article, text="Number 4").status_code == 429
    time_machine.shift(1)
    assert edge.send(article, text="Number 4").status_code in {201, 303}
    assert edge.send(article, text="Number 5").status_code == 429


def test_flood_refused_posts_do_not_count_and_other_networks_neither(edge):
    article = make_article()
    for _ in range(5):
        edge.send(article, text="")
    for n in range(3):
        assert edge.send(article, text=f"Number {n}").status_code in {201, 303}
    edge.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    edge.client.cookies.clear()
    assert edge.send(article, text="From elsewhere").status_code in {201, 303}


def test_flood_an_ipv6_network_is_one_visitor(edge):
    article = make_article()
    for n in range(3):
        edge.client.defaults["REMOTE_ADDR"] = f"2001:db8:1:2::{n}"
        edge.client.cookies.clear()
        edge.send(article, text=f"Number {n}")

    edge.client.defaults["REMOTE_ADDR"] = "2001:db8:1:2:ffff::1"
    assert edge.send(article, text="One more").status_code == 429


def test_flood_a_header_that_the_visitor_writes_evades_nothing(edge, settings):
    article = make_article()
    for n in range(3):
        edge.send(article, text=f"Number {n}", headers={"X-Forwarded-For": f"203.0.113.{n}"})
    assert edge.send(article, text="x", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429

    settings.TRUSTED_PROXY_COUNT = 1
    edge.client.cookies.clear()
    assert edge.send(article, text="y", headers={"X-Forwarded-For": "8.8.8.8, 203.0.113.77"}).status_code in {201, 303}


def test_flood_moderators_are_not_limited(edge):
    edge.client.force_login(make_moderator())
    article = make_article()

    assert {edge.send(article, text=f"Number {n}").status_code for n in range(6)} <= {201, 303}


# --- Forgery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 303),
        ({"Origin": "http://testserver"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_guests_post_must_come_from_our_pages(headers, status):
    page = Page(Client(enforce_csrf_checks=True))

    answer = page.send(make_article(), headers=headers, text="Kept whatever happens")

    assert answer.status_code == status
    if status == 403:
        assert "forgery_refused" in page.codes(answer)
        assert "Kept whatever happens" in answer.content.decode()


def test_who_is_signed_in_needs_the_token_and_confirms_once_without_one():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    article = make_article()
    page = Page(client)

    refused = page.send(article, text="By me", headers={"Sec-Fetch-Site": "same-origin"})
    assert refused.status_code == 403
    assert "forgery_refused" in page.codes(refused)
    assert "By me" in refused.content.decode()

    token = refused.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert page.send(article, text="By me", csrfmiddlewaretoken=token).status_code == 303


def test_forgery_is_looked_at_before_the_fields(page):
    codes = page.codes(page.send(make_article(), text="", headers={"Origin": "null"}))

    assert codes[0] == "forgery_refused"


# --- Trust --------------------------------------------------------------------------------------------------------


def test_a_guest_is_trusted_by_the_cookie_of_an_approved_comment_under_the_same_name_and_email(edge, client):
    article = make_article()
    if isinstance(edge, Api):
        Page(client).send(article)
    else:
        edge.send(article, remember="on")
    decide(Comment.objects.get().pk, "approved")

    edge.send(article, text="Second")
    assert Comment.objects.get(body="Second").status == Comment.Status.APPROVED
    edge.send(article, text="Third", email="other@example.org")
    assert Comment.objects.get(body="Third").status == Comment.Status.PENDING
    client.cookies.clear()
    edge.send(article, text="Fourth")
    assert Comment.objects.get(body="Fourth").status == Comment.Status.PENDING


def test_the_cookie_trusts_no_longer_once_the_comment_is_removed(page):
    article = make_article()
    page.send(article)
    first = Comment.objects.get()
    decide(first.pk, "approved")
    decide(first.pk, "trash")

    page.send(article, text="Second")

    assert Comment.objects.get(body="Second").status == Comment.Status.PENDING


def test_an_accounts_first_comment_waits_and_the_next_does_not(edge, client):
    client.force_login(make_user())
    article = make_article()

    edge.send(article)
    assert Comment.objects.get().status == Comment.Status.PENDING
    decide(Comment.objects.get().pk, "approved")
    edge.send(article, text="Second")
    assert Comment.objects.get(body="Second").status == Comment.Status.APPROVED


# --- What this browser keeps --------------------------------------------------------------------------------------


def test_remember_keeps_the_details_in_one_signed_cookie(page, client):
    article = make_article()
    page.send(article, remember="on")

    cookie = client.cookies["commenter"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "ada@example.org" not in cookie.value
    assert client.cookies["known"].value == "1"
    private = client.get(f"/articles/{article.pk}/you/")
    assert 'value="ada@example.org"' in private.content.decode()
    assert private["Cache-Control"] == "private, no-store"
    assert "Well said." in private.content.decode()  # their comment that waits


def test_without_remember_no_details_are_kept_and_old_ones_go(page, client):
    article = make_article()
    page.send(article, remember="on")
    page.send(article, text="Forget me")

    assert 'value="ada@example.org"' not in client.get(f"/articles/{article.pk}/you/").content.decode()
    assert (client.cookies["known"].value, client.cookies["known"]["max-age"]) == ("1", 15 * 60)
    assert client.cookies["commenter"]["max-age"] == ""  # gone with the browser's session


def test_a_cookie_that_somebody_changed_is_ignored_and_removed(page, client):
    article = make_article()
    page.send(article, remember="on")
    client.cookies["commenter"] = client.cookies["commenter"].value[:-3] + "abc"

    answer = client.get(f"/articles/{article.pk}/you/")

    assert "ada@example.org" not in answer.content.decode()
    assert answer.cookies["commenter"].value == ""


def test_nobody_elses_waiting_comments_are_shown(page):
    article = make_article()
    page.send(article, text="Mine alone", remember="on")

    assert "Mine alone" not in Client().get(f"/articles/{article.pk}/you/").content.decode()


def test_a_status_page_cannot_be_guessed(page, client):
    page.send(make_article())
    comment = Comment.objects.get()
    other = make_comment()

    assert client.get(f"/comments/{comment.pk}/status/{other.status_token}/").status_code == 404
    assert client.get(f"/comments/{comment.pk}/status/x/").status_code == 404
    assert len(comment.status_token) >= 20


def test_notify_is_accepted_and_a_guest_is_mailed_nothing_but_how_to_confirm_the_address(edge):
    for n, wish in enumerate(("none", "replies", "all", "nonsense")):
        assert edge.send(make_article(), notify=wish, text=f"Wish {n}").status_code in {201, 303}
    (message,) = mail.outbox
    assert message.subject.startswith("Is this your address?")


def test_text_that_no_page_can_carry_is_tidied_not_refused(page):
    page.send(make_article(), text="One\x00 two\x07", name="A\u202eda")

    comment = Comment.objects.get()
    assert (comment.body, comment.name) == ("One two", "Ada")


def test_a_parent_with_leading_zeros_is_the_same_parent(page):
    article = make_article()
    parent = make_comment(article)

    first, second = page.send(article, parent=str(parent.pk)), page.send(article, parent=f"00{parent.pk}")

    assert (first.status_code, second.status_code) == (303, 409)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("example.org", "https://example.org"),
        ("example.org:8080/x", "https://example.org:8080/x"),
        ("http://example.org", "http://example.org"),
        ("bücher.example", "https://bücher.example"),
    ],
)
def test_a_website_gets_its_scheme(edge, typed, stored):
    assert edge.send(make_article(), website=typed).status_code in {201, 303}
    assert Comment.objects.get().website == stored


def test_a_withdrawn_comment_is_not_blamed_on_an_editor(page, client):
    from comments.authors.author_edits import withdraw_comment

    user = make_user()
    comment = make_comment(user=user)
    withdraw_comment(comment.pk, by=user)

    shown = client.get(comment.status_url).content.decode()

    assert "You have withdrawn this comment" in shown
    assert "An editor" not in shown


def test_a_profile_address_that_a_provider_made_up_is_not_shown(client):
    user = make_user()
    client.force_login(user)
    article = make_article()
    client.get(f"/articles/{article.pk}/you/")
    CommenterIdentity.objects.update(profile_url="javascript:alert(1)", avatar_source="data:image/svg+xml,x")
    from comments.drafts import Author, Draft
    from comments.posting.submission import post_comment

    identity = CommenterIdentity.objects.get()
    comment = post_comment(Draft(article.pk, "Hello", Author(identity=identity, user=user)))

    assert (comment.website, comment.avatar) == ("", "")
