"""Lists put together from rows that are kept as JSON: the bytes that the renderer would have written for all of it."""

import pytest
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from newsreader.kit import kept_json

ROWS = [{"text": "a \u2028 “é” </script> \x1f"}, {"text": "", "more": [None, 1.5, True]}, 7]


@pytest.fixture(autouse=True)
def nothing_kept():
    kept_json._rows.clear()


def request(accept="application/json"):
    found = APIRequestFactory().get("/")
    found.accepted_renderer, found.accepted_media_type = JSONRenderer(), accept
    return found


def page(rows):
    return {"next": "“é”", "previous": None, "results": rows}


def kept(rows, made=None, **more):
    def make(row):
        made.append(row)
        return row

    made = [] if made is None else made
    return kept_json.answer(request(**more), page, [(str(row), lambda row=row: make(row)) for row in rows])


@pytest.mark.parametrize("count", range(len(ROWS) + 1))
def test_a_list_is_the_bytes_that_the_renderer_writes(count):
    for _ in range(2):
        answer = kept(ROWS[:count])

        assert answer.content == JSONRenderer().render(page(ROWS[:count]))
        assert answer["Content-Type"] == "application/json"


def test_a_row_is_made_once_until_its_key_or_the_site_changes(settings):
    made = []
    kept(ROWS, made)
    kept([*ROWS, 8], made)

    assert made == [*ROWS, 8]

    settings.SITE_URL = "https://elsewhere.example"
    kept(ROWS[:1], made)

    assert made[4:] == ROWS[:1]


def test_what_is_asked_for_with_indents_is_left_to_the_renderer():
    answer = kept(ROWS, accept="application/json; indent=2")

    assert answer.data == page(ROWS)


def test_the_etag_follows_every_byte_and_nothing_else():
    """Of GET alone, as that which Django makes of the bytes."""
    tags = [kept(rows)["ETag"] for rows in (ROWS, ROWS, ROWS[:2], [*ROWS, 8], ROWS[::-1], [])]

    assert tags[0] == tags[1]
    assert len(set(tags)) == 5
    kept_json._rows.clear()
    assert kept(ROWS)["ETag"] == tags[0]
