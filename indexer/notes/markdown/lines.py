"""Decide which line ends in a paragraph are intended, and which only wrap its prose."""

from __future__ import annotations

import itertools
import re

from indexer.records import Row

# Prose is wrapped at a width; rows shorter than this were broken on purpose.
_MIN_WRAP_WIDTH = 60
# Fewer lines than this are one point in any case.
_MIN_LIST_ROWS = 4

_STAMP = re.compile(
    r"\[?(?:\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{1,2}:\d{2})(?!\d).{3}"
)


def was_broken(before: Row, row: Row, breaks: dict[int, bool]) -> bool:
    """Return whether the line end between two rows is intended, judged by these rows only.

    :param before: the row that ends.
    :param row: the row that begins.
    :param breaks: known line ends, from ``InlineText``.
    """
    ended = before.text[-1] in ".?!:" or row.text[-1] == ":" or len(before.text) < _MIN_WRAP_WIDTH
    return not _goes_on(before, row, breaks) and (ended or before.line in breaks)


def cut_runs(rows: list[Row], breaks: dict[int, bool]) -> list[list[Row]]:
    """Split a list without bullets into lines, and a lead-in from the end of other paragraphs.

    Lines of a log or a chat, which begin with a date or a time, are apart in any case.

    Prose is wrapped if the next word does not fit. If no row continues the one above, and at least
    half of the rows had space for the next word, every line was broken on purpose.

    :param rows: non-empty rows of one paragraph.
    :param breaks: known line ends, from ``InlineText``.
    :return: the rows in one or more runs.
    """
    if len(rows) > 1 and all(_STAMP.match(row.text) for row in rows):
        return [[row] for row in rows]
    pairs = list(itertools.pairwise(rows))
    if len(rows) >= _MIN_LIST_ROWS and not any(
        _goes_on(before, row, breaks) for before, row in pairs
    ):
        width = max(len(row.text) for row in rows)
        roomy = sum(_had_room(before, row, width) or before.line in breaks for before, row in pairs)
        if 2 * roomy >= len(pairs):
            return [[row] for row in rows]
    if pairs and rows[-1].text.endswith(":") and was_broken(*pairs[-1], breaks):
        return [rows[:-1], rows[-1:]]
    return [rows]


def _had_room(before: Row, row: Row, width: int) -> bool:
    return len(before.text) + 1 + len(row.text.split(maxsplit=1)[0]) < 0.85 * width


def _goes_on(before: Row, row: Row, breaks: dict[int, bool]) -> bool:
    """Return whether a row continues the sentence above, judged by the text at the line end."""
    meant = breaks.get(before.line)
    if meant is not None:
        return not meant
    return row.text[0].islower() or row.text[0] in ",;.)" or before.text[-1] in ",;(-\u2013"
