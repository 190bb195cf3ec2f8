"""The answers of the server: one function per request of the protocol."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from indexer.errors import IndexerError, QueryError
from indexer.lsp.completion import opened_link, suggest
from indexer.lsp.documents import Span, headings_of
from indexer.lsp.link_edits import Edit
from indexer.lsp.notes_server import NotesServer
from indexer.lsp.renaming import Rename, new_note_id, renamed_links
from indexer.records import Hit
from indexer.render import exact_in_line, safe
from indexer.render_markdown import plain_markdown
from indexer.service import Request

SHOW_RELATED = "notepoint.related"
_MAX_RELATED = 3
_MAX_SYMBOLS = 20
_HOVER_POINTS = 5
_SYMBOL_CHARS = 120
_MAX_LEFT = 5
_FIRST_PART = "begin with the name of one of the folders"


def _said(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler: show our errors with their hints to the user, and return None."""

    @functools.wraps(handler)
    def wrapped(server: NotesServer, *arguments: Any) -> Any:
        try:
            return handler(server, *arguments)
        except IndexerError as exc:
            server.window_log_message(
                types.LogMessageParams(type=types.MessageType.Warning, message=_in_words(exc))
            )
            return None

    return wrapped


def _in_words(exc: IndexerError) -> str:
    return safe(f"{exc.message} ({exc.hint})" if exc.hint else exc.message)


@_said
def publish(server: NotesServer, params: Any) -> None:
    """Check a draft after it was opened, changed or saved."""
    server.publish(params.text_document.uri)


@_said
def complete(server: NotesServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Return suggestions for the unfinished link."""
    place = server.place(params.text_document.uri, params.position)
    if place is None:
        return None
    note_id, lines, line, column = place
    opened = opened_link(lines[line] if line < len(lines) else "", column)
    if opened is None:
        return None
    with server.service.request() as request:
        found = suggest(request, note_id, lines, line, opened)
    where = server.range_of(note_id, Span(line, opened.start, column))
    items = [
        types.CompletionItem(
            label=one.label,
            detail=one.detail,
            kind=types.CompletionItemKind.Reference,
            sort_text=f"{number:03}",
            filter_text=opened.written or one.insert,
            text_edit=types.TextEdit(range=where, new_text=one.insert),
        )
        for number, one in enumerate(found)
    ]
    return types.CompletionList(is_incomplete=True, items=items)


@_said
def define(server: NotesServer, params: types.DefinitionParams) -> types.Location | None:
    """Return the target of the link at a place."""
    with server.service.request() as request:
        link = server.link_under(request, params.text_document.uri, params.position)
    return server.location(link.to, link.to_line or 1) if link and link.to else None


@_said
def refer(server: NotesServer, params: types.ReferenceParams) -> list[types.Location]:
    """Return the links that lead to the note at a place, or to the edited one."""
    with server.service.request() as request:
        link = server.link_under(request, params.text_document.uri, params.position)
        note_id = link.to if link else server.note_of(params.text_document.uri)
        found = request.backlinks(note_id) if note_id else []
    return [server.location_of(one) for one in found]


@_said
def hover(server: NotesServer, params: types.HoverParams) -> types.Hover | None:
    """Return the text a link leads to, or points related to the line."""
    uri = params.text_document.uri
    with server.service.request() as request:
        link = server.link_under(request, uri, params.position)
        if link and link.to:
            texts = _words_at(request, link.to, link.to_line)
        else:
            place = server.place(uri, params.position)
            texts = _related_text(request, place[0], place[2] + 1) if place and not link else []
    if not texts:
        return None
    value = "\n\n".join(texts)
    return types.Hover(types.MarkupContent(kind=types.MarkupKind.Markdown, value=value))


def _words_at(request: Request, note_id: str, line: int | None) -> list[str]:
    """Return the text a link leads to: the points from its target line on."""
    points = [stored.point for stored in request.snapshot.points_of(note_id)]
    below = [point for point in points if line is None or point.line_end >= line]
    title = request.snapshot.note(note_id).title
    return [
        f"**{plain_markdown(title)}**",
        *(_lines(point.text) for point in below[:_HOVER_POINTS]),
    ]


def _related_text(request: Request, note_id: str, line: int) -> list[str]:
    hits = request.similar(f"{note_id}:{line}", _MAX_RELATED)
    return [
        f"*{plain_markdown(hit.title)}*  {_lines(hit.text)}  `{exact_in_line(_place_of(hit))}`"
        for hit in hits
    ]


def _lines(text: str) -> str:
    return "\n".join(map(plain_markdown, text.split("\n")))


def _place_of(hit: Hit) -> str:
    return f"{hit.note_id}:{hit.line_start}"


@_said
def act(server: NotesServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return the fixes of the links in a range, whatever the client kept of our diagnostics."""
    uri, wanted, only = params.text_document.uri, params.range, params.context.only
    if only and not any(_is_kind(types.CodeActionKind.QuickFix, kind) for kind in only):
        return []
    return [
        types.CodeAction(
            title=f"Fix the link: {fix}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[one for one in params.context.diagnostics if one.range == where],
            is_preferred=True,
            edit=types.WorkspaceEdit(changes={uri: [types.TextEdit(range=where, new_text=fix)]}),
        )
        for where, _, fix in server.problems(uri)
        if fix and where.start <= wanted.end and wanted.start <= where.end
    ]


def _is_kind(kind: types.CodeActionKind, wanted: types.CodeActionKind | str) -> bool:
    name = wanted.value if isinstance(wanted, types.CodeActionKind) else wanted
    return kind.value == name or kind.value.startswith(f"{name}.")


@_said
def outline(server: NotesServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """Return the headings of a document, nested."""
    note_id = server.note_of(params.text_document.uri)
    if note_id is None:
        return []
    lines = server.lines_of(note_id)
    roots: list[types.DocumentSymbol] = []
    above: list[tuple[int, list[types.DocumentSymbol]]] = []
    for heading in headings_of(lines):
        title = server.range_of(note_id, Span(heading.line, 0, len(lines[heading.line])))
        end = types.Position(line=heading.last_line + 1, character=0)
        children: list[types.DocumentSymbol] = []
        symbol = types.DocumentSymbol(
            name=safe(heading.text),
            kind=types.SymbolKind.String,
            range=types.Range(start=title.start, end=end),
            selection_range=title,
            children=children,
        )
        above = [(level, below) for level, below in above if level < heading.level]
        (above[-1][1] if above else roots).append(symbol)
        above.append((heading.level, children))
    return roots


@_said
def ask(server: NotesServer, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
    """Answer a question: the points of the notes, as symbols."""
    if not params.query.strip():
        return []
    with server.service.request() as request:
        answer = request.ask(params.query, _MAX_SYMBOLS, points=True)
    return [
        types.WorkspaceSymbol(
            name=safe(hit.text)[:_SYMBOL_CHARS],
            kind=types.SymbolKind.String,
            container_name=safe(" > ".join(dict.fromkeys((hit.title, *hit.heading_path)))),
            location=server.location(hit.note_id, hit.line_start, hit.line_end),
        )
        for hit in answer.hits
    ]


@_said
def lenses(server: NotesServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Return a lens for each section; its text is computed when it is shown."""
    note_id = server.note_of(params.text_document.uri)
    if note_id is None:
        return []
    lines = server.lines_of(note_id)
    return [
        types.CodeLens(
            range=server.range_of(note_id, Span(heading.line, 0, len(lines[heading.line]))),
            data={"note": note_id, "line": heading.line + 2, "last": heading.last_line + 1},
        )
        for heading in headings_of(lines)
    ]


@_said
def fill_lens(server: NotesServer, lens: types.CodeLens) -> types.CodeLens:
    """Return a lens with the number of points related to its section."""
    hits: Sequence[Hit] = ()
    note_id, line, last = _section_of(lens.data)
    with server.service.request() as request:
        stored = request.snapshot.points_of(note_id)
        first = next((s for s in stored if s.point.line_start >= line), None)
        if first is not None and first.point.line_start <= last:
            hits = request.similar(f"{note_id}:{first.point.line_start}", _MAX_RELATED)
    count = (
        f"{len(hits)} related point{'' if len(hits) == 1 else 's'}" if hits else "nothing related"
    )
    places = [_place_of(hit) for hit in hits]
    lens.command = types.Command(title=count, command=SHOW_RELATED, arguments=places)
    return lens


def _section_of(data: Any) -> tuple[str, int, int]:
    """Return note and lines of a section, as ``lenses`` wrote them; empty if it was not us."""
    given = data if isinstance(data, dict) else {}
    note_id, line, last = given.get("note"), given.get("line"), given.get("last")
    if isinstance(note_id, str) and isinstance(line, int) and isinstance(last, int):
        return note_id, line, last
    return "", 1, 0


@_said
def show_related(server: NotesServer, *places: Any) -> list[types.Location]:
    """Return the locations of related points, and open the first."""
    found = []
    for place in places:
        note_id, _, line = str(place).rpartition(":")
        outside = server.note_of(server.uri_of(note_id)) is None
        if outside or not line.isdecimal():
            raise QueryError(f"{str(place)[:80]} is no place", "give note:line")
        found.append(server.location(note_id, int(line)))
    if found:
        server.window_show_document(
            types.ShowDocumentParams(uri=found[0].uri, take_focus=True, selection=found[0].range)
        )
    return found


@_said
def prepare_rename(
    server: NotesServer, params: types.PrepareRenameParams
) -> types.PrepareRenamePlaceholder | None:
    """Return the name of the note to rename: the linked one, or the edited one."""
    with server.service.request() as request:
        link = server.link_under(request, params.text_document.uri, params.position)
    place = server.place(params.text_document.uri, params.position)
    note_id = link.to if link and link.to else place[0] if place else None
    if place is None or note_id is None:
        return None
    name = note_id.rpartition("/")[2].rpartition(".")[0]
    where = server.range_of(place[0], Span(place[2], place[3], place[3]))
    return types.PrepareRenamePlaceholder(range=where, placeholder=name)


def rename(server: NotesServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """Return the edit that renames a note and every link that leads to it."""
    try:
        with server.service.request() as request:
            link = server.link_under(request, params.text_document.uri, params.position)
            old = link.to if link and link.to else server.note_of(params.text_document.uri)
            if old is None:
                return None
            move = _move(server, request, old, new_note_id(old, params.new_name))
            if server.note_of(server.uri_of(move.new)) is None:
                raise IndexerError(f"{move.new} is in none of the notes folders", _FIRST_PART)
            if _is_taken(server.path_of(old), server.path_of(move.new)):
                raise IndexerError(f"{move.new} is taken", "choose another name")
            changes = _link_changes(server, request, move)
    except IndexerError as exc:
        raise JsonRpcException(_in_words(exc), code=types.LSPErrorCodes.RequestFailed) from exc
    if not server.renames_files:
        server.show(f"This editor cannot rename a file: rename {move.old} to {move.new} yourself")
        return types.WorkspaceEdit(document_changes=changes)
    renamed = types.RenameFile(old_uri=server.uri_of(old), new_uri=server.uri_of(move.new))
    return types.WorkspaceEdit(document_changes=[*changes, renamed])


@_said
def follow_rename(
    server: NotesServer, params: types.RenameFilesParams
) -> types.WorkspaceEdit | None:
    """Return the edit of the links to files that the editor is about to rename."""
    changes: list[types.TextDocumentEdit] = []
    with server.service.request() as request:
        for file in params.files:
            old, new = server.note_of(file.old_uri), server.note_of(file.new_uri)
            if old is not None and new is not None:
                changes += _link_changes(server, request, _move(server, request, old, new))
    return types.WorkspaceEdit(document_changes=changes) if changes else None


def _move(server: NotesServer, request: Request, old: str, new: str) -> Rename:
    notes = request.snapshot.notes()
    stems = (note.note_id.rpartition("/")[2].rpartition(".")[0] for note in notes)
    others = (stem for stem, note in zip(stems, notes, strict=True) if note.note_id != old)
    known = next((note for note in notes if note.note_id == old), None)
    names = {known.title, *known.aliases} if known else set()
    return Rename(
        old=old,
        new=new,
        names=frozenset(name.casefold() for name in names),
        others=frozenset(stem.casefold() for stem in others),
    )


def _is_taken(old: Path, new: Path) -> bool:
    """Return whether a file is there; the same one under a name in other case is not."""
    return new.exists() and not (old.exists() and new.samefile(old))


def _link_changes(
    server: NotesServer, request: Request, move: Rename
) -> list[types.TextDocumentEdit]:
    """Return the changes of the links in saved notes and drafts."""
    drafts = server.open_texts()
    backlinks = request.backlinks(move.old)
    holders = {link.note_id for link in backlinks} | {move.old, *drafts}
    texts = {note_id: server.lines_of(note_id) for note_id in sorted(holders)}
    unread = [f"{link.note_id}:{link.line}" for link in backlinks if not texts[link.note_id]]
    links = [
        link
        for note_id, lines in texts.items()
        for link in request.read_draft(note_id, "\n".join(lines), drafts).links
    ]
    found = renamed_links(move, links, texts, server.has_file)
    if left := [*found.left, *unread]:
        shown = ", ".join(left[:_MAX_LEFT])
        server.show(f"change the other links to {move.old} by hand ({len(left)}): {shown}")
    return _changes(server, found.edits)


def _changes(server: NotesServer, edits: Sequence[Edit]) -> list[types.TextDocumentEdit]:
    by_note: dict[str, list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit]] = {}
    for edit in edits:
        change = types.TextEdit(range=server.range_of(edit.note_id, edit.span), new_text=edit.text)
        by_note.setdefault(edit.note_id, []).append(change)
    return [
        types.TextDocumentEdit(
            text_document=types.OptionalVersionedTextDocumentIdentifier(uri=server.uri_of(note_id)),
            edits=changes,
        )
        for note_id, changes in by_note.items()
    ]
