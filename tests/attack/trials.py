"""What is tried, the same for a sample and for everything: `test_sample.py` and `every_list.py` say how many strings.

Each of these takes `choose`, which chooses from a list, and `limit`, the milliseconds that no answer may take.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from comments.models import Comment
from comments.text.formatting import to_html
from newsreader.kit.text import tidy
from tests.attack import bounds, files, hostile, lists, meant, surfaces, wire
from tests.attack.lists import Attack
from tests.attack.planting import Planting, approve
from tests.attack.stage import Stage, timed
from tests.attack.tally import Tally
from tests.factories import make_article
from tests.standin import STARTS, Case, StandIn, sign_in

pytestmark = pytest.mark.django_db
Choose = Callable[[Any], list[Attack]]
PLANTS = list(dict.fromkeys(surface.plant for surface in surfaces.SURFACES))


def _sound(tally: Tally, before: int, limit: float) -> None:
    new = tally.faults[before:]
    slow = [note for note in tally.slow if note[0] >= limit]
    assert not new, f"{len(new)} faults\n" + "\n".join(" | ".join(map(repr, fault)) for fault in new[:40])
    assert not slow, f"{len(slow)} slow\n" + "\n".join(map(repr, slow[:40]))


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_no_text_executes_breaks_out_or_is_lost(stage: Stage, choose: Choose, limit: float, plant: Any) -> None:
    before = len(stage.tally.faults)
    wanted = [surface for surface in surfaces.SURFACES if surface.plant is plant]

    surfaces.run(stage, choose(lists.texts()), wanted)

    _sound(stage.tally, before, limit)


@pytest.mark.ci_both
@pytest.mark.parametrize("way", hostile.WAYS)
def test_no_string_breaks_a_request_or_holds_it_up(
    open_house: None, tally: Tally, choose: Choose, limit: float, way: str
) -> None:
    before = len(tally.faults)

    hostile.run(tally, choose(lists.texts()), way)

    _sound(tally, before, limit)


def test_no_address_leads_away_from_the_site(stage: Stage, choose: Choose, limit: float) -> None:
    before = len(stage.tally.faults)

    meant.lead_away(stage, choose(lists.of("redirect", "header", "path") + lists.named("ssrf")))

    _sound(stage.tally, before, limit)


def test_a_website_leads_to_the_web(stage: Stage, choose: Choose, limit: float) -> None:
    before = len(stage.tally.faults)

    meant.websites(stage, choose(lists.of("url", "redirect") + lists.named("ssrf")))

    _sound(stage.tally, before, limit)


def test_an_address_is_taken_where_it_is_one(open_house: None, tally: Tally, choose: Choose, limit: float) -> None:
    before = len(tally.faults)

    meant.addresses(tally, choose(lists.of("email")))

    _sound(tally, before, limit)


@pytest.mark.ci_sqlite  # A picture is refused before a database sees it.
def test_a_file_is_a_picture_or_refused(
    open_house: None, tally: Tally, choose: Choose, limit: float, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    before = len(tally.faults)

    files.uploads(tally, choose(lists.of("path", "strings", "xss")))

    _sound(tally, before, limit)


def test_an_export_comes_in_or_is_refused(open_house: None, tally: Tally, limit: float) -> None:
    before = len(tally.faults)

    files.imports(tally)

    _sound(tally, before, limit)


@pytest.mark.ci_sqlite  # Rendering asks no database.
def test_a_bomb_is_refused_or_rendered_in_time(open_house: None, tally: Tally, limit: float) -> None:
    """As long as it is, and cut to what is taken: by people, and at most."""
    before, client = len(tally.faults), Client(raise_request_exception=False)
    path = f"/articles/{make_article().pk}/reply/"
    for attack in (attack for attack in lists.of("own") if "prefix_unit" in attack.row):
        for number, text in enumerate((attack.text, attack.text[:10_000], attack.text[:65_000])):
            form = {"text": text, "name": "Ada", "email": f"b{number}@example.org"}
            answer = timed(tally, "bombs", attack.list, attack.row["name"], lambda form=form: client.post(path, form))
            tally.tried("bombs", attack.list, refused=answer.status_code == 422)
            if answer.status_code >= 500:
                tally.fault("error", "bombs", attack.list, attack.row["name"])
            start = time.perf_counter()
            to_html(text[:65_000])
            tally.took("bombs", attack.list, (time.perf_counter() - start) * 1000, attack.row["name"])

    _sound(tally, before, limit)


@pytest.mark.ci_both
@pytest.mark.parametrize("excess", bounds.EXCESS, ids=lambda excess: excess.name)
def test_what_is_too_much_is_refused_clearly(
    open_house: None, tally: Tally, excess: bounds.Excess, limit: float
) -> None:
    before = len(tally.faults)

    bounds.exceed(tally, excess)

    _sound(tally, before, limit)


def test_what_is_harmless_is_stored_as_it_was_typed(open_house: None, tally: Tally, choose: Choose) -> None:
    """Emoji, odd letters, programs' words, and requests that only look like attacks; over the API, from end to end."""
    before, client = len(tally.faults), Client()
    path, surface = f"/api/v1/articles/{make_article().pk}/comments/", "harmless look-alikes"
    harmless = [attack for attack in lists.texts() if attack.harmless] + lists.of("strings", "markdown")
    for number, attack in enumerate(choose(harmless)):
        body = {"text": attack.text, "name": "Ada", "email": f"h{number}@example.org"}
        answer = client.post(path, json.dumps(body), content_type="application/json")
        tally.tried(surface, attack.list, refused=answer.status_code != 201)
        if answer.status_code == 201 and answer.json()["text"] != tidy(attack.text).strip():
            tally.fault("lost", surface, attack.list, f"stored as {answer.json()['text'][:80]!r}", attack.text)
        if answer.status_code not in {201, 422} or (answer.status_code == 422 and not _is_nothing(answer)):
            tally.fault("error", surface, attack.list, f"{answer.status_code} {answer.content[:200]!r}", attack.text)

    _sound(tally, before, float("inf"))


def _is_nothing(answer: Any) -> bool:
    return bool(answer.json()["code"] == "require_valid_comment")


@pytest.mark.ci_sqlite  # What providers say goes through the same checks whatever the database.
def test_a_provider_may_tell_anything(stage: Stage, tally: Tally, choose: Choose, standin: StandIn) -> None:
    """Names, handles, pictures and profiles, all the way from the provider to the page. Two of each list, always."""
    before, article = len(tally.faults), make_article()
    told = lists.some(lists.texts(), 2)
    planting = Planting(article, list=told[0].list)
    for number, attack in enumerate(told):
        text, client = attack.text[:3_000], Client(raise_request_exception=False)
        standin.case = Case(
            uid=str(9_000 + number), name=text, username=text, profile=text, picture=text, email=f"p{number}@id.example"
        )
        answer = sign_in(client, list(STARTS)[number % len(STARTS)])
        if answer.status_code >= 500:
            tally.fault("error", "provider", attack.list, str(answer.status_code), text)
        fields = {"text": f"From afar, {number}.", "csrfmiddlewaretoken": "x"}
        client.post(f"/articles/{article.pk}/reply/", fields)
        tally.tried("provider", attack.list)
    for comment in Comment.objects.filter(article=article):
        attack = told[int(comment.body.rstrip(".").rpartition(" ")[2])]
        planting.comments[comment.pk] = attack, comment
    approve(article)
    stage.open(article.get_absolute_url())
    boxes = {".comment-text": {"p": []}, ".comment-name": {"a": ["href", "rel"]}}
    units, page = stage.look(boxes, unit="article[id^=comment-]", text=".comment-text", name=".comment-name")
    if len(units) != len(planting.comments):
        tally.fault("broke out", "provider", planting.list, f"{len(units)} of {len(planting.comments)} comments")
    for kind, what, where in page.faults:
        tally.fault(kind, "provider", planting.list, f"{what} {where}")
    stage.note("provider", planting.list)

    _sound(tally, before, float("inf"))


@pytest.mark.ci_sqlite  # Its site brings a database of its own.
def test_no_request_on_the_wire_breaks_the_server(wire: wire.Wire, tally: Tally, choose: Choose, limit: float) -> None:
    before = len(tally.faults)

    _on_the_wire(wire, tally, choose(lists.requests()))

    _sound(tally, before, limit)


_on_the_wire = wire.requests
