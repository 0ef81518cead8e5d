"""The first steps of a new site: what the newsroom's first page says of them, and to whom."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from articles.models.site import Site
from newsreader.first_steps import providers, steps
from tests.factories import make_article, make_editor, make_moderator, make_section, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
CARD = "Set up your newspaper"


def states(user):
    return {
        row.step.name: "done" if row.done else "dismissed" if row.dismissed else "open" for row in steps.shown_to(user)
    }


def test_each_step_is_done_when_the_site_holds_what_it_is_about(settings, client):
    settings.CHOSEN, settings.SIGN_IN_WITH = set(), ()
    editor = make_editor()
    client.force_login(editor)
    assert set(states(editor).values()) == {"open"}
    assert CARD in client.get("/admin/").content.decode()

    Site.objects.filter(pk=1).update(name="The Harbour Post")
    make_section()
    make_moderator()
    settings.CHOSEN = {"LANGUAGE_CODE", "TIME_ZONE"}

    assert states(editor) == {
        "name": "done", "sections": "done", "language": "done", "colleague": "done",
        "import": "open", "providers": "open", "article": "open",
    }  # fmt: skip
    make_article()
    assert states(editor)["article"] == "done"
    assert CARD not in client.get("/admin/").content.decode()
    page = client.get("/admin/first-steps/").content.decode()
    assert page.count('class="done"') == 5


def test_the_card_is_for_those_who_may_change_the_site(client):
    for user, is_shown in (
        (make_user(is_staff=True, is_superuser=True), True),
        (make_moderator(), False),
        (make_user(group="Authors"), False),
    ):
        client.force_login(user)
        assert (CARD in client.get("/admin/").content.decode()) is is_shown
        assert (client.get("/admin/first-steps/").status_code == 200) is is_shown
        assert (client.get("/admin/sign-in-providers/").status_code == 200) is is_shown
        if not is_shown:
            with pytest.raises(PermissionDenied):
                steps.dismiss("import", on=True, by=user)


def test_a_step_is_dismissed_and_shown_again_and_without_open_ones_the_card_goes(client):
    editor = make_editor()
    client.force_login(editor)
    form = {"step": "import", "back": "/admin/"}

    answer = client.post("/admin/first-steps/", form)
    assert (answer.status_code, answer["Location"]) == (303, "/admin/")
    assert states(editor)["import"] == "dismissed"
    client.post("/admin/first-steps/", form | {"again": "1"})
    assert states(editor)["import"] == "open"
    assert (
        client.post("/admin/first-steps/", {"step": "x", "back": "//evil.example/"})["Location"]
        == "/admin/first-steps/"
    )

    for step in steps.STEPS:
        client.post("/admin/first-steps/", {"step": step.name})
    assert CARD not in client.get("/admin/").content.decode()
    assert "Show again" in client.get("/admin/first-steps/").content.decode()


def test_on_a_site_with_own_articles_the_card_costs_one_query(django_assert_num_queries):
    editor = make_editor()
    assert editor.has_perm("articles.change_site")
    make_article()

    with django_assert_num_queries(1):
        assert steps.open_at_first(editor) == []


def test_the_callback_that_is_shown_is_the_one_that_answers(client, settings):
    rows = {row.provider.name: row for row in providers.rows()}
    for name, row in rows.items():
        known = (
            reverse("openid_connect_callback", args=["oidc"])
            if name == "oidc"
            else reverse(f"{row.provider.allauth}_callback")
        )
        assert row.callback == f"{settings.SITE_URL}{known}"
        assert row.is_on

    settings.SIGN_IN_WITH, settings.DEMONSTRATED = (rows["google"].provider, rows["x"].provider), ("x",)
    client.force_login(make_editor())
    page = client.get("/admin/sign-in-providers/").content.decode()
    said = dict(re.findall(r'id="provider-(\w+)">[^<]+<span class="state[^>]+>([^<]+)<', page))
    assert (said["google"], said["x"], said["apple"]) == ("on", "played by the demonstration", "off")
    assert "GOOGLE_CLIENT_SECRET" in page
    assert "APPLE_TEAM_ID" in page
