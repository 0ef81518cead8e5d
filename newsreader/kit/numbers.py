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
