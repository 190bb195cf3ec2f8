"""Format answers as Markdown to paste elsewhere: no HTML, and no link that runs code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.records import Answer, Hit, Link, Place, Unit
from indexer.render import path_of, place_name, safe

_SCHEME = re.compile(r"\s*([A-Za-z][\w+.-]*):")
_OPEN_SCHEMES = frozenset({"http", "https", "mailto"})
_ESCAPED = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\\": "%5C"}
# What makes a link or picture of a text in brackets; as an entity it is only text.
_LINK_SIGN = re.compile(r"\](?=[(\[:])")
_AS_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "[]\\"}
# In the target of a link, this would be read as another character: "&#106;avascript:".
_ENTITY = re.compile(r"&(?=#?\w+;)")


def answer_markdown(answer: Answer) -> str:
    """Return an answer as Markdown quotes with their sources and links."""
    lines = [f"# {plain_markdown(answer.question)}", ""]
    if not answer.answered:
        lines += ["*Not answered in the notes; the nearest points:*", ""]
    if answer.units:
        quotes = [unit_markdown(unit, answer.hits) for unit in answer.units]
    else:
        quotes = [hit_markdown(hit) for hit in answer.hits]
    for quote in quotes:
        lines += [quote, ""]
    return "\n".join(lines)


def unit_markdown(unit: Unit, hits: Sequence[Hit] = ()) -> str:
    """Return a unit as Markdown quotes with sources, one for each place.

    :param unit: of an answer.
    :param hits: of the answer, for the links of its points.
    """
    links = {hit.point_id: hit.links for hit in hits}
    quotes = []
    for place in unit.places:
        source = f"{' > '.join(path_of(place))} ({place_name(place)})"
        lines = [*_quoted(place), "", f"-- {plain_markdown(source)}"]
        lines += [
            f"- {_link_markdown(link)}"
            for point in place.points
            for link in links.get(point.point_id, ())
            if link.ok
        ]
        quotes.append("\n".join(f"> {line}".rstrip() for line in lines))
    return "\n\n".join(quotes)


def hit_markdown(hit: Hit) -> str:
    """Return a hit as a Markdown quote with its source."""
    quote = "\n".join(f"> {plain_markdown(line)}" for line in hit.text.split("\n"))
    path = " > ".join([hit.title, *(h for h in hit.heading_path if h != hit.title)])
    links = "".join(f"\n> - {_link_markdown(link)}" for link in hit.links if link.ok)
    place = f"{plain_markdown(hit.note_id)}:{hit.line_start}"
    return f"{quote}\n>\n> -- {plain_markdown(path)} ({place}){links}"


def _quoted(place: Place) -> list[str]:
    """Return the points of a place as lines of Markdown; a list keeps its items."""
    if len(place.points) == 1:
        return [plain_markdown(line) for line in place.points[0].text.split("\n")]
    least = min(point.depth for point in place.points)
    lines: list[str] = []
    above = len(place.heading_path)
    path = place.heading_path
    for point in place.points:
        if point.heading_path != path:
            path = point.heading_path
            if path[above:]:
                lines += ["", f"**{plain_markdown(' > '.join(path[above:]))}**", ""]
        indent = "  " * (point.depth - least)
        first, *rest = map(plain_markdown, point.text.split("\n"))
        lines += [f"{indent}{first}", ""] if point.lead_in else [f"{indent}- {first}"]
        lines += [f"{indent}  {line}" for line in rest]
    return lines


def plain_markdown(text: str) -> str:
    """Return a text of a note as one line of Markdown without HTML, links and pictures."""
    return _LINK_SIGN.sub("&#93;", safe(text.replace("\n", " ")).replace("<", "&lt;"))


def _link_markdown(link: Link) -> str:
    """Return a link as Markdown; only its text if its scheme could run code."""
    text = plain_markdown(link.text).translate(_AS_ENTITIES)
    target = link.to or link.target
    scheme = _SCHEME.match(target)
    if scheme and scheme[1].lower() not in _OPEN_SCHEMES:
        return text
    written = "".join(_ESCAPED.get(one, one) for one in safe(target.replace("\n", "%0A")))
    return f"[{text}]({_ENTITY.sub('&amp;', written)})"
