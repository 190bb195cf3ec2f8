"""Read the head of a note as plain values: YAML, TOML, JSON or ``key:: value`` lines.

The only importer of frontmatter. ``properties.py`` interprets the values.

Values stay the strings their author wrote: ``title: no`` is "no", not False. An unreadable part is
reported with its line; everything else, above all the body, is kept.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from typing import Any, ClassVar, NamedTuple

import frontmatter
import yaml

from indexer.notes.bare_heads import read_bare_head
from indexer.notes.properties import (
    MAX_VALUE_CHARS,
    Head,
    open_groups,
    property_blocks,
    property_links,
    read_aliases,
    read_categories,
    read_dates,
    read_properties,
    read_tags,
    read_text,
    read_title,
)
from indexer.records import Block, NoteWarning, RawLink

# The C loader recurses once per level; deeper heads could exhaust the stack of the process.
_MAX_DEPTH = 100
_MAX_DOTS = 500  # in a line of TOML: the time for a key grows with the square of its parts
_YAML_FENCE, _TOML_FENCE = "---", "+++"
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?$")
_TOML_LINE = re.compile(r"\s*(?:\[+[\w.\- ]+\]+|[\w.\-\"']+\s*=)")
_COMMENT_LINE = re.compile(r"\s*<!--(?:(?!-->).)*-->\s*$")
_PLACEHOLDER_VALUE = re.compile(r"((?:[^\s:][^:]{0,99}:|-)\s++)((?:\{\{|<%|\$\{).*)$")


class _TomlHandler(frontmatter.default_handlers.BaseHandler):  # type: ignore[misc]
    """Reads front matter between ``+++`` with the standard library; frontmatter would need toml."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = _TOML_FENCE

    def load(self, fm: str, **_: object) -> dict[str, Any]:
        """Return the table; an error has its line only in the message."""
        return tomllib.loads(fm)


class FrontMatter(NamedTuple):
    """The head of a note: its known values, the text without it, and warnings.

    ``body`` has as many lines as the note, with those of the head blank, so line numbers stay
    right. ``blocks`` are the parts of the head for readers. ``updated`` is the date of the last
    change.
    """

    body: str
    title: str | None = None
    date: datetime.date | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    permalink: str | None = None
    warnings: tuple[NoteWarning, ...] = ()
    partial: bool = False
    updated: datetime.date | None = None
    properties: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    links: tuple[RawLink, ...] = ()


def split_front_matter(text: str, *, exported: bool = False) -> FrontMatter:
    r"""Separate the head of a note and read it.

    :param text: the whole note, lines ended by ``\n``.
    :param exported: True for a page that Notion exported: its properties stand below its title.
    :return: the values, the body with the lines of the head blank, and the warnings. A block that
        is not a mapping (a letterhead between rules) stays in the body.
    """
    lines = text.split("\n")
    found = _find_head(lines)
    if found is None:
        return _without_fences(text, lines, exported=exported)
    start, end = found
    head = Head(first_line=start + 2, last_line=end)
    source = "\n".join(lines[start + 1 : end])
    handler = _TomlHandler() if lines[start].strip() == _TOML_FENCE else frontmatter.YAMLHandler()
    load = _load_toml if handler.START_DELIMITER == _TOML_FENCE else _load_yaml
    if not load(handler, source, head):
        # Without its rules, which would turn it into a heading.
        kept = ["", *lines[start + 1 : end], ""]
        return FrontMatter("\n".join(lines[:start] + kept + lines[end + 1 :]))
    return _front_matter(head, lines, start + 1, end + 1)


def _front_matter(head: Head, lines: list[str], start: int, end: int) -> FrontMatter:
    """Return the interpreted values of a head.

    :param head: its values.
    :param lines: of the note.
    :param start: the position of its first line.
    :param end: the position after its last line, including the fence.
    """
    open_groups(head)
    created, updated = read_dates(head)
    return FrontMatter(
        body="\n".join([""] * end + lines[end:]),
        title=read_title(head),
        date=created,
        tags=read_tags(head),
        categories=read_categories(head),
        aliases=read_aliases(head),
        permalink=read_text(head, "permalink"),
        updated=updated,
        properties=read_properties(head),
        blocks=tuple(property_blocks(head)),
        links=tuple(property_links(lines[start:end], start + 1)),
        warnings=tuple(head.warnings),
        partial=head.partial,
    )


def _without_fences(text: str, lines: list[str], *, exported: bool) -> FrontMatter:
    """Return the values of a head without fences; the whole text if there is none."""
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    head = Head(first_line=start + 1)
    end = read_bare_head(lines, start, head, exported=exported)
    if not head.values:
        return FrontMatter(text, warnings=_unclosed(lines))
    head.last_line = end
    return _front_matter(head, lines, start, end)


def _find_head(lines: list[str]) -> tuple[int, int] | None:
    """Return the positions of the two fences, None if there is no closed head."""
    start = next(
        (i for i, line in enumerate(lines) if line.strip() and not _COMMENT_LINE.match(line)), 0
    )
    fence = lines[start].rstrip()
    if fence not in (_YAML_FENCE, _TOML_FENCE):
        return None
    closing = (_YAML_FENCE, "...") if fence == _YAML_FENCE else (_TOML_FENCE,)
    for i in range(start + 1, len(lines)):
        if lines[i].rstrip() in closing:
            return start, i
    return None


def _unclosed(lines: list[str]) -> tuple[NoteWarning, ...]:
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    after = lines[start + 1] if start + 1 < len(lines) else ""
    if lines[start].rstrip() != _YAML_FENCE or not _KEY_LINE.match(after):
        return ()
    message = "front matter is opened and never closed; it is read as text"
    return (NoteWarning(message, start + 1, "end it with a line of three hyphens"),)


def _load_toml(handler: Any, source: str, head: Head) -> bool:
    """Read the head; return False if it is text, not a head."""
    if not any(_TOML_LINE.match(line) for line in source.split("\n")):
        return not source.strip()
    try:
        if any(line.count(".") > _MAX_DOTS for line in source.split("\n")):
            raise ValueError(f"a line has more than {_MAX_DOTS} dots")
        head.values = {key.casefold(): value for key, value in handler.load(source).items()}
    except (ValueError, RecursionError) as exc:  # TOMLDecodeError is a ValueError
        found = re.search(r"line (\d+)", str(exc))
        line = head.first_line + int(found.group(1)) - 1 if found else head.first_line
        head.warn(f"front matter is not valid TOML: {exc}", line=line)
        head.partial = True
    return True


def _load_yaml(handler: Any, source: str, head: Head) -> bool:
    """Read the head; return False if it is text, not a head."""
    loader = _loader_for(head)
    source = _quote_placeholders(source)
    try:
        if _is_too_deep(source, loader):
            raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
        loaded = handler.load(source, Loader=loader)
    except (yaml.YAMLError, ValueError) as exc:
        head.values = _salvage(source, head)
        if not head.values:
            return False
        head.warn(
            f"front matter is not valid YAML: {_problem(exc)}",
            line=head.first_line + _error_line(exc),
        )
        head.partial = True
        return True
    if loaded is None:
        return True
    if not isinstance(loaded, dict):
        return False
    head.values = loaded
    for key, value in head.values.items():
        if isinstance(value, str) and len(value) > MAX_VALUE_CHARS:
            head.warn(
                f"the value of {key[:40]!r} is longer than {MAX_VALUE_CHARS:,} characters", key=key
            )
            head.values[key] = value[:MAX_VALUE_CHARS]
    return True


def _quote_placeholders(source: str) -> str:
    """Quote the placeholders of templates, which YAML would read as mappings."""
    if "{{" not in source and "<%" not in source and "${" not in source:
        return source
    return "\n".join(
        _PLACEHOLDER_VALUE.sub(
            lambda found: found.group(1) + "'" + found.group(2).replace("'", "''") + "'", line
        )
        for line in source.split("\n")
    )


def _loader_for(head: Head) -> type:
    """Return a safe loader that keeps scalars as written and reports a bad value with its line."""

    class Loader(_StringLoader):
        report = head

    return Loader


_TAG_OF_NODE = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
_OTHER_TAGS = {
    "tag:yaml.org,2002:binary": yaml.ScalarNode,
    "tag:yaml.org,2002:null": yaml.ScalarNode,
    "tag:yaml.org,2002:set": yaml.MappingNode,
}


class _StringLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that only knows texts, lists and mappings, and only drops bad values.

    It uses none of PyYAML's types for tags, nor their exceptions.
    """

    report: Head
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_document(self, node: Any) -> Any:
        """Return the value of the root node."""
        self._built: dict[int, Any] = {}
        return self._build(node)

    def _build(self, node: Any) -> Any:
        """Return the value of a node; an alias returns the same object."""
        if isinstance(node, yaml.ScalarNode):
            plain = node.style not in ("'", '"', "|", ">")
            return None if plain and node.value.lower() in ("", "~", "null") else node.value
        if id(node) in self._built:
            return self._built[id(node)]
        if isinstance(node, yaml.SequenceNode):
            items: list[Any] = []
            self._built[id(node)] = items
            for child in node.value:
                items += self._checked(child)
            return items
        values: dict[str, Any] = {}
        self._built[id(node)] = values
        for key, value in node.value:
            self._add(values, key, value)
        return values

    def _add(self, values: dict[str, Any], key_node: Any, value_node: Any) -> None:
        if not isinstance(key_node, yaml.ScalarNode):
            self._reject("a key is not a text", key_node)
            return
        line = self.report.first_line + key_node.start_mark.line
        key = key_node.value.casefold()
        for value in self._checked(value_node, key_node):
            if key == "<<":
                self._merge(values, value, key_node)
                continue
            if key in values:
                name = key_node.value[:40]
                self.report.warn(f"the key {name!r} is repeated here", line=line)
            values[key] = value
            self.report.lines.setdefault(key, line)

    def _merge(self, values: dict[str, Any], merged: Any, place: Any) -> None:
        for one in merged if isinstance(merged, list) else [merged]:
            if isinstance(one, dict):
                values.update({key: value for key, value in one.items() if key not in values})
            else:
                self._reject("the value to merge here is not a mapping", place)

    def _checked(self, node: Any, place: Any = None) -> list[Any]:
        """Return the value of a node in a list; an empty list if it cannot be read."""
        kind = type(node)
        if node.tag != _TAG_OF_NODE[kind] and _OTHER_TAGS.get(node.tag) is not kind:
            self._reject(f"a value of the kind {node.tag[:60]!r} is not read", place or node)
            return []
        return [self._build(node)]

    def _reject(self, message: str, node: Any) -> None:
        self.report.warn(message, line=self.report.first_line + node.start_mark.line)
        self.report.partial = True


def _salvage(source: str, head: Head) -> dict[str, Any]:
    """Read lines that look like ``key: value``, if the YAML as a whole is invalid."""
    values: dict[str, Any] = {}
    key = None
    for number, line in enumerate(source.split("\n"), head.first_line):
        found = _KEY_LINE.match(line)
        if found:
            key = found.group(1).casefold()
            values[key] = _bare(found.group(2) or "")
            head.lines.setdefault(key, number)
        elif key is not None and line.strip().startswith("- "):
            if not isinstance(values[key], list):
                values[key] = []
            values[key].append(_bare(line.strip()[2:]))
    return values


def _bare(value: str) -> Any:
    value = value.strip()[:MAX_VALUE_CHARS]
    if value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        return [_bare(item) for item in value[1:-1].split(",")]
    return value.strip("\"'")


def _is_too_deep(source: str, loader: type) -> bool:
    """Return whether a head is nested too deeply, by streaming its events."""
    depth = 0
    for event in yaml.parse(source, Loader=loader):
        depth += isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent))
        depth -= isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent))
        if depth > _MAX_DEPTH:
            return True
    return False


def _problem(exc: BaseException) -> str:
    text = getattr(exc, "problem", None) or str(exc) or type(exc).__name__
    return " ".join(str(text).split())[:200]


def _error_line(exc: BaseException) -> int:
    """Return the 0-based line of an error in the head: the start of an unclosed construct."""
    mark, context = getattr(exc, "problem_mark", None), str(getattr(exc, "context", "") or "")
    if "quoted scalar" in context or "flow" in context:
        mark = getattr(exc, "context_mark", None) or mark
    return mark.line if mark is not None else 0
