"""Words as they are indexed and looked for: the same, whatever the script."""

from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit.search_words import indexed, sought, special
from newsreader.kit.text import fold

LETTERS = ["選", "挙", "が", "は", "カ", "ﾃ", "𠮷", "선", "거", "ต", "ตั้", "ปี", "ປື", "ပွဲ", "ឆ្"]


def holds(tokens: list[str], wanted: list[str], *, goes_on: bool) -> bool:
    """Say whether these tokens stand next to each other, the last perhaps as a beginning: as databases find a phrase."""
    *whole, last = wanted
    rows = (tokens[at : at + len(wanted)] for at in range(len(tokens) - len(wanted) + 1))
    return any(row[:-1] == whole and (row[-1] == last or (goes_on and row[-1].startswith(last))) for row in rows)


@given(letters=st.lists(st.sampled_from([*LETTERS, "、", "a", "7", " "]), min_size=1, max_size=12), data=st.data())
def test_any_part_of_a_run_is_found_in_it(letters, data):
    first = data.draw(st.integers(0, len(letters) - 1))
    last = data.draw(st.integers(first + 1, len(letters)))
    part = letters[first:last]
    wanted = sought("".join(part)) if set(part) <= set(LETTERS) else None

    if wanted:
        assert holds(indexed("".join(letters)).split(), list(wanted.tokens), goes_on=wanted.goes_on)


@given(letters=st.lists(st.sampled_from(LETTERS), min_size=2, max_size=8))
def test_what_is_not_in_a_run_is_not_found(letters):
    tokens = indexed("".join(letters)).split()
    for wanted in (sought(first + second) for first in LETTERS[:4] for second in LETTERS[:4]):
        found = holds(tokens, list(wanted.tokens), goes_on=wanted.goes_on)
        assert found == ("".join(wanted.words) in "".join(letters))


@given(text=st.text(max_size=100))
def test_what_is_indexed_is_split_by_databases_no_further(text):
    """Nothing but letters and digits is between blanks."""
    assert all(token.isalnum() for token in special(text).split())
    wanted = sought(text)
    assert wanted is None or all(token.isalnum() for token in wanted.tokens)


@given(text=st.text(st.characters(max_codepoint=0x8FF), max_size=100))
def test_scripts_with_blanks_are_folded_as_everywhere(text):
    assert indexed(text) == fold(text) or special(text)
    assert special("Café, Ελλάδα, Привет, שָׁלוֹם") == ""


def test_scripts_without_blanks_are_split_into_pairs():
    assert indexed("選挙がiPhone").split() == ["選挙", "挙が", "が", "iphone"]
    assert special("The 選挙 of 2026, हिन्दी") == "選挙 挙 ह2367न2381द2368"
    assert sought("選") == (("選",), ("選",), True)
    assert sought("選挙が") == (("選挙が",), ("選挙", "挙が"), False)
    assert sought("!") is None
