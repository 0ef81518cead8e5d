"""Frames that are kept, and what is filled into them."""

import pytest

from newsreader.kit.frames import Frames


@pytest.fixture
def frames():
    return Frames(most=1_000)


def page(marks):
    return f"<h1>{marks['name']}</h1><p>{marks['text']}</p><i>{marks['name']}</i>"


def test_a_frame_is_made_once_and_filled_each_time(frames):
    made = []

    def build(marks):
        made.append(1)
        return page(marks)

    for name in ("Ada", "Grace"):
        assert frames.fill("key", {"name": name, "text": "x"}, build) == page({"name": name, "text": "x"})
    assert len(made) == 1
    frames.fill("other", {"name": "Ada", "text": "x"}, build)
    assert len(made) == 2


def test_a_value_that_looks_like_a_mark_of_other_frames_stays_as_it_is(frames):
    seen = []
    Frames(most=1_000).fill("key", {"name": ""}, lambda marks: seen.append(marks["name"]) or "")
    [other] = seen

    for _ in range(2):
        assert other in frames.fill("key", {"name": other, "text": "name"}, page)


def test_with_debug_a_changed_template_is_seen_at_once(frames, settings):
    settings.DEBUG = True
    frames.fill("key", {"name": "", "text": ""}, page)

    assert frames.fill("key", {"name": "", "text": ""}, lambda marks: "changed") == "changed"
