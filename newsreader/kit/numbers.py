"""Ids of rows, as addresses, forms and API clients send them."""

LARGEST_ID = 2**63 - 1  # the largest in a column of ids


def read_id(text: str) -> int | None:
    """Return the id that this text holds: digits only, and not too large for a column; else None.

    0 is accepted, although no row has this id.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def ids_in(texts: list[str]) -> set[int]:
    """Return the ids among these texts; skip the others."""
    return {number for text in texts if (number := read_id(text)) is not None}
