"""Comments left as a guest come under the account that has confirmed their address; and one's own page of comments."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from comments.audit.reason_texts import shown_status
from comments.authors import my_comments
from comments.authors.claiming import claim, claimable
from comments.drafts import Author as Commenter
from comments.models import Comment, Decision
from comments.moderation.decisions import decide, withdraw
from comments.posting.submission import post_comment
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_comment, make_draft, make_moderator, make_user, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
MINE, CLAIM = "/accounts/comments/", "/accounts/comments/claim/"


@pytest.fixture
def ada(client):
    ada = make_user("ada", name="Ada Lovelace")
    client.force_login(ada)
    return ada


def make_guests(**values):
    """A guest's comment under the address that Ada has confirmed."""
    return make_comment(**({"email": "ada@example.org"} | values))


def ids(comments):
    return {comment.pk for comment in comments}


def states(response):
    return re.findall(r'data-comment="\d+" data-state="(\w+)"', response.content.decode())


# --- What may be claimed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@Example.ORG"])
def test_a_confirmed_address_claims_whatever_the_case(ada, email):
    comment = make_guests(email=email)

    assert ids(claimable(ada)) == {comment.pk}


def test_every_confirmed_address_counts(ada):
    EmailAddress.objects.create(user=ada, email="countess@example.org", verified=True)
    EmailAddress.objects.create(user=ada, email="unproven@example.org", verified=False)
    comment = make_guests(email="Countess@example.org")
    make_guests(email="unproven@example.org")

    assert ids(claimable(ada)) == {comment.pk}


@pytest.mark.ci_both
def test_without_a_confirmed_address_there_is_nothing():
    user = make_user("ada", verified=False)
    make_guests()

    assert not claimable(user)


@pytest.mark.parametrize("email", ["other@example.org", "ada@example.org.invalid", "xada@example.org"])
def test_a_name_claims_nothing(ada, email):
    make_guests(name="Ada Lovelace", email=email)

    assert not claimable(ada)


@pytest.mark.ci_both
def test_a_comment_without_an_address_or_a_trace_is_nobody_s(ada):
    make_guests().connection_data.delete()
    type(make_guests().connection_data).objects.update(email="")

    assert not claimable(ada)


@pytest.mark.ci_both
def test_what_a_member_wrote_is_not_claimable(ada):
    comment = make_comment(user=make_user("grace"))
    comment.connection_data.email = "ada@example.org"
    comment.connection_data.save()

    assert not claimable(ada)


@pytest.mark.parametrize("before", ["approved", "trash"])
def test_what_was_withdrawn_is_left(ada, before):
    comment = make_guests(status=before)
    withdraw(comment.pk, by=ada)

    assert not claimable(ada)
    assert claim(ada, [comment.pk]) == 0


# --- Claiming -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["approved", "pending", "spam", "trash"])
def test_claiming_changes_whose_it_is_and_nothing_else(ada, status):
    comment = make_guests(name="A guest", website="https://ada.example", status=status)
    before = Comment.objects.filter(pk=comment.pk).values().get()
    trace = type(comment.connection_data).objects.filter(pk=comment.pk).values().get()
    decisions = list(Decision.objects.filter(comment=comment).values())

    assert claim(ada, [comment.pk]) == 1

    assert Comment.objects.filter(pk=comment.pk).values().get() == before | {"identity_id": own_identity(ada).pk}
    assert type(comment.connection_data).objects.filter(pk=comment.pk).values().get() == trace
    assert list(Decision.objects.filter(comment=comment).values()) == decisions


@pytest.mark.ci_both
def test_claiming_again_does_nothing(ada):
    comment = make_guests()
    claim(ada, [comment.pk])
    comment.article.refresh_from_db()

    assert claim(ada, [comment.pk]) == 0
    version = comment.article.page_version
    comment.article.refresh_from_db()
    assert comment.article.page_version == version


def test_only_what_was_chosen_and_is_claimable_is_claimed(ada):
    chosen, left, foreign = make_guests(), make_guests(), make_guests(email="eve@example.org")
    members = make_comment(user=make_user("grace"))

    assert claim(ada, [chosen.pk, foreign.pk, members.pk, 0, -1, 10**30]) == 1

    assert Comment.objects.get(pk=left.pk).identity is None
    assert Comment.objects.get(pk=foreign.pk).identity is None
    assert Comment.objects.get(pk=members.pk).identity == members.identity


def test_each_article_s_page_is_new_once_where_readers_see_it(ada):
    seen, hidden = make_article(), make_article()
    comments = [make_guests(article=seen), make_guests(article=seen), make_guests(article=hidden, status="pending")]
    for article in (seen, hidden):
        article.refresh_from_db()
    before = seen.page_version, hidden.page_version

    assert claim(ada, ids(comments)) == 3

    for article in (seen, hidden):
        article.refresh_from_db()
    assert (seen.page_version, hidden.page_version) == (before[0] + 1, before[1])


def test_it_asks_as_many_questions_for_many_as_for_one(ada, django_assert_num_queries):
    article = make_article()
    own_identity(ada)
    for size in (1, 12):
        comments = [make_guests(article=article) for _ in range(size)]
        # Two for the savepoint, two asked twice around the lock, two for one's identity, one update each.
        with django_assert_num_queries(9):
            assert claim(ada, ids(comments)) == size


# --- The page -----------------------------------------------------------------------------------------------------


def test_a_guest_is_sent_to_sign_in(client):
    for response in (client.get(MINE), client.post(CLAIM, {"comments": 1})):
        assert response.status_code == 302
        assert response.headers["Location"] == f"/accounts/login/?next={MINE}"


def test_the_page_is_private_and_names_no_address(client, ada):
    make_guests()
    make_comment(user=ada)

    response = client.get(MINE)

    assert response.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert "@example.org" not in response.content.decode()


def test_it_lists_the_comments_of_all_ones_identities_the_newest_first(client, ada):
    older = make_comment(user=ada, text="The **older** one & more")
    facebook = CommenterIdentity.objects.create(provider="facebook", uid="1", display_name="Ada on Facebook", user=ada)
    draft = make_draft()
    newer = post_comment(type(draft)(draft.article_id, "Newer", Commenter(identity=facebook, user=ada)))
    make_comment(user=make_user("grace"), text="Another person's")
    make_comment(text="A guest's")

    response = client.get(MINE)
    page = response.content.decode()

    assert [entry.comment.pk for entry in response.context["entries"]] == [newer.pk, older.pk]
    assert "The older one &amp; more" in page
    for comment in (older, newer):
        assert f'href="{comment.status_url}"' in page
        assert f'<a href="{comment.article.get_absolute_url()}">{escape(comment.article.headline)}</a>' in page
    assert "Another person" not in page


@pytest.mark.ci_both
def test_an_article_that_readers_do_not_see_is_no_link(client, ada):
    comment = make_comment(user=ada)
    type(comment.article).objects.filter(pk=comment.article_id).update(state="withdrawn")

    page = client.get(MINE).content.decode()

    assert escape(comment.article.headline) in page
    assert f'href="{comment.article.get_absolute_url()}"' not in page


@pytest.mark.parametrize(
    ("status", "source", "state", "words"),
    [
        ("approved", "words", "approved", "Published"),
        ("pending", "words", "pending", "Waiting for an editor"),
        ("spam", "words", "pending", "Waiting for an editor"),
        ("trash", "words", "pending", "Waiting for an editor"),
        ("spam", "", "refused", "Not published"),
        ("trash", "", "refused", "Not published"),
    ],
)
def test_what_a_rule_took_for_spam_looks_waiting_until_a_person_decides(client, ada, status, source, state, words):
    comment = post_comment(make_draft(user=ada))
    decide(comment.pk, status, by=None if source else make_moderator(), source=source, reason="spam")
    comment.refresh_from_db()

    response = client.get(MINE)

    assert states(response) == [state]
    assert words in response.content.decode()
    assert shown_status(comment) == (state if state != "refused" else status)


@pytest.mark.parametrize("before", ["approved", "pending", "trash"])
def test_what_one_has_withdrawn_says_so(client, ada, before):
    withdraw(make_comment(user=ada, status=before).pk, by=ada)

    response = client.get(MINE)

    assert states(response) == ["withdrawn"]
    assert "Withdrawn by you" in response.content.decode()


def test_an_account_without_comments_is_told_so(client, ada):
    page = client.get(MINE).content.decode()

    assert "You haven’t posted any comments yet." in page
    assert CLAIM not in page


@pytest.mark.ci_both
def test_pages_hold_twenty(client, ada):
    article = make_article()
    comments = [Comment(article=article, identity=own_identity(ada), body="x", html="<p>x</p>") for _ in range(21)]
    Comment.objects.bulk_create(comments)

    first, second = client.get(MINE), client.get(MINE, {"page": 2})

    assert (len(states(first)), len(states(second))) == (20, 1)
    assert f'href="{MINE}?page=2"' in first.content.decode()
    assert f'href="{MINE}"' in second.content.decode()
    for wrong in ("3", "0", "x", "9" * 30):
        assert client.get(MINE, {"page": wrong}).status_code == 404


def test_a_long_text_is_shortened_and_markup_is_shown_as_text(client, ada):
    make_comment(user=ada, text="<script>alert(1)</script> " + "word " * 200)

    page = client.get(MINE).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "…" in page
    assert page.count("word") < 60


@pytest.mark.parametrize("size", [1, 12])
def test_the_page_asks_as_many_questions_however_much_there_is(client, ada, size, django_assert_num_queries):
    set_rules(flood_seconds=0)
    for _ in range(size):
        make_guests()
        decide(make_comment(user=ada).pk, "trash", by=ada, reason="spam")
    client.get(MINE)

    # Session and account, own comments, guests' comments, what happened (six), and the three of every page's frame.
    with django_assert_num_queries(15):
        response = client.get(MINE)

    assert len(states(response)) == size
    assert len(response.context["claimable"]) == size


# --- The form -----------------------------------------------------------------------------------------------------


def offered(response):
    return {int(pk) for pk in re.findall(r'name="comments" value="(\d+)" checked', response.content.decode())}


def test_what_may_be_claimed_is_offered_checked_and_claimed_by_one_button(client, ada):
    one, other, foreign = make_guests(name="A guest"), make_guests(status="spam"), make_guests(email="eve@example.org")

    response = client.get(MINE)
    assert offered(response) == {one.pk, other.pk}
    assert "2 earlier comments under your address" in response.content.decode()
    assert one.status_token not in response.content.decode()
    answer = client.post(CLAIM, {"comments": [one.pk, other.pk, foreign.pk, "x", "9" * 30]})

    assert (answer.status_code, answer.headers["Location"]) == (303, MINE)
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = client.get(MINE)
    assert "2 comments have been added to your account." in page.content.decode()
    assert offered(page) == set()
    assert sorted(states(page)) == ["approved", "pending"]
    assert Comment.objects.get(pk=foreign.pk).identity is None


@pytest.mark.ci_both
def test_a_second_click_does_nothing_and_says_so(client, ada):
    comment = make_guests()
    client.post(CLAIM, {"comments": comment.pk})
    decisions = Decision.objects.count()

    answer = client.post(CLAIM, {"comments": comment.pk})

    assert answer.status_code == 303
    assert "No comment was added" in " ".join(str(message) for message in get_messages(answer.wsgi_request))
    assert Decision.objects.count() == decisions


def test_nobody_claims_for_somebody_else(client, ada):
    make_user("eve")
    comment = make_guests(email="eve@example.org")

    client.post(CLAIM, {"comments": comment.pk})

    assert Comment.objects.get(pk=comment.pk).identity is None


def test_many_are_offered_in_parts(client, ada, monkeypatch):
    monkeypatch.setattr(my_comments, "OFFERED", 2)
    oldest, *newer = [make_guests() for _ in range(3)]
    Comment.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - dt.timedelta(days=9))

    response = client.get(MINE)

    assert offered(response) == ids(newer)
    assert "There are more" in response.content.decode()


def test_claiming_needs_the_token_and_a_post(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    comment = make_guests()

    assert client.post(CLAIM, {"comments": comment.pk}).status_code == 403
    assert client.get(CLAIM).status_code == 405
    assert Comment.objects.get(pk=comment.pk).identity is None
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(MINE).content.decode()).group(1)
    assert client.post(CLAIM, {"comments": comment.pk, "csrfmiddlewaretoken": token}).status_code == 303
    assert Comment.objects.get(pk=comment.pk).identity == own_identity(ada)


def test_a_claimed_comment_earns_the_trust_that_it_had(ada):
    assert claim(ada, [make_guests().pk]) == 1

    assert post_comment(make_draft(user=ada)).status == "approved"
