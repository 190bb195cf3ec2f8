"""Format answers and reports as text, JSON and Markdown; this module prints nothing.

Notes are not trusted: control characters are shown as escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from indexer.errors import NO_TEXT
from indexer.explanation_text import explanation_json, explanation_lines, verdict_json
from indexer.notes.names import UNSEEN, written_name
from indexer.records import (
    Answer,
    BuildReport,
    FileReport,
    Hit,
    Link,
    NoteWarning,
    Outcome,
    Place,
    Unit,
)

if TYPE_CHECKING:
    from indexer.snapshot import Status

# In JSON: an escaped backslash, a surrogate pair, or a lone surrogate, which strict parsers refuse.
_SURROGATE = re.compile(
    r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\u(?:dc([89a-f].)|(d[89a-f]..))", re.IGNORECASE
)
_MAX_SHOWN_WARNINGS = 20
_MAX_SHOWN_LABELS, _MAX_SHOWN_LINKS, _MAX_SHOWN_CHARS = 12, 12, 160


def safe(text: str) -> str:
    """Return a text with control and invisible characters escaped, bytes of names as in JSON."""
    text = written_name(text)
    return UNSEEN.sub(lambda one: " " if one[0] == "\t" else _escape(one), text)


def _escape(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"


def in_line(text: str) -> str:
    r"""Return a text as a part of a printed line: a line end in it is written as ``\x0a``.

    Otherwise the title of a note could look like other lines of the output.

    :param text: a title, a label or a message.
    """
    return safe(text).replace("\n", "\\x0a")


def exact_in_line(name: str) -> str:
    r"""Return a name as a part of a printed line, from which commands find the note again.

    Unlike in a text, a tab is written as ``\x09``.

    :param name: a path, or the target of a link.
    """
    return UNSEEN.sub(_escape, written_name(name)).replace("\n", "\\x0a")


def to_json(value: object, *, exact_names: bool = False) -> str:
    r"""Return JSON in pure ASCII, for every terminal and parser.

    An undecodable byte of a file name is written as the text ``\xNN``, a lone surrogate as
    ``\udNNN``, since strict parsers accept no other form.

    :param value: the value to write.
    :param exact_names: True to write such bytes as lone surrogates (``\udcNN``), from which Python
        restores the exact name (``os.fsencode``).
    """
    text = json.dumps(value, ensure_ascii=True)
    return text if exact_names or "\\ud" not in text else _SURROGATE.sub(_alone, text)


def _alone(found: re.Match[str]) -> str:
    kept, byte, half = found.groups()
    return kept or (rf"\\x{byte}" if byte else rf"\\u{half}")


# --- answers ------------------------------------------------------------------------------------


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer in the shape of the contract."""
    why = answer.explanation
    values = {
        "query": answer.question,
        "answered": answer.answered,
        "verdict": answer.verdict.value,
        "confidence": round(answer.confidence, 4),
        "mode": answer.mode.value,
        "took_ms": round(answer.took_ms, 2),
        "index": {
            "generation": answer.index.generation,
            "notes": answer.index.notes,
            "points": answer.index.points,
            "stale": answer.index.stale,
            "model": answer.index.model,
        },
        "hits": [hit_json(hit) | _unit_of_hit_json(answer, hit) for hit in answer.hits],
        "units": [_unit_json(unit) for unit in answer.units],
        "related_notes": [
            {"note": note.note_id, "title": note.title, "why": note.why}
            for note in answer.related_notes
        ],
        "reads": [{"word": word, "read": read} for word, read in answer.reads],
        "notices": list(answer.notices),
        "topics": [] if answer.answered else answer.topics(),
    }
    if answer.reads:
        values["as_typed"] = answer.as_typed()
    return values | ({"explanation": verdict_json(why)} if why else {})


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit in the shape of the contract: links of the point first, then of its note."""
    links = [_answer_link_json(link, in_point=True) for link in hit.links]
    links += [_answer_link_json(link, in_point=False) for link in hit.note_links]
    values = {
        "rank": hit.rank,
        "point_id": hit.point_id,
        "note": hit.note_id,
        "title": hit.title,
        "date": hit.date,
        "tags": list(hit.tags),
        "categories": list(hit.categories),
        "aliases": list(hit.aliases),
        "properties": {
            key: [v for k, v in hit.properties if k == key] for key, _ in hit.properties
        },
        "heading_path": list(hit.heading_path),
        "parents": list(hit.parents),
        "line_start": hit.line_start,
        "line_end": hit.line_end,
        "text": hit.text,
        "snippet": hit.snippet,
        "marks": [list(mark) for mark in hit.marks],
        "score": round(hit.score, 6),
        "cosine": _rounded(hit.cosine),
        "bm25": _rounded(hit.bm25),
        "links": links,
    }
    if hit.explanation:
        values["explanation"] = explanation_json(hit.explanation)
    return values | ({"url": hit.url} if hit.url else {})


def _unit_json(unit: Unit) -> dict[str, Any]:
    values: dict[str, Any] = {
        "rank": unit.rank,
        "kind": unit.kind.value,
        "note": unit.note_id,
        "title": unit.title,
        "heading_path": list(unit.heading_path),
        "line_start": unit.line_start,
        "line_end": unit.line_end,
        "points": len(unit.points),
        "matched": list(unit.matched),
        "confidence": round(unit.confidence, 4),
        "weaker": unit.weaker,
        "similar": unit.similar,
    }
    if len(unit.places) > 1:
        values["places"] = [
            {
                "kind": place.kind.value,
                "note": place.note_id,
                "title": place.title,
                "heading_path": list(place.heading_path),
                "line_start": place.line_start,
                "line_end": place.line_end,
                "points": len(place.points),
            }
            for place in unit.places
        ]
    return values


def _unit_of_hit_json(answer: Answer, hit: Hit) -> dict[str, Any]:
    """Return the unit of a hit; if the unit has several places, only the one with the hit."""
    if hit.unit is None:
        return {}
    unit = answer.units[hit.unit - 1]
    place = next(p for p in unit.places if any(q.point_id == hit.point_id for q in p.points))
    values: dict[str, Any] = {
        "unit": {
            "kind": place.kind.value,
            "line_start": place.line_start,
            "line_end": place.line_end,
            "points": len(place.points),
            "matched": sum(point.matched for point in place.points),
        }
    }
    if len(unit.places) > 1:
        values["units"] = [
            {"note": place.note_id, "line_start": place.line_start, "line_end": place.line_end}
            for place in unit.places
        ]
    return values


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _answer_link_json(link: Link, *, in_point: bool) -> dict[str, Any]:
    return {
        "text": link.text,
        "target": link.target,
        "kind": link.kind.value,
        "note": link.to,
        "line": link.to_line,
        "ok": link.ok,
        "in_point": in_point,
    }


def hits_text(hits: Iterable[Hit]) -> str:
    """Return hits for a terminal."""
    return "\n".join(line for hit in hits for line in (*hit_lines(hit), "")).rstrip("\n")


def hit_lines(hit: Hit) -> list[str]:
    """Return a hit for a terminal, as lines."""
    where = [hit.title, *(h for h in hit.heading_path if h.casefold() != hit.title.casefold())]
    head = " > ".join(map(in_line, where))
    lines = [f"{hit.rank:>2}  " + click.style(head, fg="cyan")]
    lines += [
        click.style(f"    {'  ' * depth}{' '.join(safe(parent).split())}", dim=True)
        for depth, parent in enumerate(hit.parents)
    ]
    indent = "    " + "  " * len(hit.parents)
    lines += [indent + line for line in marked(hit).split("\n")]
    facts = [
        f"{exact_in_line(hit.note_id)}:{hit.line_start}",
        hit.date or "",
        *(f"#{in_line(_shortened(tag))}" for tag in hit.tags[:_MAX_SHOWN_LABELS]),
        _more(len(hit.tags) - _MAX_SHOWN_LABELS, "tags"),
    ]
    lines.append(click.style("    " + "  ".join(fact for fact in facts if fact), dim=True))
    if hit.url:
        lines.append(click.style(f"    {in_line(hit.url)}", dim=True))
    why = explanation_lines(hit.explanation) if hit.explanation else []
    return [*lines, *link_lines(hit), *(click.style(f"    {safe(line)}", dim=True) for line in why)]


def link_lines(hit: Hit) -> list[str]:
    """Return the links in a hit for a terminal, one per line."""
    lines = [
        f"    -> {in_line(_shortened(link.text))}: "
        + exact_in_line(link.to or _shortened(link.target))
        + ("" if link.ok else "  (leads nowhere)")
        for link in hit.links[:_MAX_SHOWN_LINKS]
    ]
    more = _more(len(hit.links) - _MAX_SHOWN_LINKS, "links")
    return [*lines, f"    {more}"] if more else lines


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"


def _more(count: int, what: str) -> str:
    return f"and {count} more {what}" if count > 0 else ""


def marked(hit: Hit) -> str:
    """Return the snippet with its words in bold and its nearest sentence underlined."""
    styles = [0] * len(hit.snippet)
    for start, end, kind in hit.marks:
        for i in range(start, min(end, len(styles))):
            styles[i] |= 1 if kind == "word" else 2
    parts: list[str] = []
    start = 0
    for i in range(1, len(styles) + 1):
        if i == len(styles) or styles[i] != styles[start]:
            piece = safe(hit.snippet[start:i])
            bold, underline = bool(styles[start] & 1), bool(styles[start] & 2)
            parts.append(
                click.style(piece, bold=bold, underline=underline) if styles[start] else piece
            )
            start = i
    return "".join(parts)


def summary_line(answer: Answer) -> str:
    """Return the verdict of an answer, the number of points searched, and the time."""
    index = answer.index
    parts = [
        f"confidence {answer.confidence:.2f}",
        f"{index.points:,} points of {index.notes:,} notes",
        f"{answer.took_ms:.0f} ms",
    ]
    if index.stale:
        parts.append("notes changed since the index was built: run `notepoint build`")
    return ", ".join(parts)


def path_of(place: Place) -> list[str]:
    """Return the title and the headings of a place, the title once."""
    return [place.title, *(h for h in place.heading_path if h.casefold() != place.title.casefold())]


def place_name(place: Place) -> str:
    """Return the note of a place with its lines, as "note:14-24"."""
    lines = f"{place.line_start}"
    if place.line_end != place.line_start:
        lines += f"-{place.line_end}"
    return f"{place.note_id}:{lines}"


# --- reports ------------------------------------------------------------------------------------


def build_json(report: BuildReport) -> dict[str, Any]:
    """Return a build report in the shape of the contract."""
    return {
        "notes": {
            "added": report.notes_added,
            "changed": report.notes_changed,
            "removed": report.notes_removed,
            "unchanged": report.notes_unchanged,
            "skipped": report.notes_skipped,
        },
        "points": {
            "added": report.points_added,
            "removed": report.points_removed,
            "total": report.points_total,
        },
        "generation": report.generation,
        "seconds": round(report.seconds, 3),
        "embedded": report.embedded,
        "dry_run": report.dry_run,
        "files": [file_json(file) for file in report.files],
    }


def shown_outcome(file: FileReport) -> str:
    """Return the outcome of a file for JSON: "empty" for a note with nothing to index."""
    outcome = Outcome.SKIPPED if file.outcome is Outcome.EMPTY else file.outcome
    return str(outcome.value)


def file_json(file: FileReport) -> dict[str, Any]:
    """Return the outcome of a file as JSON."""
    return {
        "path": file.note_id,
        "outcome": shown_outcome(file),
        "warnings": [{"line": w.line, "message": w.message, "hint": w.hint} for w in file.warnings],
    }


def build_text(report: BuildReport) -> str:
    """Return a build report for a terminal."""
    counts = {
        "added": report.notes_added,
        "changed": report.notes_changed,
        "removed": report.notes_removed,
        "unchanged": report.notes_unchanged,
        "skipped": report.notes_skipped,
    }
    what = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"
    would = "would be " if report.dry_run else ""
    lines = [
        f"notes: {would}{what}",
        f"points: {report.points_total:,} "
        f"({would}{report.points_added:,} added, {report.points_removed:,} removed)",
        f"{report.embedded:,} texts encoded in {report.seconds:.1f} s; "
        f"generation {report.generation}",
    ]
    return "\n".join([*lines, *filter(None, [safe(report.offer)])])


def warnings_text(files: Sequence[FileReport], *, everything: bool = False) -> str:
    """Return the first or all warnings of files, one line each, with its hint below."""
    empty = [file for file in files if file.outcome is Outcome.EMPTY]
    listed = [file for file in files if everything or file.outcome is not Outcome.EMPTY]
    found = [(file, warning) for file in listed for warning in file.warnings]
    pairs = [pair for pair in found if everything or pair[1].message != NO_TEXT]
    shown = pairs if everything else pairs[:_MAX_SHOWN_WARNINGS]
    lines = [_warning_text(file, warning) for file, warning in shown]
    if len(shown) < len(pairs):
        lines.append(f"... and {len(pairs) - len(shown)} more: `notepoint status` lists them all")
    if empty and not everything:
        what = "1 note is" if len(empty) == 1 else f"{len(empty):,} notes are"
        lines.append(f"{what} empty: found only by name")
    return "\n".join(lines)


def _warning_text(file: FileReport, warning: NoteWarning) -> str:
    place = exact_in_line(file.note_id) + (f":{warning.line}" if warning.line else "")
    word = "skipped" if file.outcome is Outcome.SKIPPED else "warning"
    hint = f"\n    hint: {in_line(warning.hint)}" if warning.hint else ""
    return f"{place}: {word}: {in_line(warning.message)}{hint}"


def status_json(status: Status) -> dict[str, Any]:
    """Return the state of an index in the shape of the contract."""
    return {
        "notes_folder": status.notes_folder,
        "store": status.store,
        "generation": status.generation,
        "notes": status.notes,
        "points": status.points,
        "model": status.model,
        "dimension": status.dimension,
        "stale": status.stale,
        "bytes": status.bytes,
        "skipped": [file_json(file) for file in status.skipped],
        "tool": status.tool or None,
    }


def status_text(status: Status) -> str:
    """Return the state of an index for a terminal."""
    stale = "behind: run `notepoint build`" if status.stale else "up to date"
    engine = f", by {safe(status.engine)}" if status.engine else ""
    tool = f", written with {status.tool}" if status.tool else ""
    counts = f"{status.notes:,} notes, {status.points:,} points{tool}"
    rows = {
        "notes": f"{exact_in_line(status.notes_folder)} ({counts})",
        "index": f"{exact_in_line(status.store)} ({status.bytes / 1e6:.1f} MB, "
        f"generation {status.generation})",
        "model": f"{status.model} ({status.dimension} dimensions{engine})",
        "state": stale,
    }
    lines = [f"{name:<6} {value}" for name, value in rows.items()]
    if status.skipped:
        lines += ["", warnings_text(status.skipped, everything=True)]
    return "\n".join(lines)
