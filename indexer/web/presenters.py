"""Turn answers and notes into the data of the page's elements; imports no Streamlit."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from indexer.gathered import folder_inside
from indexer.notes.markdown.link_place import place_of
from indexer.notes.names import written_name
from indexer.notes.opening import read_stamp
from indexer.records import Hit, Link
from indexer.render_markdown import hit_markdown, plain_markdown
from indexer.snapshot import NotePage
from indexer.store.records import NoteInfo, StoredPoint
from indexer.web.assets import file_address
from indexer.web.local_editors import local_editors
from indexer.whole_numbers import whole_number

# Words for ranges of the cosine. Of 103 right points among the first ten hits of the public
# questions, three in four have .40 or more and 19 in 20 have .29; of 1,267 wrong ones, one in ten
# has .42.
RELATED_COSINE = 0.4
_MAX_RELATED_CHARS = 220
_MAX_VALUE_CHARS = 400
_FORMULA = re.compile(r"\$\$([^$]{1,1000}?)\$\$|\$(?=\S)([^$]{1,1000}?)(?<=\S)\$(?!\d)")


def place_of_hit(hit: Hit) -> str:
    """Return the place of a hit for the address of the page: its note and first line."""
    return plain(f"{hit.note_id}:{hit.line_start}")


def href_of(place: str, question: str = "") -> str:
    """Return the address of a place on the page, within a search."""
    asked = {"q": question} if question else {}
    return "?" + urlencode(asked | {"p": place}, safe="/:", quote_via=quote)


def card_of(
    hit: Hit, question: str = "", steered: str = "", *, steerable: bool = True
) -> dict[str, Any]:
    """Return the data of a card for a hit.

    :param hit: the hit.
    :param question: the question, for the address of the hit.
    :param steered: "+" or "-" for a hit that is an example.
    :param steerable: whether examples can move the answer.
    """
    return {
        "place": place_of_hit(hit),
        "note": plain(hit.note_id),
        "href": href_of(place_of_hit(hit), question),
        "path": path_of(hit.title, hit.heading_path),
        "parents": [{"text": text, "math": formulas_of(text)} for text in hit.parents],
        "math": formulas_of(hit.snippet),
        "snippet": hit.snippet,
        "marks": [list(mark) for mark in hit.marks],
        "why": why_of(hit),
        "score": score_of(hit),
        "date": hit.date or "",
        "tags": list(hit.tags),
        "links": [link_of(link) for link in hit.links],
        "quote": plain(hit_markdown(hit)),
        "steered": steered,
        "steerable": steerable,
    }


def formulas_of(text: str) -> list[list[Any]]:
    """Return the formulas of a text as [start, end, LaTeX] for the browser to draw.

    :param text: the shown text; formulas are between dollars.
    """
    return [
        [one.start(), one.end(), (one.group(1) or one.group(2)).strip()]
        for one in _FORMULA.finditer(text)
    ]


def path_of(title: str, heading_path: Sequence[str]) -> list[str]:
    """Return a note's title and the headings above a point, with the title only once."""
    return [title, *(part for part in heading_path if part.casefold() != title.casefold())]


def why_of(hit: Hit) -> list[str]:
    """Return the main reason for a hit in plain words."""
    words = dict.fromkeys(
        hit.snippet[start:end].casefold() for start, end, kind in hit.marks if kind == "word"
    )
    if words:
        return [f"has {', '.join(words)}"]
    if hit.cosine is not None and hit.cosine >= RELATED_COSINE:
        return ["says it in other words"]
    return ["weak"]


def score_of(hit: Hit) -> str:
    """Return the figures behind the words, for users who want them."""
    cosine = f"cosine {hit.cosine:.2f}" if hit.cosine is not None else ""
    words = f"BM25 {hit.bm25:.1f}" if hit.bm25 else ""
    return ", ".join(part for part in (f"score {hit.score:.2f}", cosine, words) if part)


def link_of(link: Link) -> dict[str, Any]:
    """Return the data of a link on a card; ``why`` says what is missing, or how it opens."""
    found = place_of(link)
    return {
        "text": link.text,
        "href": found.href,
        "place": found.place,
        "note": bool(found.place),
        "why": f"{found.why}: {link.target}" if found.why else "",
        "dead": found.why.startswith("no such"),
    }


def split_lines(place: str, hits: Sequence[Hit]) -> tuple[int, int]:
    """Return the lines to mark for a place in the address: those of its hit, or its line."""
    for hit in hits:
        if place_of_hit(hit) == place:
            return hit.line_start, hit.line_end
    line = whole_number(place.rpartition(":")[2]) or 0
    return line, line


def note_of(
    page: NotePage, place: str, lines: tuple[int, int], root: Path, macros: str = ""
) -> dict[str, Any]:
    """Return the data of a note for the reader, without links and related points.

    :param page: the note.
    :param place: the opened place, as in the address of the page.
    :param lines: the lines to mark; zeros for none.
    :param root: the notes folder.
    :param macros: LaTeX definitions for all notes.
    """
    info = page.info
    path = plain(os.path.join(*folder_inside(root, info.note_id)))
    facts = [info.date or "", plain(info.note_id)]
    return {
        "title": plain(info.title),
        "note": plain(info.note_id),
        "place": place,
        "href": href_of(place),
        "meta": [fact for fact in facts if fact],
        "tags": [plain(tag) for tag in info.tags],
        "properties": properties_of(info),
        "html": page.html,
        "files": files_of(page.files, root),
        "macros": macros,
        "lineStart": lines[0],
        "lineEnd": lines[1],
        "path": path,
        "editors": editors_of(path, lines[0]),
    }


def properties_of(info: NoteInfo) -> list[list[str]]:
    """Return what the front matter of a note says, as names and values.

    Title, date and tags are left out: they are shown with the name of the note.
    """
    own = [("aliases", ", ".join(info.aliases)), ("categories", ", ".join(info.categories))]
    pairs = [*own, *info.properties]
    shown = [(name, value) for name, value in pairs if value and value != info.date]
    return [[plain(name), plain(value[:_MAX_VALUE_CHARS])] for name, value in shown]


def files_of(paths: Sequence[str], root: Path) -> list[dict[str, str]]:
    """Return the addresses of the pictures and files in a note."""
    found = []
    for path in paths:
        stamp = read_stamp(root, path)
        small, whole = file_address(path, stamp), file_address(path, stamp, whole=True)
        found.append({"src": small, "whole": whole, "name": plain(path)})
    return found


def editors_of(path: str, line: int) -> list[dict[str, str]]:
    """Return how editors on this machine open a file at a line: by address, or by name to start."""
    quoted, at = quote(path.replace("\\", "/"), safe="/:"), f":{line}" if line else ""
    slashed = quoted if quoted.startswith("/") else f"/{quoted}"
    return [
        {"label": "VS Code", "href": f"vscode://file{slashed}{at}"},
        {"label": "Cursor", "href": f"cursor://file{slashed}{at}"},
        {"label": "Zed", "href": f"zed://file{slashed}{at}"},
        {"label": "Obsidian", "href": f"obsidian://open?path={quote(path, safe='')}"},
        *({"label": name, "run": name} for name in local_editors()),
    ]


def related_of(hit: Hit) -> dict[str, Any]:
    """Return the data of a related point, shown below a note."""
    text = hit.text if len(hit.text) <= _MAX_RELATED_CHARS else hit.text[:_MAX_RELATED_CHARS] + "…"
    place = place_of_hit(hit)
    return {
        "place": place,
        "href": href_of(place),
        "path": path_of(hit.title, hit.heading_path),
        "text": text,
        "math": formulas_of(text),
    }


def backlinks_of(links: Sequence[Link], titles: dict[str, str]) -> list[dict[str, Any]]:
    """Return the data of the notes that link to a note, each once."""
    first: dict[str, Link] = {}
    for link in links:
        first.setdefault(link.note_id, link)
    found = []
    for note_id, link in first.items():
        place = plain(f"{note_id}:{link.line}")
        path = [plain(titles.get(note_id, note_id))]
        found.append({"place": place, "href": href_of(place), "path": path, "text": link.text})
    return found


def quote_of(points: Sequence[StoredPoint], line: int) -> str:
    """Return the point at a line as a Markdown quote with its source; empty without a point."""
    for stored in points:
        if stored.point.line_start <= line <= stored.point.line_end:
            rows = map(plain_markdown, stored.point.text.split("\n"))
            quoted = "\n".join(f"> {row}" for row in rows)
            path = " > ".join(path_of(stored.note.title, stored.point.heading_path))
            source = plain_markdown(f"{path} ({stored.note.note_id}:{line})")
            return plain(f"{quoted}\n>\n> -- {source}")
    return ""


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def plain(text: str) -> str:
    r"""Return a text that can be sent; an undecodable byte of a name is written as ``\xNN``."""
    return written_name(text)
