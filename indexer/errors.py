"""The exception tree: every failure a user can cause or fix.

    IndexerError(message, hint)
    |- SettingsError        a wrong option or environment value
    |  `- MissingPackages   an optional part is not installed
    |- NotesError           the folder is missing, unreadable or has no notes
    |  `- NoteError         one note cannot be read: path and line
    |- IndexNotFound        no index in the directory
    |- IndexOutdated        built by another format, encoder or chunking
    |- IndexDamaged         parts missing, or their row counts disagree
    |- IndexLocked          another process is building
    |- EncoderError         the model cannot be loaded
    `- QueryError           an empty or too long question

A message says what is wrong and where, in lower case and without a full stop; a hint is the command
or the edit that fixes it. Any other error is a bug and keeps its traceback.
"""

from __future__ import annotations

# The remark on a note that only has a head: nothing is wrong, so a build does not list it.
NO_TEXT = "the note has no text: it is found by its name and properties"


class IndexerError(Exception):
    """Base of all errors a user can cause or fix."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        """Store the message and the hint.

        :param message: what is wrong and where.
        :param hint: the command or edit that fixes it, None if there is none.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(IndexerError):
    """A wrong option or environment value."""


class MissingPackages(SettingsError):
    """An optional part of Notepoint is not installed."""


class NotesError(IndexerError):
    """The notes folder is missing, unreadable or has no notes."""


class NoteError(NotesError):
    """One note cannot be read."""

    def __init__(
        self, message: str, hint: str | None = None, *, path: str, line: int | None = None
    ) -> None:
        """Store the place too.

        :param message: what is wrong.
        :param hint: how to fix it.
        :param path: the note, relative to the notes folder.
        :param line: 1-based line in the note, None for the whole note.
        """
        super().__init__(message, hint)
        self.path = path
        self.line = line


class IndexNotFound(IndexerError):
    """There is no index in the directory."""


class IndexOutdated(IndexerError):
    """The index was built by another format, encoder or chunking."""


class IndexDamaged(IndexerError):
    """Parts of the index are missing or contradict each other."""


class IndexLocked(IndexerError):
    """Another process is building this index."""


class EncoderError(IndexerError):
    """The model cannot be loaded or does not fit."""


class QueryError(IndexerError):
    """The question is empty or too long."""
