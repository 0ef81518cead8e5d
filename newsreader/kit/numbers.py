"""Numbers of rows, as addresses, forms and programs send them."""

LARGEST_ID = 2**63 - 1  # what a column of ids holds


def read_id(text: str) -> int | None:
    """Return the id that this text is: plain digits, and no more than a column holds; None where it is none.

    0 is the id of no row, and read all the same.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def ids_in(texts: list[str]) -> set[int]:
    """Return the numbers among these texts that could be a row's."""
    return {number for text in texts if (number := read_id(text)) is not None}
