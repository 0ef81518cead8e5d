"""What a process keeps in memory."""

from newsreader.kit.kept import Kept


def test_it_is_limited_and_what_was_not_used_for_longest_goes_first():
    kept = Kept(most=12)
    for name in "abc":
        kept.put(name, name.upper(), 4)
    kept.get("a")
    kept.put("c", "see", 6)

    assert [kept.get(name) for name in "abc"] == ["A", None, "see"]


def test_what_is_larger_than_the_limit_is_not_kept():
    kept = Kept(most=12)
    kept.put("a", "A", 13)

    assert kept.get("a") is None


def test_it_can_be_emptied():
    kept = Kept(most=12)
    kept.put("a", "A", 12)
    kept.clear()
    kept.put("b", "B", 12)

    assert [kept.get("a"), kept.get("b")] == [None, "B"]
