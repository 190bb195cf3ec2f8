"""Read whole numbers from user input and addresses."""

from __future__ import annotations

# Python raises an error for numbers of more than 4,300 digits.
_MAX_DIGITS = 18


def whole_number(text: str) -> int | None:
    """Return the number in a text of digits; None for any other text, or one too long.

    :param text: as the user wrote it.
    """
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None
