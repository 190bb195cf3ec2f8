"""The filters, applied to notes that are in hand already; the store has the same rules for hits."""

from __future__ import annotations

from indexer.records import NoteFilter
from indexer.store.records import NoteInfo


def passes(note: NoteInfo, where: NoteFilter) -> bool:
    """Tell whether a note passes: every field that is set must let it through.

    :param note: of the index.
    :param where: labels are compared without regard to case; a folder lets through all below it.
    """
    return (
        _shares(where.tags, note.tags)
        and _shares(where.categories, note.categories)
        and _lies_in(where.folders, note.note_id)
        and _dated(where, note.date)
    )


def _shares(wanted: tuple[str, ...], there: tuple[str, ...]) -> bool:
    folded = {one.casefold() for one in there}
    return not wanted or any(one.casefold() in folded for one in wanted)


def _lies_in(folders: tuple[str, ...], note_id: str) -> bool:
    return not folders or any(note_id.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _dated(where: NoteFilter, date: str | None) -> bool:
    if not where.since and not where.until:
        return True
    if not date:
        return False
    since = where.since.isoformat() if where.since else ""
    until = where.until.isoformat() if where.until else "9999-12-31"
    return since <= date <= until
