"""Which line ends within a paragraph were meant, and which only wrap its prose."""

from __future__ import annotations

import itertools

from indexer.records import Row

# Prose is wrapped at a width; shorter rows than this were broken on purpose.
_MIN_WRAP_WIDTH = 60
# Fewer lines than this read as one point, however they were broken.
_MIN_LIST_ROWS = 4


def was_broken(before: Row, row: Row, breaks: dict[int, bool]) -> bool:
    """Return whether the line end between two rows was meant, by these two rows alone.

    :param before: the row that ends.
    :param row: the row that begins.
    :param breaks: what the source shows of line ends, as ``InlineText`` has it.
    """
    ended = before.text[-1] in ".?!:" or row.text[-1] == ":" or len(before.text) < _MIN_WRAP_WIDTH
    return not _goes_on(before, row, breaks) and (ended or before.line in breaks)


def cut_runs(rows: list[Row], breaks: dict[int, bool]) -> list[list[Row]]:
    """Cut a list without bullets into its lines, and a lead-in off the end of other paragraphs.

    Prose is wrapped where the next word would not fit. When no row goes on with the one above, and
    at least half of the rows had room for that word, every line was broken on purpose.

    :param rows: of one paragraph, none of them empty.
    :param breaks: what the source shows of line ends, as ``InlineText`` has it.
    :return: the rows, in one run or more.
    """
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
    """Return whether a row goes on with the sentence above, by what stands at the line end."""
    meant = breaks.get(before.line)
    if meant is not None:
        return not meant
    return row.text[0].islower() or row.text[0] in ",;.)" or before.text[-1] in ",;(-\u2013"
