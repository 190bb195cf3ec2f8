"""The server for agents: over stdio for one client, over HTTP for many."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from indexer.errors import IndexerError
from indexer.loopback import LOOPBACK, Guard, end_with_parent, listen, serve
from indexer.mcp.tools import TOOLS, call
from indexer.mcp.unread import Checked, Lines, own_input, refuse_unread
from indexer.render import safe
from indexer.service import Service

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

_PATH = "/mcp"
_THREADS = 8
_MAX_BODY_BYTES = 256 << 10
_MAX_FOLDERS = 12
_SAMPLED_POINTS = 200

_GUIDE = (
    "Notepoint searches the user's own notes on this machine; it never writes. `ask` first; `read` "
    "takes the note:lines it gives; `similar` finds related passages. Quote words as they are, "
    "with their note:line. If nothing is answered say so instead of guessing."
)


class NotesServer(Server[dict[str, Any]]):
    """An MCP server over the notes; its instructions describe the current state of the index."""

    def __init__(self, service: Service, version: str) -> None:
        """Store the service; read nothing yet.

        :param service: gives access to the notes.
        :param version: of this program.
        """
        self._service = service
        self._threads = anyio.CapacityLimiter(_THREADS)
        super().__init__(
            "notepoint",
            version=version,
            title="Notepoint",
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    @property
    def instructions(self) -> str:
        """How to use the tools, and the state of the index."""
        return f"{_GUIDE}\n{state_of(self._service)}"

    @instructions.setter
    def instructions(self, value: str | None) -> None:
        """Ignore the value that the library sets, since the state of the index changes."""

    async def _list_tools(
        self,
        context: ServerRequestContext[dict[str, Any]],
        params: types.PaginatedRequestParams | None,
    ) -> types.ListToolsResult:
        hints = types.ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        )
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.description,
                    input_schema=tool.takes,
                    output_schema=tool.gives,
                    annotations=hints,
                )
                for tool in TOOLS.values()
            ]
        )

    async def _call_tool(
        self, context: ServerRequestContext[dict[str, Any]], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        run = functools.partial(call, self._service, params.name, params.arguments or {})
        try:
            reply = await anyio.to_thread.run_sync(run, limiter=self._threads)
        except IndexerError as exc:
            hint = f"\nhint: {exc.hint}" if exc.hint else ""
            text = types.TextContent(text=safe(f"error: {exc.message}{hint}"))
            return types.CallToolResult(content=[text], is_error=True)
        return types.CallToolResult(
            content=[types.TextContent(text=reply.text)],
            structured_content=_visible(reply.values),
            _meta=reply.meta,
        )


def _visible(value: Any) -> Any:
    """Return JSON values with hidden characters escaped: an agent would read what nobody sees."""
    if isinstance(value, str):
        return "\t".join(map(safe, value.split("\t")))
    if isinstance(value, Mapping):
        return {key: _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, (list, tuple)) else value


def state_of(service: Service) -> str:
    """Return the state of the index in a few lines: notes, folders, languages, stale or not.

    :param service: gives access to the index.
    """
    from indexer.text.languages import languages_of

    try:
        with service.request() as request:
            header, labels = request.snapshot.header(), request.labels()
            languages = languages_of(request.snapshot.sample_texts(_SAMPLED_POINTS))
            stale = request.snapshot.is_stale()
    except IndexerError as exc:
        hint = f": {exc.hint}" if exc.hint else ""
        return safe(f"Nothing can be searched now: {exc.message}{hint}.")
    folders = [safe(folder) for folder in labels.folders[:_MAX_FOLDERS]]
    more = len(labels.folders) - len(folders)
    lines = [
        f"Index: {header.notes:,} notes, {header.points:,} points, generation {header.generation}",
        f"languages: {', '.join(languages)}" if languages else "",
        f"folders: {', '.join(folders)}{f' and {more} more' if more > 0 else ''}"
        if folders
        else "",
        "notes changed since the last build" if stale else "up to date",
    ]
    return "; ".join(line for line in lines if line) + "."


def run_stdio(service: Service, version: str) -> None:
    """Serve one client over stdin and stdout, until it closes them or exits.

    :param service: gives access to the notes; this function starts it.
    :param version: of this program.
    """
    end_with_parent()
    server = NotesServer(service, version)

    async def main() -> None:
        lines: Any = Lines(anyio.wrap_file(own_input()))
        options = server.create_initialization_options()
        async with stdio_server(lines) as (incoming, outgoing), anyio.create_task_group() as group:
            accepting, accepted = anyio.create_memory_object_stream[SessionMessage | Exception](0)
            group.start_soon(refuse_unread, incoming, accepting, outgoing)
            await server.run(accepted, outgoing, options)
            group.cancel_scope.cancel()

    service.start()
    anyio.run(main)


def run_http(service: Service, version: str, *, port: int, token: str) -> None:
    """Serve many clients over HTTP on the loopback address, until stopped.

    :param service: gives access to the notes; this function starts it.
    :param version: of this program.
    :param port: 0 for any free port.
    :param token: the token that requests must have; empty for none.
    """
    listening = listen(LOOPBACK, port, token)
    service.start()
    serve(make_app(service, version, token), listening, _PATH)


def make_app(service: Service, version: str, token: str = "") -> Guard:
    """Return the HTTP application, guarded.

    :param service: gives access to the notes.
    :param version: of this program.
    :param token: the token that requests must have; empty for none.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    # The guard checks Host, Origin and token; the library's own check does not know the token.
    own = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = NotesServer(service, version).streamable_http_app(
        streamable_http_path=_PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=_MAX_BODY_BYTES,
        transport_security=own,
    )
    return Guard(Checked(app, _MAX_BODY_BYTES), token)
