"""Names that readers would take for the newsroom's are held, however they are spelled; its own people are not."""

import pytest

from articles.models.site import Site
from articles.models.taxonomy import Section
from comments import screening
from comments.authors.author_edits import edit_comment
from comments.drafts import Author as Commenter
from comments.drafts import Draft
from comments.models import CommentSettings
from comments.models.effective_settings import EffectiveSettings
from comments.posting.submission import post_comment
from comments.screening import names
from newsreader.accounts.models import CommenterIdentity
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_moderator,
    make_section,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db


def looks_like(name="", *, user=None, identity=None):
    """What the check takes a guest's name for, or a member's; None: for nobody's."""
    author = Commenter(identity=identity, user=user) if identity else Commenter(name=name)
    verdict = names.check(Draft(1, "A thought.", author), EffectiveSettings.of(CommentSettings()))
    return verdict and verdict.reasons[0]["params"]["name"]


def make_identity(name, user=None, provider="facebook"):
    return CommenterIdentity.objects.create(provider=provider, uid=f"uid of {name}", display_name=name, user=user)


def own(user):
    return make_draft(user=user).author.identity


# --- Roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", names.ROLES)
def test_a_role_is_held_as_a_whole_name_and_free_as_a_part_of_one(role):
    assert looks_like(role.upper()) == looks_like(f"The {role} 2") == role
    assert looks_like(f"Anna {role}") is looks_like(f"{role} Smith") is None


@pytest.mark.parametrize(
    "name",
    [
        "Еditor",  # Cyrillic
        "Ed1tor",
        "Ed|tor",
        "Ｅｄｉｔｏｒ",
        "E\u200bdit\u2060or",
        "Editor\u202e",
        "E d i t o r",
        "editor2",
        "editor 2",
        "The Editor",
        "the_editor_2",
        "Editor★",
        "édîtor",
        "ᴇᴅɪᴛᴏʀ",
    ],
)
def test_a_role_is_seen_through_its_disguise(name):
    assert looks_like(name) == "editor"


def test_letters_may_stand_apart():
    assert looks_like("N e w s r o o m") == "newsroom"


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Rootham",
        "Theodor",
        "🙂",
        "root",
        "Root",
        "Anna Root",
        "Customs Officer",
        "Staff Sergeant Lee",
        "42",
        "the",
    ],
)
def test_other_names_are_nobody_s(name):
    """What only holds a reserved name is no reserved name, whoever and whatever is called so here."""
    make_moderator(username="root", name="Rosalind Meek")
    make_section("Customs")

    assert looks_like(name) is None


# --- People and the paper -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Ingrid Hallam", "INGRID HALLAM", "Ingrіd Наllаm", "IngridHallam", "1ngrid Hallarn", "Ingrid\u00a0Hallam ✓"],
)
def test_an_author_s_name_is_held_however_it_is_spelled(name):
    make_author(name="Ingrid Hallam")

    assert looks_like(name) == "Ingrid Hallam"


def test_capitals_make_no_other_name_in_any_script():
    make_author(name="Ελένη Νικολάου")

    assert looks_like("ΕΛΕΝΗ ΝΙΚΟΛΑΟΥ") == "Ελένη Νικολάου"


@pytest.mark.parametrize("name", ["Ingrid Hallman", "Ingrid", "Hallam", "Ingrid Hallam-Smith"])
def test_a_name_that_is_only_similar_is_free(name):
    make_author(name="Ingrid Hallam")

    assert looks_like(name) is None


def test_the_staff_s_shown_names_are_held():
    make_moderator(username="rmeek", name="Rosalind Meek")
    make_moderator(username="toshiro")

    assert looks_like("R0salind Meek") == "Rosalind Meek"
    assert looks_like("Toshiro") == "toshiro"  # Readers know somebody without a name by this.
    assert looks_like("rmeek") is looks_like("Rosalind") is None


def test_who_has_no_display_name_is_known_by_first_and_last():
    make_moderator(first_name="Rosalind", last_name="Meek")

    assert looks_like("Rosalind Meek") == "Rosalind Meek"


@pytest.mark.parametrize("values", [{"is_staff": False}, {"is_active": False}])
def test_readers_and_former_staff_reserve_nothing(values):
    make_user(group="Moderators", name="Rosalind Meek", **values)

    assert looks_like("Rosalind Meek") is None


def test_the_names_of_the_site_and_its_sections_are_held():
    Site.objects.filter(pk=1).update(name="The Alder Bay Courier")
    make_section("Culture")

    assert looks_like("The Alder Bay С0urier") == "The Alder Bay Courier"
    assert looks_like("Cu1ture") == "Culture"


# --- Members ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", [False, True])
def test_what_a_provider_calls_somebody_is_held_too(user):
    user = make_user() if user else None

    assert looks_like(identity=make_identity("Editor", user), user=user) == "editor"


def test_a_member_s_own_display_name_is_held():
    user = make_user(name="The Nеwsroom")

    assert post_comment(make_draft(user=user)).decisions.get().reason == "reserved_name"


def test_staff_may_be_called_what_they_are():
    user = make_moderator(name="Moderator")

    assert looks_like(identity=own(user), user=user) is None
    assert looks_like(identity=make_identity("Editor", user), user=user) is None


def test_an_author_may_comment_under_the_byline_and_nobody_else():
    user, other = make_user(name="Ingrid Hallam"), make_user(name="Ingrid Hallam")
    make_author(name="Ingrid Hallam", user=user)

    assert looks_like(identity=own(user), user=user) is None
    assert looks_like(identity=own(other), user=other) == "Ingrid Hallam"


# --- Within posting -----------------------------------------------------------------------------------------------


def test_a_trusted_guest_waits_under_such_a_name():
    set_rules(hold_first_comment=False)

    held, free = post_comment(make_draft(name="Ed1tor")), post_comment(make_draft(name="Ada"))

    assert (held.status, held.decisions.get().reasons) == (
        "pending",
        [{"code": "reserved_name", "params": {"name": "editor"}}],
    )
    assert free.status == "approved"
    assert not held.by_staff


def test_an_edited_comment_is_judged_by_its_name_again():
    user = make_user(name="Ingrid Hallam")
    comment = make_comment(user=user)
    make_author(name="Ingrid Hallam")

    assert edit_comment(comment.pk, "Another thought.", by=user).status == "pending"


def test_the_queue_says_whom_the_name_looks_like(client):
    make_author(name="Ingrid Hallam")
    post_comment(make_draft(name="Ingrid HaIlam"))
    client.force_login(make_moderator())

    page = client.get("/admin/moderation/").content.decode()

    assert "the name looks like “Ingrid Hallam”" in page


@pytest.mark.parametrize("size", [1, 30])
def test_it_asks_one_question_however_many_names_there_are(size, django_assert_num_queries):
    for number in range(size):
        make_author(name=f"Author {number}", user=make_moderator(username=f"staff{number}"))
        Section.objects.create(name=f"Section {number}", slug=f"section-of-names-{number}")

    with django_assert_num_queries(1):
        assert looks_like("Ada") is None


@pytest.mark.parametrize("name", ["", "\u200b", "🙂"])
def test_without_a_name_it_asks_nothing(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert looks_like(name) is None


def test_it_is_one_of_the_checks():
    assert names.check in screening.CHECKS
    assert (
        screening.evaluate(
            make_draft(make_article(), name="Admin"), EffectiveSettings.of(CommentSettings.objects.current())
        ).status
        == "pending"
    )
