"""The HTTP service: questions and notes as JSON, and a stream of events.

Every path only reads. The ETag of an answer is the generation of the index. There is no ETag if
notes changed since the last build; a change is noticed within about a second.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from indexer.compact import compact, compact_json, note_json, points_for, similar_json
from indexer.errors import IndexerError, NotesError, QueryError
from indexer.http.openapi import describe
from indexer.http.parameters import ASK, LINKS, NOTE, SIMILAR, Kind, filter_of, read_parameters
from indexer.loopback import Guard, listen, serve
from indexer.records import Mode
from indexer.render import answer_json, hit_json, safe, status_json, to_json
from indexer.render_reports import links_json
from indexer.service import Request, Service

DEFAULT_K = 10
COMPACT_K = 5
_THREADS = 8
_TIME_LIMIT_S = 30.0
_MAX_ADDRESS_CHARS = 40_000
_MAX_STREAMS = 32
_LINES = re.compile(r"[0-9]{1,9}(?:-[0-9]{0,9})?")
_LOOK_S = 1.0
_BEAT_LOOKS = (
    15  # after this number of checks without an event, send a comment, which keeps proxies open
)

Given = dict[str, Any]
Answering = Callable[[Request, Given], Any]


class _NoteId(Convertor[str]):
    """The rest of a path; unlike that of starlette it may hold line ends, as file names may."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("note", _NoteId())


class _Json(JSONResponse):
    """JSON as the terminal prints it: ASCII, without lone surrogates."""

    def render(self, content: Any) -> bytes:
        """Return the body of the response."""
        return to_json(content).encode("ascii")


class Api:
    """The paths of the service."""

    def __init__(self, service: Service, version: str) -> None:
        """Store the service; read nothing yet.

        :param service: gives access to the notes.
        :param version: of this program.
        """
        self._service = service
        self._version = version
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._streams = 0

    def app(self) -> Starlette:
        """Return the application, without a guard."""
        paths: tuple[tuple[str, dict[str, Kind], Answering], ...] = (
            ("/ask", ASK, _ask),
            ("/notes/{id:note}", NOTE, _note),
            ("/similar", SIMILAR, _similar),
            ("/links", LINKS, _links),
            ("/status", {}, _status),
        )
        routes = [
            Route(path, functools.partial(self._answer, kinds, answering), methods=["GET"])
            for path, kinds, answering in paths
        ]
        routes += [Route("/events", self._events), Route("/openapi.json", self._openapi)]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
        app.router.redirect_slashes = False
        return app

    async def _answer(
        self, kinds: dict[str, Kind], answering: Answering, http: HttpRequest
    ) -> Response:
        """Answer in a thread, within a time limit."""
        if len(http.url.query) > _MAX_ADDRESS_CHARS:
            return _error(414, QueryError("the address is too long", "ask in a sentence or two"))
        run = functools.partial(self._read, kinds, answering, http)
        with anyio.move_on_after(_TIME_LIMIT_S):
            return await anyio.to_thread.run_sync(
                run, limiter=self._threads, abandon_on_cancel=True
            )
        slow = IndexerError(f"this took longer than {_TIME_LIMIT_S:.0f} s", "try again")
        return _error(503, slow)

    def _read(self, kinds: dict[str, Kind], answering: Answering, http: HttpRequest) -> Response:
        try:
            given = read_parameters(http.query_params.multi_items(), kinds) | http.path_params
            with self._service.request() as request:
                # A note is read from its file, which may have just changed.
                tag = "" if answering is _note else self._tag(request)
                if tag and _is_known(tag, http.headers.getlist("if-none-match")):
                    return Response(status_code=304, headers={"etag": tag})
                found = answering(request, given)
                tag = tag and self._tag(request)  # a change may have been noticed in the meantime
                headers = {"etag": tag} if tag else {"cache-control": "no-store"}
                return _Json(found, headers=headers)
        except IndexerError as exc:
            return _error(_status_of(exc), exc)

    def _tag(self, request: Request) -> str:
        """Return the ETag of the current generation; empty while notes and index differ."""
        if request.snapshot.is_stale():
            return ""
        how = "meaning" if request.by_meaning else "words"
        return f'W/"{request.generation}-{how}-{self._version}"'

    async def _openapi(self, http: HttpRequest) -> Response:
        return _Json(describe(self._version, http.scope.get("root_path", "")))

    async def _events(self, http: HttpRequest) -> Response:
        if self._streams >= _MAX_STREAMS:
            return _error(503, IndexerError("too many streams are open", "close one"))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        if http.method == "HEAD":
            return Response(headers=headers, media_type="text/event-stream")
        self._streams += 1  # before the first event, which other requests may come in front of
        return _Stream(self._stream(http), self._end_stream, headers)

    def _end_stream(self) -> None:
        self._streams -= 1

    async def _stream(self, http: HttpRequest) -> AsyncIterator[str]:
        """Yield an event now and after each new generation of the index."""
        seen, quiet = "", 0
        while not await http.is_disconnected():
            found = await anyio.to_thread.run_sync(self._index, limiter=self._threads)
            quiet += 1
            if found != seen:
                yield f"event: index\ndata: {found}\n\n"
                seen, quiet = found, 0
            elif quiet >= _BEAT_LOOKS:
                yield ": still here\n\n"
                quiet = 0
            await anyio.sleep(_LOOK_S)

    def _index(self) -> str:
        """Return the identity of the current index as JSON."""
        try:
            with self._service.request() as request:
                header = request.snapshot.header()
        except IndexerError as exc:
            return json.dumps({"error": safe(exc.message)})
        return json.dumps(
            {
                "generation": header.generation,
                "notes": header.notes,
                "points": header.points,
                "model": self._service.state.model.value,
            }
        )


class _Stream(StreamingResponse):
    """A stream of events; its end is reported however it ends."""

    def __init__(
        self, events: AsyncIterator[str], end: Callable[[], None], headers: dict[str, str]
    ) -> None:
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._end = end

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


# --- the paths ----------------------------------------------------------------------------------


def _ask(request: Request, given: Given) -> dict[str, Any]:
    if "q" not in given:
        raise QueryError("the question is missing", "ask /ask?q=what+did+I+write")
    budget = given.get("budget")
    if budget is not None and given.get("format") == "json":
        raise QueryError("budget needs format=compact", "leave out format=json")
    short = budget is not None or given.get("format") == "compact"
    k = points_for(budget, given.get("k"), COMPACT_K if short else DEFAULT_K)
    answer = request.ask(
        given["q"],
        k,
        Mode(given.get("mode", Mode.HYBRID.value)),
        filter_of(given),
        more=given.get("more", ()),
        less=given.get("less", ()),
        budget=budget,
    )
    if short:
        return compact_json(compact(answer, budget=budget, links=given.get("links", False)))
    return answer_json(answer)


def _note(request: Request, given: Given) -> dict[str, Any]:
    place = given["id"]
    if "lines" in given:
        if not _LINES.fullmatch(given["lines"]):
            shown = given["lines"][:50]
            raise QueryError(f"lines is not first-last: {shown!r}", "write lines=14-20 or lines=14")
        place = f"{place}:{given['lines']}"
    return note_json(request.read_lines(place), budget=given.get("budget"))


def _similar(request: Request, given: Given) -> dict[str, Any]:
    if "place" not in given:
        raise QueryError("the place is missing", "ask /similar?place=note.md:3")
    short = given.get("format") == "compact"
    place = given["place"]
    hits = request.near(place, given.get("k", COMPACT_K if short else DEFAULT_K))
    if short:
        return similar_json(place, hits, links=given.get("links", False))
    return {"place": place, "hits": [hit_json(hit) for hit in hits]}


def _links(request: Request, given: Given) -> dict[str, Any]:
    note_id = given.get("note")
    if note_id is not None:
        note_id = request.snapshot.note(note_id).note_id  # raises if there is none
    return links_json(request.snapshot.links(note_id, broken=given.get("broken", False)))


def _status(request: Request, given: Given) -> dict[str, Any]:
    return status_json(request.snapshot.status())


def _is_known(tag: str, headers: Sequence[str]) -> bool:
    """Return whether the client has the answer with this ETag: ``If-None-Match`` of RFC 9110."""
    known = [one.strip() for header in headers for one in header.split(",")]
    return "*" in known or tag.removeprefix("W/") in {one.removeprefix("W/") for one in known}


def _status_of(exc: IndexerError) -> int:
    if isinstance(exc, QueryError):
        return 400
    return 404 if isinstance(exc, NotesError) else 503


def _error(status: int, exc: IndexerError) -> Response:
    values = {"message": safe(exc.message), "hint": safe(exc.hint or "")}
    return _Json({"error": values}, status)


async def _refused(http: HttpRequest, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    hint = "see /openapi.json for the paths"
    error = {"message": exc.detail, "hint": hint}
    return _Json({"error": error}, exc.status_code, headers=exc.headers)


def make_app(service: Service, version: str, token: str = "") -> Guard:
    """Return the application behind the guard.

    :param service: gives access to the notes.
    :param version: of this program.
    :param token: the token that requests must have; without one, only this machine has access.
    """
    return Guard(Api(service, version).app(), token)


def run(service: Service, version: str, *, host: str, port: int, token: str) -> None:
    """Serve until stopped.

    :param service: gives access to the notes; this function starts it.
    :param version: of this program.
    :param host: address to listen on; if it is not loopback, a token is required.
    :param port: 0 for any free port.
    :param token: the token that requests must have; empty for none.
    """
    listening = listen(host, port, token)
    service.start()
    serve(make_app(service, version, token), listening, "/")
