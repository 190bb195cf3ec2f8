"""A language server over the notes of one service: documents, places and links."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from indexer.errors import IndexerError
from indexer.lsp.documents import Span, link_at, path_of, uri_of
from indexer.lsp.link_edits import link_of, problems_of, span_of
from indexer.lsp.protocol import Protocol
from indexer.records import Link
from indexer.render import safe
from indexer.service import Request, Service

_SOURCE = "notepoint"
_POLL_S = 1.0


class NotesServer(LanguageServer):
    """A language server over the notes of one service."""

    protocol: Protocol

    def __init__(self, service: Service, version: str) -> None:
        """Store the service.

        :param service: answers; the caller starts and closes it.
        :param version: of Notepoint, for the client.
        """
        super().__init__("notepoint", version, protocol_cls=Protocol)
        self.service = service
        self._stop = threading.Event()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Answer a body that is not JSON; the library shows and logs errors.

        :param error: of a message or a handler.
        :param source: the kind of it.
        """
        self.protocol.refuse_unread(error)
        super().report_server_error(error, source)

    def path_of(self, note_id: str) -> Path:
        """Return the path of a note."""
        return self.service.notebook.folder.path_of(note_id)

    def has_file(self, path: str) -> bool:
        """Return whether the notes folder has a file with a path relative to it."""
        return self.service.notebook.folder.has_file(path)

    def uri_of(self, note_id: str) -> str:
        """Return the URI of a note."""
        return uri_of(self.path_of(note_id))

    def note_of(self, uri: str) -> str | None:
        """Return the note of a document, None if it is outside the notes."""
        path = path_of(uri)
        return self.service.notebook.folder.note_at(path) if path else None

    @property
    def renames_files(self) -> bool:
        """Whether the client can rename a file as part of an edit; True if it says nothing."""
        workspace = self.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace else None
        if edits is None:
            return True
        return types.ResourceOperationKind.Rename in (edits.resource_operations or ())

    def show(self, message: str) -> None:
        """Show a message to the user."""
        self.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Warning, message=safe(message))
        )

    def document(self, uri: str) -> TextDocument:
        """Return an open document, or one read from its file."""
        return self.workspace.get_text_document(uri)

    def lines_of(self, note_id: str) -> list[str]:
        """Return the lines of a note in the editor, or of its file if it is not open."""
        document = self.document(self.uri_of(note_id))
        try:
            return [line.rstrip("\r\n") for line in document.lines]
        except (OSError, UnicodeDecodeError):
            return []  # a deleted or unreadable file

    def open_texts(self) -> dict[str, str]:
        """Return the drafts in the editor, by note."""
        named = (
            (self.note_of(uri), document) for uri, document in self.workspace.text_documents.items()
        )
        return {note: _plain(document.source) for note, document in named if note}

    def range_of(self, note_id: str, span: Span) -> types.Range:
        """Return a span of a note in the units of the client."""
        document = self.document(self.uri_of(note_id))
        found: types.Range = document.position_codec.range_to_client_units(
            document.lines,
            types.Range(
                start=types.Position(line=span.line, character=span.start),
                end=types.Position(line=span.line, character=span.end),
            ),
        )
        return found

    def place(self, uri: str, position: types.Position) -> tuple[str, list[str], int, int] | None:
        """Return note, lines, line and column of a position, None outside the notes."""
        note_id = self.note_of(uri)
        if note_id is None:
            return None
        document = self.document(uri)
        at = document.position_codec.position_from_client_units(document.lines, position)
        return note_id, [line.rstrip("\r\n") for line in document.lines], at.line, at.character

    def link_under(self, request: Request, uri: str, position: types.Position) -> Link | None:
        """Return the link at a position, resolved now, None if there is none."""
        place = self.place(uri, position)
        written = link_at(place[1], place[2], place[3]) if place else None
        if place is None or written is None:
            return None
        note_id, lines, *_ = place
        draft = request.read_draft(note_id, "\n".join(lines), self.open_texts())
        return link_of(written, draft.links)

    def location(self, note_id: str, line: int, last: int | None = None) -> types.Location:
        """Return lines of a note, counted from 1, as a location."""
        start, end = max(0, line - 1), (last or line)
        return types.Location(
            uri=self.uri_of(note_id),
            range=types.Range(
                start=types.Position(line=start, character=0),
                end=types.Position(line=end, character=0),
            ),
        )

    def location_of(self, link: Link) -> types.Location:
        """Return where a link is written; its line if an edit has moved it."""
        lines = self.lines_of(link.note_id)
        if link.line > len(lines):
            return self.location(link.note_id, link.line)
        where = self.range_of(link.note_id, span_of(lines, link))
        return types.Location(uri=self.uri_of(link.note_id), range=where)

    def problems(self, uri: str) -> list[tuple[types.Range, str, str | None]]:
        """Return range, message and fix of the links in a draft that need attention."""
        note_id = self.note_of(uri)
        if note_id is None:
            return []
        lines = self.lines_of(note_id)
        with self.service.request() as request:
            draft = request.read_draft(note_id, "\n".join(lines), self.open_texts())
        return [
            (self.range_of(note_id, problem.span), safe(problem.message), problem.fix)
            for problem in problems_of(lines, draft.links)
        ]

    def publish(self, uri: str) -> None:
        """Send the problems of the links in a draft."""
        if self.note_of(uri) is None:
            return
        diagnostics = [
            types.Diagnostic(
                range=where,
                message=message,
                severity=types.DiagnosticSeverity.Warning,
                source=_SOURCE,
            )
            for where, message, _ in self.problems(uri)
        ]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics)
        )

    def follow_index(self) -> None:
        """Check the open drafts again after each change of the index, until the server stops."""
        generation = None
        while not self._stop.wait(_POLL_S):
            try:
                with self.service.request() as request:
                    now = request.generation
                if generation not in (None, now):
                    for uri in list(self.workspace.text_documents):
                        self.publish(uri)
                generation = now
            except (IndexerError, RuntimeError):  # no index yet, or the client is closing
                continue

    def stop(self) -> None:
        """End the thread that follows the index."""
        self._stop.set()


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
