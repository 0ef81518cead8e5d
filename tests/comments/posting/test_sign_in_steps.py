"""The ways to say who one is, over HTTP: what is kept, what is refused, where a trip ends, and who nobody can be."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models.article import Article
from comments.models import Comment, KeptDraft
from comments.moderation.decisions import decide
from comments.posting.kept_drafts import PER_BROWSER, PER_NETWORK, old
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import token_for
from tests.factories import make_article, make_ban, make_comment, make_moderator, make_user, set_rules
from tests.standin import Case, come_back, consent

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
NAMES = ["wordpress", "facebook", "google", "apple", "x", "github", "microsoft", "oidc"]


@pytest.fixture
def article() -> Article:
    return make_article()


def step(client, article, way, **typed):
    return client.post(f"/articles/{article.pk}/reply/with/{way}/", {"text": "Hello there.", **typed})


def trip(client, article, way, **typed):
    """Press a provider's button, go there and come back; return the last page."""
    started = step(client, article, way, **typed)
    assert started.status_code == 302
    back = come_back(client, consent(started["Location"]))
    return client.get(back["Location"], follow=True) if back.status_code in {302, 303} else back


def code() -> str:
    return re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.outbox[-1].body)[0]


def page(answer) -> str:
    return " ".join(answer.content.decode().split())


# What the box shows.


def test_the_box_reads_as_readers_know_it_and_names_every_provider(client, article):
    shown = page(client.get(article.get_absolute_url()))
    assert re.search(r'<h2 id="reply-title"[^>]*>Leave a Reply</h2>', shown)
    assert "Fill in your details below or click an icon to log in:" in shown
    assert re.findall(r'<button[^>]*data-provider="(\w+)"', shown) == [*NAMES, "email", "passkey"]
    assert re.findall(r'aria-label="Log in with ([^"]+)"', shown) == [
        "WordPress.com", "Facebook", "Google", "Apple", "X", "GitHub", "Microsoft", "Harbour ID",
    ]  # fmt: skip
    form = shown[shown.index('id="commentform"') : shown.index("</form>", shown.index('id="commentform"'))]
    buttons = re.findall(r"<button[^>]*type=\"submit\"[^>]*>", form)
    assert "formaction" not in buttons[0], "the first submit button posts"
    assert all("formaction" in button and "formnovalidate" in button for button in buttons[1:])
    order = [form.index(f'id="reply-{field}"') for field in ("text", "email", "name", "website")]
    assert [*order, form.index('data-provider="wordpress"')] == sorted(
        [*order, form.index('data-provider="wordpress"')]
    )
    assert "%s" not in re.sub(r"<[^>]*>", "", shown)


def test_without_providers_there_is_no_icon_row_and_the_rest_serves(client, article, settings):
    settings.SIGN_IN_WITH = ()
    shown = page(client.get(article.get_absolute_url()))
    assert "click an icon" not in shown
    assert re.findall(r'data-provider="(\w+)"', shown) == ["guest", "email", "passkey"]
    assert step(client, article, "facebook").status_code == 404
    posted = client.post(f"/articles/{article.pk}/reply/", {"text": "Hi", "name": "Ada", "email": "a@example.org"})
    assert posted.status_code == 303


@pytest.mark.parametrize("demanded", [True, False])
def test_a_guests_fields_have_labels_say_what_fills_them_and_are_required_where_the_rules_say_so(
    client, article, demanded
):
    set_rules(require_name_email=demanded)
    shown = page(client.get(article.get_absolute_url()))
    for name, filled_by in {"email": "email", "name": "name", "website": "url"}.items():
        assert f'<label for="reply-{name}">' in shown
        field = re.search(rf'<input id="reply-{name}"[^>]*>', shown)[0]
        assert f'autocomplete="{filled_by}"' in field
        assert (" required" in field) is (demanded and name != "website")
    assert re.search(r'aria-describedby="email-hint"', shown)
    assert re.search(r'id="email-hint">\(never published\)<', shown)


def test_a_change_of_the_providers_is_a_new_page_for_every_cache(client, article, settings):
    before = client.get(article.get_absolute_url())["ETag"]
    settings.SIGN_IN_WITH = ()
    assert client.get(article.get_absolute_url())["ETag"] != before


def test_with_registration_required_a_guest_sees_only_the_ways_and_loses_no_text(client, standin, article):
    set_rules(registration_required=True)
    shown = page(client.get(article.get_absolute_url()))
    assert 'name="text"' not in shown
    assert "Post Comment" not in shown
    assert 'data-provider="guest"' not in shown
    assert re.findall(r'<button[^>]*data-provider="(\w+)"', shown) == [*NAMES, "email", "passkey"]

    refused = client.post(f"/articles/{article.pk}/reply/", {"text": "Mine all the same."})
    assert refused.status_code == 403
    assert 'data-code="not_logged_in"' in page(refused)
    assert "Mine all the same." in page(refused)
    signed_in = trip(client, article, "google", text="Mine all the same.")
    assert "Mine all the same." in page(signed_in)
    assert "Post Comment" in page(signed_in)


def test_a_guest_has_nobody_to_change_from(client, article):
    shown = [page(client.get(f"/articles/{article.pk}/you/{query}")) for query in ("", "?change=1")]

    assert [re.findall(r'<button[^>]*data-provider="(\w+)"', each) for each in shown] == [
        [*NAMES, "email", "passkey"]
    ] * 2
    assert not any("data-focus" in each for each in shown)


def test_somebody_signed_in_is_named_with_the_provider_and_both_ways_on(client, standin, article):
    shown = page(trip(client, article, "facebook"))
    assert "You are commenting using your Facebook account." in shown
    assert re.findall(r'data-action="(log-out|change)"', shown) == ["log-out", "change"]
    assert "Grace Hopper" in shown
    assert 'data-provider="guest"' not in shown

    fragment = page(client.get(f"/articles/{article.pk}/you/"))
    assert "You are commenting using your Facebook account." in fragment
    assert 'data-provider="x"' not in fragment
    choices = page(client.get(f"/articles/{article.pk}/you/?change=1"))
    assert re.findall(r'<button[^>]*data-provider="(\w+)"', choices) == [*NAMES, "email", "passkey", "guest"]
    assert "You are commenting using your Facebook account." in choices
    assert 'aria-hidden="true">GH</span>' in fragment
    CommenterIdentity.objects.update(avatar="avatars/grace.webp")
    assert 'src="/media/avatars/grace.webp"' in page(client.get(f"/articles/{article.pk}/you/"))
    set_rules(registration_required=True)
    assert 'data-provider="guest"' not in page(client.get(f"/articles/{article.pk}/you/?change=1"))


def test_the_public_page_stays_the_same_bytes_for_everybody(client, standin, article):
    stranger = client.get(article.get_absolute_url())
    trip(client, article, "github")
    known = client.get(article.get_absolute_url())
    assert known.content == stranger.content
    assert known.headers["ETag"] == stranger.headers["ETag"]
    assert not known.cookies


# What is kept, and where a trip ends.


@pytest.mark.parametrize("name", NAMES)
def test_a_trip_brings_everything_back_and_the_comment_is_that_identitys(client, standin, article, name):
    parent = make_comment(article)
    typed = {"text": "  Two\n\nlines <b>&amp;", "name": "Ada", "email": "a@example.org", "website": "ada.example"}
    form = trip(client, article, name, parent=str(parent.pk), **typed)

    shown = form.content.decode()
    assert "Two\n\nlines &lt;b&gt;&amp;amp;" in shown
    assert f"Leave a Reply to {parent.shown_name}" in page(form)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)[1]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    posted = strict.post(
        f"/articles/{article.pk}/reply/",
        {
            "text": typed["text"],
            "parent": parent.pk,
            "name": "Somebody Else",
            "email": "x@y.example",
            "csrfmiddlewaretoken": token,
        },
    )
    assert posted.status_code == 303
    comment = Comment.objects.latest("pk")
    assert (comment.name, comment.identity.provider, comment.parent) == ("Grace Hopper", name, parent)
    assert not KeptDraft.objects.exists()


def test_forged_fields_make_nobody_of_a_guest(client, article):
    forged = {
        "hc_post_as": "facebook", "fb_user_id": "1", "author_id": "1", "avatar": "https://evil.example/a.png",
        "identity": "1", "provider": "facebook", "user": "1", "by_staff": "1", "name": "Ada", "email": "a@example.org",
    }  # fmt: skip
    make_moderator()
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello", **forged})
    comment = Comment.objects.get()
    assert (comment.identity, comment.avatar, comment.by_staff, comment.name) == (None, "", False, "Ada")


def test_forged_fields_make_nobody_else_of_a_member(client, standin, article):
    other = CommenterIdentity.objects.create(provider="google", uid="1", display_name="Mallory")
    trip(client, article, "facebook")
    forged = {"hc_post_as": "google", "author_id": other.pk, "identity": other.pk, "provider": "google"}
    forged |= {"avatar": "https://evil.example/a.png", "by_staff": "1", "website": "https://evil.example/"}
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello", "name": "Editor", "email": "e@x.example", **forged})
    comment = Comment.objects.get()
    assert (comment.identity.provider, comment.name) == ("facebook", "Grace Hopper")
    assert (comment.website, comment.avatar, comment.by_staff) == ("", "", False)
    assert comment.connection_data.email == "grace@id.example"


@pytest.mark.parametrize("name", ["facebook", "x"])
def test_whose_provider_tells_no_address_comments_all_the_same_and_none_is_invented(client, standin, article, name):
    standin.case = Case(email=None)
    form = trip(client, article, name, text="No mail, please.")
    assert form.redirect_chain[-1][0] == f"/articles/{article.pk}/reply/#respond"  # No form of another kind.
    assert client.post(f"/articles/{article.pk}/reply/", {"text": "No mail, please."}).status_code == 303
    comment = Comment.objects.get()
    assert (comment.identity.provider, comment.identity.uid, comment.identity.email) == (name, "4711", "")
    assert comment.connection_data.email == ""
    decide(comment.pk, "approved", by=make_moderator())
    assert not Letter.objects.filter(name="comment_published").exists()


def test_who_comes_from_apple_again_comments_under_the_name_that_was_told_once(standin, article):
    trip(Client(), article, "apple")
    standin.case = Case(name="Somebody Else")  # Apple would not tell it a second time.
    again = Client()
    assert "Grace Hopper" in page(trip(again, article, "apple"))
    again.post(f"/articles/{article.pk}/reply/", {"text": "Me again."})
    assert Comment.objects.get().name == "Grace Hopper"


def test_what_was_said_of_somebody_at_posting_stays_with_the_comment(client, standin, article):
    trip(client, article, "github")
    CommenterIdentity.objects.update(avatar="avatars/grace.webp")
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello."})
    standin.case = Case(name="Grace Murray", profile="https://id.example/murray")
    trip(client, article, "github")
    comment = Comment.objects.get()
    assert comment.identity.display_name == "Grace Murray"
    assert (comment.name, comment.website) == ("Grace Hopper", "https://id.example/grace")
    assert comment.avatar == "avatars/grace.webp"
    CommenterIdentity.objects.all().delete()
    decide(comment.pk, "approved", by=make_moderator())
    (told,) = client.get(f"/api/v1/articles/{article.pk}/comments/").json()["results"]
    assert told["author"]["provider"] == "github"


def test_a_name_that_a_provider_tells_is_shown_as_text_by_itself_and_without_a_badge(client, standin, article):
    standin.case = Case(name='<img src=x onerror="alert(1)">\u202e Editor')
    trip(client, article, "google")
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello."})
    comment = Comment.objects.get()
    assert comment.status == "pending"
    decide(comment.pk, "approved", by=make_moderator())
    shown = client.get(article.get_absolute_url()).content.decode()
    assert (
        '<span class="comment-name p-author h-card" dir="auto">&lt;img src=x onerror=&quot;alert(1)&quot;&gt; Editor</span>'
        in shown
    )
    assert "<img src=x" not in shown
    assert "\u202e" not in shown
    assert 'class="badge"' not in shown


@pytest.mark.parametrize(
    ("case", "said", "status"),
    [
        (Case(deny=True), "sign_in_denied", 200),
        (Case(token_status=500), "sign_in_failed", 401),
        (Case(profile_status=500), "sign_in_failed", 401),
        (Case(garbage="profile"), "sign_in_failed", 401),
        (Case(omit=("id", "ID", "sub", "data")), "sign_in_failed", 401),
    ],
)
@pytest.mark.parametrize("name", ["wordpress", "facebook", "x", "github", "microsoft", "oidc"])
def test_a_trip_that_fails_says_so_and_keeps_the_draft(client, standin, article, name, case, said, status):
    standin.case = case
    form = trip(client, article, name, text="Do not lose me.")
    assert form.status_code == status
    assert f'data-code="{said}"' in page(form)
    assert "Do not lose me." in page(form)
    assert f'data-provider="{name}"' in page(form), "it can be tried again"
    assert "_auth_user_id" not in client.session
    assert not User.objects.exists()


@pytest.mark.parametrize("slow", ["token", "profile"])
def test_a_provider_that_is_too_slow_gives_the_draft_back_in_six_seconds(client, standin, article, settings, slow):
    assert settings.SOCIALACCOUNT_REQUESTS_TIMEOUT <= 5
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.5  # seconds
    held = threading.Event()
    standin.case = Case(held=held, slow=slow)
    form = trip(client, article, "facebook", text="Do not lose me.")
    held.set()  # Who had waited for it would be signed in.
    assert form.status_code == 401
    assert 'data-code="sign_in_failed"' in page(form)
    assert "Do not lose me." in page(form)
    assert 'data-provider="facebook"' in page(form), "it can be tried again"


def test_a_denied_change_leaves_the_session_as_it_was(client, standin, article):
    trip(client, article, "google")
    before = client.session["_auth_user_id"]
    standin.case = Case(deny=True)
    assert "You are commenting using your Google account." in page(trip(client, article, "x"))
    assert client.session["_auth_user_id"] == before


def test_change_keeps_the_session_until_another_is_chosen(client, standin, article):
    trip(client, article, "google")
    session = client.session.session_key
    choices = page(client.get(step(client, article, "change", text="Still mine.")["Location"]))
    assert re.findall(r'<button[^>]*data-provider="(\w+)"', choices) == [*NAMES, "email", "passkey", "guest"]
    assert "You are commenting using your Google account." in choices
    assert "Still mine." in choices
    assert client.session.session_key == session
    assert client.post(f"/articles/{article.pk}/reply/", {"text": "Still mine."}).status_code == 303
    assert Comment.objects.get().identity.provider == "google"


def test_choosing_another_provider_ends_the_first_session(client, standin, article):
    trip(client, article, "google")
    first = client.session.session_key
    changed = page(trip(client, article, "x", text="Kept over the change."))
    assert "You are commenting using your X account." in changed
    assert "Kept over the change." in changed
    assert client.session.session_key != first
    old = Client()
    old.cookies["sessionid"] = first
    assert "You are commenting" not in page(old.get(f"/articles/{article.pk}/you/"))


def test_a_server_that_does_not_answer_before_the_browser_leaves_is_a_failed_trip(client, standin, article):
    standin.case = Case(discovery_status=500)
    form = client.get(step(client, article, "oidc")["Location"], follow=True)
    assert form.status_code == 401
    assert "Hello there." in page(form)


def test_only_what_is_configured_is_asked_for(client, standin, article):
    address = f"/articles/{article.pk}/reply/with/wordpress/?scope=global&auth_params=prompt%3Dnone&process=connect"
    asked = parse_qs(urlsplit(client.post(address, {"text": "Hi"})["Location"]).query)
    assert asked["scope"] == ["auth"]
    assert set(asked) == {"client_id", "redirect_uri", "scope", "response_type", "state"}


def test_a_window_ends_on_a_page_that_tells_the_article(client, standin, article):
    done = trip(client, article, "google", back="window", channel="0123456789abcdef")
    assert 'data-channel="0123456789abcdef" data-outcome=""' in page(done)
    assert "returned.js" in page(done)
    standin.case = Case(deny=True)
    refused = trip(Client(), article, "google", back="window", channel="0123456789abcdef")
    assert 'data-outcome="sign_in_denied"' in page(refused)
    odd = trip(Client(), article, "google", back="window", channel='"><script>')
    assert "/reply/" in odd.request["PATH_INFO"], "a channel that is none is no window"


@pytest.mark.parametrize(
    "place", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_trip_ends_on_this_site(client, standin, article, place):
    started = step(client, article, "google", back="article", **{"from": place})
    back = client.get(come_back(client, consent(started["Location"]))["Location"])
    assert back["Location"] == f"{article.get_absolute_url()}#respond"


def test_a_trip_from_a_page_of_a_thread_ends_there(client, standin, article):
    comment = make_comment(article)
    started = step(client, article, "google", back="article", **{"from": f"/comments/{comment.pk}/thread/?page=1"})
    back = client.get(come_back(client, consent(started["Location"]))["Location"])
    assert back["Location"] == f"/comments/{comment.pk}/thread/?page=1#respond"


def test_a_draft_is_shown_to_no_other_browser(client, standin, article):
    step(client, article, "google", text="Only mine.")
    token = KeptDraft.objects.get().token
    stranger = Client()
    stranger.get(f"/articles/{article.pk}/reply/")
    for address in (
        f"/articles/{article.pk}/reply/",
        f"/articles/{article.pk}/you/",
        f"/articles/{article.pk}/reply/back/?trip={token}&sign_in=",
    ):
        assert "Only mine." not in page(stranger.get(address, follow=True))
    stranger.cookies["draft"] = "forged:value"
    assert "Only mine." not in page(stranger.get(f"/articles/{article.pk}/reply/"))
    assert "Only mine." in page(client.get(f"/articles/{article.pk}/you/"))
    cookie = client.cookies["draft"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_kept_drafts_are_bounded_in_number_and_age(client, standin, article, time_machine):
    for _ in range(PER_BROWSER + 2):
        step(client, article, "google")
    assert KeptDraft.objects.count() == PER_BROWSER
    KeptDraft.objects.bulk_create(
        KeptDraft(browser=f"b{n}", network=KeptDraft.objects.first().network, article=article)
        for n in range(PER_NETWORK)
    )
    KeptDraft.objects.update(created_at=timezone.now() - dt.timedelta(minutes=30))
    step(Client(), article, "google")
    assert KeptDraft.objects.count() == PER_NETWORK
    time_machine.move_to(timezone.now() + dt.timedelta(hours=25))
    assert "Hello there." not in page(client.get(f"/articles/{article.pk}/reply/"))
    assert old().count() == PER_NETWORK


def test_posting_forgets_the_draft_of_that_place_alone(client, standin, article):
    parent = make_comment(article)
    step(client, article, "google", text="Here.")
    step(client, article, "google", text="There.", parent=str(parent.pk))
    client.post(f"/articles/{article.pk}/reply/", {"text": "Here.", "name": "Ada", "email": "a@example.org"})
    assert [draft.typed["text"] for draft in KeptDraft.objects.all()] == ["There."]


# Forgery, methods, and articles that are none.


def test_the_ways_follow_the_forms_rule_on_forgery(client, standin, article):
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        refused = client.post(f"/articles/{article.pk}/reply/with/google/", {"text": "Keep me."}, headers=headers)
        assert refused.status_code == 403
        assert 'data-code="forgery_refused"' in page(refused)
        assert "Keep me." in page(refused)
    assert not KeptDraft.objects.exists()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user())
    for way in ("log-out", "google", "change", "email"):
        assert strict.post(f"/articles/{article.pk}/reply/with/{way}/", {"text": "Keep me."}).status_code == 403
    assert "_auth_user_id" in strict.session


@pytest.mark.parametrize("way", ["google", "email", "code", "log-out", "change", "cancel", "account"])
def test_the_ways_are_taken_by_post_alone(client, article, way):
    user = make_user()
    client.force_login(user)
    answer = client.get(f"/articles/{article.pk}/reply/with/{way}/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("way", ["nobody", "email", "google"])
def test_there_are_no_ways_under_an_article_that_nobody_sees(client, way):
    for state in ("draft", "withdrawn", "scheduled"):
        assert step(client, make_article(state=state), way).status_code == 404
    assert client.post(f"/articles/{2**64}/reply/with/{way}/").status_code == 404
    assert client.post(f"/articles/{make_article().pk}/reply/with/nobody/").status_code == 404


# Codes by mail.


def test_an_unknown_address_gets_an_account_by_its_code_and_the_name_that_was_typed(client, article):
    asked = step(client, article, "email", email="New@Example.org", name="Ada \u202eL.")
    assert asked.status_code == 303
    form = client.get(asked["Location"])
    assert "new@example.org" in page(form)
    assert "Hello there." in page(form)
    assert "Post Comment" not in page(form)

    done = step(client, article, "code", code=code().lower(), name="Ada \u202eL.")
    shown = page(client.get(done["Location"], follow=True))

    user = User.objects.get()
    assert (user.name, user.has_usable_password()) == ("Ada L.", False)
    assert EmailAddress.objects.get().verified
    assert "You are commenting using your Newsreader account." in shown
    assert "Hello there." in shown
    assert "example" not in user.username


def test_known_and_unknown_addresses_get_the_same_answers_and_the_same_mail(article):
    make_user("grace")
    answers, mails = [], []
    for address in ("grace@example.org", "other@example.org"):
        client = Client()
        asked = step(client, article, "email", email=address)
        form = client.get(asked["Location"])
        wrong = step(client, article, "code", code="nonsense")
        hidden = [re.sub(r'name="(key|csrfmiddlewaretoken)" value="[^"]*"', "", page(each)) for each in (form, wrong)]
        answers.append(
            [asked.status_code, asked["Location"], wrong.status_code, *(text.replace(address, "") for text in hidden)]
        )
        said = f"{mail.outbox[-1].subject}\n{mail.outbox[-1].body}".replace(code(), "").replace(address, "")
        mails.append(said.replace(token_for(address), ""))
    assert answers[0] == answers[1]
    assert mails[0] == mails[1]


def test_asking_for_a_code_costs_the_same_for_any_address(article):
    """The same queries, so that the time says nothing either."""
    make_user("grace")
    step(Client(), article, "email", email="warm@example.org")
    counts = []
    for address in ("grace@example.org", "other@example.org"):
        client = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            step(client, article, "email", email=address)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_address_that_somebody_only_claimed_is_not_theirs_to_be_entered_by(client, article):
    """Whoever registers your address first and never proves it does not get your account."""
    claimed = make_user("mallory", verified=False)
    step(client, article, "email", email=claimed.email)
    step(client, article, "code", code=code())
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert user != claimed
    assert EmailAddress.objects.get(verified=True).user == user


def test_guessing_a_code_ends_after_a_few_tries(client, article):
    step(client, article, "email", email="new@example.org")
    right = code()
    codes = [step(client, article, "code", code=f"AAAA-{n:04}") for n in range(4)]
    assert [each.status_code for each in codes] == [422] * 4
    assert 'data-code="code_expired"' in page(codes[-1])
    assert step(client, article, "code", code=right).status_code == 422
    assert not User.objects.exists()


def test_a_code_works_once_and_not_for_ever(client, article, time_machine):
    step(client, article, "email", email="new@example.org")
    right = code()
    time_machine.move_to(timezone.now() + dt.timedelta(hours=1))
    assert 'data-code="code_expired"' in page(step(client, article, "code", code=right))
    other = Client()
    assert 'data-code="code_expired"' in page(step(other, article, "code", code=right)), "in another browser"


def test_codes_are_limited_for_each_address(article):
    answers = [step(Client(), article, "email", email="new@example.org").status_code for _ in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    ("address", "said"),
    [("", "require_name_email"), ("no address", "require_valid_email"), ("josé@example.org", "require_valid_email")],
)
def test_a_code_needs_an_address(client, article, address, said):
    answer = step(client, article, "email", email=address)
    assert answer.status_code == 422
    assert f'data-code="{said}"' in page(answer)
    assert "Hello there." in page(answer)
    assert not mail.outbox


def test_cancel_awaits_no_code_and_calls_a_trip_off(client, standin, article):
    step(client, article, "email", email="new@example.org", website="ada.example")
    right = code()
    back = client.get(step(client, article, "cancel")["Location"])
    assert 'data-provider="guest"' in page(back)
    assert "ada.example" in page(back), "what the code's form did not show is still there"
    assert step(client, article, "code", code=right).status_code == 422

    home = consent(step(client, article, "github")["Location"])
    step(client, article, "cancel")
    late = come_back(client, home)
    assert late.status_code == 401
    assert "_auth_user_id" not in client.session


def test_somebody_with_a_second_factor_is_asked_for_it_before_any_session(client, article):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    user = make_user("grace")
    TOTP.activate(user, generate_totp_secret())
    step(client, article, "email", email=user.email)
    done = step(client, article, "code", code=code())
    assert done["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session


# Log Out, passkeys, pictures.


def test_log_out_ends_the_session_and_a_later_post_is_a_guests(client, standin, article):
    trip(client, article, "facebook")
    before = Client()
    before.cookies["sessionid"] = client.session.session_key
    assert "You are commenting" in page(before.get(f"/articles/{article.pk}/you/"))
    out = step(client, article, "log-out", text="Still here.")
    assert out.status_code == 303
    shown = page(client.get(out["Location"]))
    assert "Still here." in shown
    assert 'data-provider="guest"' in shown
    assert client.cookies["known"].value == ""
    for browser in (client, before):
        typed = {"text": "Now a guest.", "name": f"Ada {browser is client}", "email": "a@example.org"}
        assert browser.post(f"/articles/{article.pk}/reply/", typed).status_code == 303
    assert list(Comment.objects.values_list("identity", flat=True)) == [None, None]


def test_a_passkey_without_script_says_what_it_needs_and_keeps_the_text(client, article):
    answer = step(client, article, "passkey")
    assert answer.status_code == 422
    assert 'data-code="passkey_needs_script"' in page(answer)
    assert "Hello there." in page(answer)
    for nonsense in ("{}", "[]", "null", '{"id": 1}', "x", json.dumps({"response": {"userHandle": "AA"}})):
        refused = step(client, article, "passkey", credential=nonsense)
        assert refused.status_code == 422
        assert "Hello there." in page(refused)
    options = client.get(f"/articles/{article.pk}/reply/with/passkey/")
    assert options.json()["publicKey"]["challenge"]
    assert "no-store" in options["Cache-Control"]


def test_a_banned_identity_is_refused_and_others_of_that_network_are_not(client, standin, article):
    trip(client, article, "facebook")
    make_ban(identity=CommenterIdentity.objects.get())
    refused = client.post(f"/articles/{article.pk}/reply/", {"text": "Me again."})
    assert refused.status_code == 403
    assert 'data-code="banned"' in page(refused)
    assert "Me again." in page(refused)
    trip(client, article, "google")
    assert client.post(f"/articles/{article.pk}/reply/", {"text": "Somebody else."}).status_code == 303


def test_the_policy_lets_forms_pass_through_the_configured_providers_alone(client, article):
    policy = client.get(article.get_absolute_url())["Content-Security-Policy"]
    rule = next(rule for rule in policy.split("; ") if rule.startswith("form-action"))
    assert f"http://127.0.0.1:{django_settings.STANDIN_PORT}" in rule
    assert "https:" not in rule
    client.force_login(make_moderator())
    assert "form-action 'self';" in client.get("/admin/")["Content-Security-Policy"]


def test_the_private_fragment_and_the_page_ask_the_database_little(
    client, standin, article, django_assert_max_num_queries
):
    trip(client, article, "google")
    with django_assert_max_num_queries(9):
        client.get(f"/articles/{article.pk}/you/")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_at_a_private_address_is_never_asked_for(
    client, standin, article, caplog, django_capture_on_commit_callbacks, name
):
    with django_capture_on_commit_callbacks(execute=True):  # Where the worker takes over.
        trip(client, article, name)
    tells = name not in {"apple", "microsoft"}
    assert ("was refused" in caplog.text) is tells
    identity = CommenterIdentity.objects.get()
    assert identity.avatar_source == (f"{standin.url}/avatar.png" if tells else "")
    assert identity.avatar == ""
    assert not [seen for seen in standin.requests if seen.path == "/avatar.png"]
    assert f"/{standin.port}" not in caplog.text
    shown = client.get(f"/articles/{article.pk}/you/").content.decode()
    assert re.search(r'<span class="avatar avatar-\d" aria-hidden="true">GH</span>', shown)


def test_an_address_that_apple_passes_on_is_mailed_and_not_called_a_persons(client, standin, article):
    standin.case = Case(email="x7y@privaterelay.appleid.com")
    trip(client, article, "apple")
    client.post(f"/articles/{article.pk}/reply/", {"text": "Hello."})
    comment = Comment.objects.get()
    moderator = make_moderator()
    client.force_login(moderator)
    card = page(client.get("/admin/moderation/"))
    assert "passed on by Apple" in card
    assert "verified" not in card[card.index("x7y@privaterelay") : card.index("passed on by Apple")]
    decide(comment.pk, "approved", by=moderator)
    assert "x7y@privaterelay.appleid.com" in Letter.objects.filter(name="comment_published").values_list(
        "address", flat=True
    )


def test_a_newcomer_is_told_how_to_join_accounts_whoever_they_are(client, standin, article, time_machine):
    """The same words for everybody, so that nobody learns whether an address has an account."""
    make_user("grace")
    hints = []
    for number, address in enumerate(("grace@example.org", "other@example.org")):
        standin.case = Case(email=address, verified=False, uid=f"new-{number}")
        visitor = Client()
        hints.append(re.findall(r"Already have an account.*?</p>", page(trip(visitor, article, "google"))))
    assert hints[0] == hints[1]
    assert "/accounts/3rdparty/" in hints[0][0]
    time_machine.move_to(timezone.now() + dt.timedelta(hours=1))
    assert "Already have an account" not in page(visitor.get(f"/articles/{article.pk}/you/"))


# What nobody may do.


@pytest.mark.parametrize("way", ["google", "email"])
def test_a_session_that_was_planted_before_somebody_signs_in_opens_nothing(client, standin, article, way):
    planted = Client()
    step(planted, article, "email", email="mallory@example.org")  # A session of Mallory's making, awaiting a code.
    client.cookies["sessionid"] = planted.session.session_key
    if way == "google":
        trip(client, article, "google")
    else:
        step(client, article, "email", email="grace@example.org")
        step(client, article, "code", code=code())
    assert "_auth_user_id" in client.session
    assert client.session.session_key != planted.cookies["sessionid"].value
    assert "You are commenting" not in page(planted.get(f"/articles/{article.pk}/you/"))
    planted.post(f"/articles/{article.pk}/reply/", {"text": "As whom?", "name": "M", "email": "m@example.org"})
    assert Comment.objects.get().identity is None


def test_a_guest_who_types_a_members_name_and_address_is_nobody(standin, article):
    member = Client()
    trip(member, article, "google")
    member.post(f"/articles/{article.pk}/reply/", {"text": "Mine."})
    decide(Comment.objects.get().pk, "approved", by=make_moderator())
    answers = []
    for name, email in (("Grace Hopper", "grace@id.example"), ("Ida Rhodes", "ida@id.example")):
        typed = {"text": f"I am {name}.", "name": name, "email": email}
        guest = Client()
        posted = guest.post(f"/articles/{article.pk}/reply/", typed)
        comment = Comment.objects.latest("pk")
        assert (comment.status, comment.identity, comment.avatar) == ("pending", None, "")
        assert posted["Location"] == comment.status_url
        shown = page(guest.get(posted["Location"])).replace(name, "").replace(comment.status_token, "")
        answers.append(re.sub(r'value="[^"]*"|datetime="[^"]*"|\d+|avatar-\w+|>[A-Z]{2}<', "", shown))
    assert answers[0] == answers[1], "nobody learns whose address has an account"


@pytest.mark.parametrize("typed", ["", "-", " ", "0000-0000"])
def test_an_address_whose_code_was_never_mailed_opens_nothing(client, article, typed):
    """The library's own page awaits a code, too, and sends none to an address that it does not know."""
    client.post("/accounts/login/code/", {"email": "victim@example.org"})

    answer = step(client, article, "code", code=typed)

    assert answer.status_code == 422
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.exists()


def test_a_code_from_the_box_means_nothing_to_the_librarys_page(client, article):
    step(client, article, "email", email="ada@example.org")

    answer = client.post("/accounts/login/code/confirm/", {"code": code()})

    assert answer.status_code == 302
    assert not User.objects.exists()
    assert step(client, article, "code", code=code()).status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


def test_a_closed_account_is_not_opened_by_a_code_nor_doubled(client, article):
    user = make_user("gone", is_active=False)
    step(client, article, "email", email=user.email)

    answer = step(client, article, "code", code=code(), text="Do not lose me.")

    assert answer.status_code == 422
    assert 'data-code="account_closed"' in page(answer)
    assert "Do not lose me." in page(answer)
    assert "_auth_user_id" not in client.session
    assert User.objects.get() == user


@pytest.mark.parametrize(
    "target", ["/\t///evil.example/x", "/\n///evil.example/x", "//evil.example/", "/\\evil.example"]
)
def test_no_way_back_leads_off_the_site(client, article, target):
    step(client, article, "change", back="article", **{"from": target})

    answer = client.get(f"/articles/{article.pk}/reply/back/?trip={KeptDraft.objects.get().token}&sign_in=")

    assert answer["Location"] == f"{article.get_absolute_url()}#respond"


def test_a_stranger_begins_no_more_passkeys_than_the_library_allows(client, article):
    address = f"/articles/{article.pk}/reply/with/passkey/"
    answers = [Client().get(address).status_code for _ in range(25)]

    assert answers == [200] * 10 + [429] * 15
    assert Client().get(address)["Retry-After"] == "60"
    assert Session.objects.count() == 10
    refused = step(client, article, "passkey", credential="{}", text="Do not lose me.")
    assert refused.status_code == 429
    assert "Do not lose me." in page(refused)
