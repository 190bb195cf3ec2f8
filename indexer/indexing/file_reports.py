"""Reports of a build on files and folders that it did not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from indexer.gathered import folders_of
from indexer.notes.folder import NotesFolder
from indexer.notes.formats import looks_like_note
from indexer.records import FileReport, NoteWarning, Outcome


def unread(files: Sequence[str]) -> list[FileReport]:
    """Return one report that counts the files that look like notes but are not read."""
    found = [path for path in files if looks_like_note(path)]
    if not found:
        return []
    suffixes = ", ".join(sorted({PurePosixPath(path).suffix.lower() for path in found}))
    count = "1 file looks" if len(found) == 1 else f"{len(found):,} files look"
    warning = NoteWarning(
        f"{count} like notes and are not read ({suffixes})"
        if len(found) > 1
        else f"{count} like a note and is not read ({suffixes})",
        hint="export them as Markdown, or list them in .notepointignore",
    )
    return [FileReport(found[0], Outcome.IGNORED, (warning,))]


def not_there(folder: NotesFolder, names: Sequence[str]) -> list[FileReport]:
    """Return a report for each missing notes folder."""
    paths = folders_of(folder.root) if names else {}
    hint = "connect the disk it is on, or leave it out of --notes"
    return [
        FileReport(
            name,
            Outcome.SKIPPED,
            (
                NoteWarning(
                    f"the notes folder {paths[name]} is not there; "
                    "what is known of its notes stays",
                    hint=hint,
                ),
            ),
        )
        for name in names
    ]
