"""Estimate the number of tokens in a text without a model."""

from __future__ import annotations

import re

_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_LETTERS_A_TOKEN = 7  # in ASCII words; longer words are cut
_DIGITS_A_TOKEN = 3
_OTHER_LETTERS_A_TOKEN = 4  # in words of other alphabets
_FIRST_IDEOGRAPH = 0x2E80  # from here on nearly every character is one token


def estimate_tokens(text: str) -> int:
    """Return an estimate of the number of tokens in a text.

    Over the sample notes and four public collections (320,000 tokens) the sum is within 2 % of the
    count of MiniLM's tokenizer; one line in twenty is above 1.25 or below .84 of it. Large language
    models count slightly fewer (about four bytes per token in English).

    :param text: any text.
    """
    return sum(_tokens_of_part(found.group()) for found in _PARTS.finditer(text))


def _tokens_of_part(part: str) -> int:
    if part.isascii():
        size = _LETTERS_A_TOKEN if part.isalpha() else _DIGITS_A_TOKEN
        return -(-len(part) // size)
    if ord(part[0]) >= _FIRST_IDEOGRAPH:
        return len(part)
    return -(-len(part) // _OTHER_LETTERS_A_TOKEN)
