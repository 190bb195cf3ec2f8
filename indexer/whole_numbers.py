"""Numbers as users and addresses write them."""

from __future__ import annotations

# Python itself refuses to read numbers of more than 4,300 digits, with an error.
_MAX_DIGITS = 18


def whole_number(text: str) -> int | None:
    """Return the number that a text of digits is; None for any other text, or one too long.

    :param text: as written.
    """
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None
