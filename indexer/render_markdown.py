"""Answers as Markdown, to be pasted elsewhere: no HTML and no address that runs something."""

from __future__ import annotations

import re

from indexer.records import Answer, Hit, Link
from indexer.render import safe

_SCHEME = re.compile(r"\s*([A-Za-z][\w+.-]*):")
_OPEN_SCHEMES = frozenset({"http", "https", "mailto"})
_ESCAPED = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E"}


def answer_markdown(answer: Answer) -> str:
    """Return an answer as Markdown: the points as quotes with their sources and links."""
    lines = [f"# {_plain(answer.question)}", ""]
    if not answer.answered:
        lines += ["*Not answered in the notes; the nearest points:*", ""]
    for hit in answer.hits:
        lines += [hit_markdown(hit), ""]
    return "\n".join(lines)


def hit_markdown(hit: Hit) -> str:
    """Return a hit as a Markdown quote with its source."""
    quote = "\n".join(f"> {_plain(line)}" for line in hit.text.split("\n"))
    path = " > ".join([hit.title, *(h for h in hit.heading_path if h != hit.title)])
    links = "".join(f"\n> - {_link_markdown(link)}" for link in hit.links if link.ok)
    place = f"{_plain(hit.note_id)}:{hit.line_start}"
    return f"{quote}\n>\n> -- {_plain(path)} ({place}){links}"


def _plain(text: str) -> str:
    """Return a text for Markdown on one line, in which no HTML can begin."""
    return safe(text.replace("\n", " ")).replace("<", "&lt;")


def _link_markdown(link: Link) -> str:
    """Return a link as Markdown; one of a scheme that may run something as its text alone."""
    text = _plain(link.text).replace("[", r"\[").replace("]", r"\]")
    target = link.to or link.target
    scheme = _SCHEME.match(target)
    if scheme and scheme[1].lower() not in _OPEN_SCHEMES:
        return text
    written = "".join(_ESCAPED.get(one, one) for one in safe(target.replace("\n", "%0A")))
    return f"[{text}]({written})"
