"""Everything like this: which comments are alike, and in which ways."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from comments.models import Comment
from comments.moderation import similar
from comments.moderation.similar import Match, find_similar
from tests.factories import make_article, make_comment, make_user, set_rules

pytestmark = pytest.mark.django_db

PITCH = "Great profits await everybody who joins our honest trading club before the end of this month, dear friends"
NEARLY = "Great profits await everybody who joins our honest trading club before the end of this week, dear readers"
FAR = "The ferry was late again today and nobody at the harbour could say when the next one would leave for the island"


@pytest.fixture
def article():
    set_rules(flood_seconds=0)
    return make_article()


def like(comment, **values) -> dict[int, tuple[str, ...]]:
    found = find_similar(
        Comment.objects.select_related("connection_data").get(pk=comment.pk),
        **{"rows": Comment.objects.all(), "ipv4_prefix": 32} | values,
    )
    return {match.comment_id: match.reasons for match in found}


def test_it_is_plain_data_about_the_others_newest_first(article):
    first = make_comment(article, email="bob@example.org", text="One")
    second = make_comment(article, email="bob@example.org", text="Two")
    third = make_comment(article, email="bob@example.org", text="Three", status="spam")

    assert find_similar(first, rows=Comment.objects.all(), ipv4_prefix=32) == [
        Match(third.pk, ("email",)), Match(second.pk, ("email",)),
    ]  # fmt: skip


@pytest.mark.ci_both
@pytest.mark.parametrize(
    ("this", "other", "by24", "by32"),
    [
        ("192.0.2.1", "192.0.2.1", True, True),
        ("192.0.2.1", "192.0.2.200", True, False),
        ("192.0.2.1", "192.0.3.1", False, False),
        ("2001:db8:1:2::1", "2001:db8:1:2:aaaa:bbbb:cccc:dddd", True, True),
        ("2001:db8::1", "2001:db8:0:0:1::", True, True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False, False),
        ("2001:db8:1:2::1", "192.0.2.1", False, False),
    ],
)
def test_the_same_network(article, this, other, by24, by32):
    one, two = make_comment(article, address=this), make_comment(article, address=other)

    assert (two.pk in like(one, by=["network"], ipv4_prefix=24)) is by24
    assert (two.pk in like(one, by=["network"], ipv4_prefix=32)) is by32


def test_a_domain_that_both_link_to_but_for_our_own(article, settings):
    settings.SITE_URL = "https://news.example"
    one = make_comment(article, text="Look at https://www.Casino.example/a and https://news.example/x")
    same = make_comment(article, text="Or [here](https://casino.example/b?c=d)")
    other = make_comment(article, text="Or https://elsewhere.example and https://news.example/x")
    named = make_comment(article, text="casino example without a link")

    assert like(one, by=["domain"]) == {same.pk: ("domain",)}
    assert other.pk not in like(one)
    assert named.pk not in like(one)


def test_the_same_text_and_nearly_the_same_however_they_are_written(article):
    one = make_comment(article, text=PITCH)
    same = make_comment(article, text=PITCH.upper().replace(" ", "\u200b "))
    near = make_comment(article, text=NEARLY)
    other = make_comment(article, text=FAR)

    found = like(one, by=["text"])

    assert found == {near.pk: ("text",), same.pk: ("text",)}
    assert other.pk not in found


def test_short_texts_are_like_none(article):
    one, two = make_comment(article, text="Me too!"), make_comment(article, text="Me too!")

    assert two.pk not in like(one)


def test_scripts_without_blanks_are_compared_by_characters(article):
    text = "今日の船はまた遅れました港の誰もが次の船がいつ出るのか知りませんでした本当に困ります"
    one, near = (
        make_comment(article, text=text),
        make_comment(article, text=text.replace("本当に困ります", "実に困った")),
    )
    other = make_comment(
        article, text="図書館の新しい窓はとても明るくて子供たちは毎日そこで本を読んでいるそうです素晴らしい"
    )

    found = like(one, by=["text"])

    assert near.pk in found
    assert other.pk not in found


def test_the_same_email_however_it_is_written_and_none_is_none(article):
    set_rules(require_name_email=False)
    one = make_comment(article, email="Bob@Example.org", text="One")
    two = make_comment(article, email="bob@example.org", text="Two")
    none = make_comment(article, email="", address="", text="Three")
    neither = make_comment(article, email="", address="", text="Four")

    assert like(one) == {two.pk: ("email",)}
    assert like(none) == {}
    assert neither.pk not in like(none)


def test_every_way_is_named_and_only_those_that_count(article):
    text = f"{PITCH} https://casino.example"
    one = make_comment(article, text=text, email="bob@example.org", address="192.0.2.1")
    two = make_comment(make_article(), text=text, email="bob@example.org", address="192.0.2.9")

    assert like(one, ipv4_prefix=24) == {two.pk: ("network", "domain", "text", "email")}
    assert like(one, by=["email", "domain"]) == {two.pk: ("domain", "email")}
    assert like(one, by=[]) == {}


def test_what_is_long_ago_or_not_this_moderators_is_left_out(article):
    one, near, far, foreign = (make_comment(article, email="bob@example.org", text=f"{PITCH} {n}") for n in range(4))
    now = timezone.now()
    Comment.objects.filter(pk=near.pk).update(created_at=now - dt.timedelta(hours=23))
    Comment.objects.filter(pk=far.pk).update(created_at=now - dt.timedelta(hours=25))

    mine = Comment.objects.exclude(pk=foreign.pk)

    assert set(like(one, rows=mine)) == {near.pk}
    assert set(like(one, rows=mine, hours=26)) == {near.pk, far.pk}
    assert set(like(one, rows=mine, hours=1)) == set()


def test_a_comment_without_a_trace_is_compared_by_its_text(article):
    one, two = make_comment(article, text=PITCH), make_comment(article, text=NEARLY)
    one.connection_data.delete()

    assert like(one) == {two.pk: ("text",)}
    assert like(two) == {one.pk: ("text",)}


def test_no_more_than_so_many_are_read_the_newest_first(article, monkeypatch):
    monkeypatch.setattr(similar, "MOST", 2)
    many = [make_comment(article, email="bob@example.org") for _ in range(4)]

    assert list(like(many[0])) == [many[3].pk, many[2].pk]


@pytest.mark.parametrize("size", [1, 12])
def test_it_is_one_question_however_many_there_are(article, size, django_assert_num_queries):
    comments = [make_comment(article, text=f"{PITCH} {n}", user=make_user()) for n in range(size + 1)]
    one = Comment.objects.select_related("connection_data").get(pk=comments[0].pk)

    with django_assert_num_queries(1):
        assert len(find_similar(one, rows=Comment.objects.all())) == size
