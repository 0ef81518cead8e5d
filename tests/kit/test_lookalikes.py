"""Texts that look alike have one key."""

import json
import subprocess
import sys
import time
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.lookalikes import skeleton
from newsreader.settings import BASE_DIR

anything = st.text(alphabet=st.characters(), max_size=200)


@given(anything)
def test_the_key_of_a_key_is_itself(text):
    assert skeleton(skeleton(text)) == skeleton(text)


@pytest.mark.slow
def test_every_character_has_a_key_that_stays():
    """Where Unicode has characters: beyond these lie planes that are empty or private."""
    codes = [*range(0x34000), *range(0xE0000, 0xE01F0)]
    assert [hex(code) for code in codes if skeleton(skeleton(chr(code))) != skeleton(chr(code))] == []


@pytest.mark.parametrize(
    "imitation",
    [
        "EDITOR",
        "Еditor",  # Cyrillic
        "еdіtоr",
        "Εditor",  # Greek
        "Ꭼditor",  # Cherokee
        "Ed1tor",
        "Edltor",
        "EdItor",
        "Ed|tor",
        "Edit0r",
        "ＥＤＩＴＯＲ",
        "𝓔𝓭𝓲𝓽𝓸𝓻",
        "ᴇᴅɪᴛᴏʀ",
        "ⓔⓓⓘⓣⓞⓡ",
        "🅔🅓🅘🅣🅞🅡",
        "🅴🅳🅸🆃🅾🆁",
        "Éditör",
        "E̶d̶i̶t̶o̶r̶",
        "E\u200bdi\u2060tor",
        "Editor\u202e",
        "E d i t o r",
        "e.d-i_t·o\u00a0r",
        "★ Editor ✓",
        "Editor®",
        "Ed׀tor",
        "Edit\u0585r",  # Armenian
    ],
)
def test_an_imitation_has_the_key_of_the_word(imitation):
    assert skeleton(imitation) == skeleton("Editor") != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("moderator", "rnoderator"), ("webmaster", "vvebmaster"), ("staff", "5taff"), ("ѕtаff", "ՏTAFF"), ("ø", "o")],
)
def test_two_letters_or_a_number_may_look_like_one_letter(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Meyer", "Anne Meier"),
        ("Ian", "Jan"),
        ("Nora", "Vora"),
        ("Núria", "Maria"),
        ("Иван", "Јван"),
        ("Νίκος", "Νίκη"),
        ("Guðrún", "Gurún"),
        ("ליאור", "לאור"),
        ("राम", "रोम"),  # One vowel sign apart.
        ("李明", "李朋"),
        ("محمد", "أحمد"),
    ],
)
def test_names_that_a_reader_tells_apart_have_different_keys(one, other):
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "…!?", "🙂", "\u0301", "\ud800"])
def test_what_has_no_letter_or_number_has_an_empty_key(text):
    assert skeleton(text) == ""


_known = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
_twins = {
    letter: [twin["c"] for twin in _known[letter] if len(twin["c"].strip("\u200e")) == 1]
    for letter in "abcdefghijklnopqrstuvxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if letter in _known
}


@given(st.data(), st.text(alphabet="".join(_twins) + " -", min_size=1, max_size=30))
def test_a_name_with_letters_swapped_for_their_twins_keeps_its_key(data, name):
    swapped = "".join(data.draw(st.sampled_from([letter, *_twins.get(letter, [])])) for letter in name)

    assert skeleton(swapped) == skeleton(name)


@pytest.mark.parametrize("piece", ["x", "Еd1tor ", "a\u0301", "rn", "漢 "])
def test_eight_times_the_characters_take_no_more_than_some_eight_times_as_long(piece):
    short, long = (piece * (size // len(piece)) for size in (8_000, 64_000))
    skeleton("")  # The table is there.

    def spent(text: str) -> float:
        start = time.process_time()
        skeleton(text)
        return time.process_time() - start

    # Quadratic work would take 64 times as long.
    assert min(spent(long) for _ in range(5)) < 24 * min(spent(short) for _ in range(5))


def test_starting_reads_no_table():
    program = "from newsreader.kit import lookalikes; print(lookalikes._table.cache_info().currsize)"

    told = subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "0"
