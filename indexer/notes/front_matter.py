"""The YAML (or TOML) head of a note to plain values; the only importer of frontmatter.

Values stay the strings their author wrote: ``title: no`` is "no", not False. Whatever cannot be
read is reported with its line, and everything else, the body above all, is kept.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import frontmatter
import yaml

from indexer.records import NoteWarning

# The C loader recurses once a level: deeper heads could exhaust the stack of the process.
_MAX_DEPTH = 100
# A head is walked with a budget of nodes: aliases can make a kilobyte stand for millions of values.
_MAX_NODES = 10_000
_MAX_VALUE_CHARS = 4_096
_YAML_FENCE, _TOML_FENCE = "---", "+++"
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?$")
_TOML_LINE = re.compile(r"\s*(?:\[+[\w.\- ]+\]+|[\w.\-\"']+\s*=)")
_ISO_DATE = re.compile(r"\s*(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)(?:[ T]+(\d{1,2}):(\d{2}))?")
_YAML_HINT = "put the value in quotes, or mend the YAML there"


class _TomlHandler(frontmatter.default_handlers.BaseHandler):  # type: ignore[misc]
    """Front matter between ``+++``, read by the standard library; frontmatter's own wants toml."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = _TOML_FENCE

    def load(self, fm: str, **_: object) -> dict[str, Any]:
        """Return the table; errors carry their line in the message only."""
        return tomllib.loads(fm)


class FrontMatter(NamedTuple):
    """The head of a note: its known values, the text without it, and what could not be read.

    ``body`` has as many lines as the note, those of the head blank, so that line numbers stay true.
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


@dataclass(slots=True)
class _Head:
    """A head and what was read of it; the line numbers of its keys serve the warnings."""

    first_line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[NoteWarning] = field(default_factory=list)
    partial: bool = False

    def warn(
        self, message: str, *, key: str = "", line: int | None = None, hint: str = _YAML_HINT
    ) -> None:
        """Note a problem at a line, or else at the line of a key."""
        place = line if line is not None else self.lines.get(key, self.first_line)
        self.warnings.append(NoteWarning(message, place, hint))


def split_front_matter(text: str) -> FrontMatter:
    r"""Take the head off a note and read it.

    :param text: the whole note, lines ended by ``\n``.
    :return: the values, the body with the lines of the head left blank, and the warnings. A block
        that is no mapping (a letterhead between rules) stays in the body.
    """
    lines = text.split("\n")
    found = _find_head(lines)
    if found is None:
        return FrontMatter(text, warnings=_unclosed(lines))
    start, end = found
    head = _Head(first_line=start + 2)
    source = "\n".join(lines[start + 1 : end])
    handler = _TomlHandler() if lines[start].strip() == _TOML_FENCE else frontmatter.YAMLHandler()
    load = _load_toml if handler.START_DELIMITER == _TOML_FENCE else _load_yaml
    if not load(handler, source, head):
        # Without its rules, which would make a heading of it.
        kept = ["", *lines[start + 1 : end], ""]
        return FrontMatter("\n".join(lines[:start] + kept + lines[end + 1 :]))
    body = "\n".join([""] * (end + 1) + lines[end + 1 :])
    return FrontMatter(
        body,
        title=_read_text(head, "title"),
        date=_read_date(head),
        tags=tuple(_read_list(head, "tags", "tag", blanks=True, mark="#")),
        categories=tuple(_read_list(head, "categories", "category")),
        aliases=tuple(_read_list(head, "aliases", "alias")),
        permalink=_read_text(head, "permalink"),
        warnings=tuple(head.warnings),
        partial=head.partial,
    )


def parse_date(value: str) -> datetime.date | None:
    """Read a date at the start of a text: 2020-04-07, 2020/04/07 or 20200407, whatever follows.

    :param value: the text.
    :return: None where there is none, or where it is no moment of the calendar.
    """
    found = _ISO_DATE.match(value)
    if not found:
        return None
    try:
        return datetime.datetime(*(int(part) for part in found.groups(default="0"))).date()  # type: ignore[arg-type]
    except ValueError:
        return None


def _find_head(lines: list[str]) -> tuple[int, int] | None:
    """Return the positions of the two fences, None where there is no closed head."""
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
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
    message = "front matter is opened and never closed; all is read as text"
    return (NoteWarning(message, start + 1, "end it with a line of three hyphens"),)


def _load_toml(handler: Any, source: str, head: _Head) -> bool:
    """Read the head; return False when it is no head but text."""
    if not any(_TOML_LINE.match(line) for line in source.split("\n")):
        return not source.strip()
    try:
        head.values = {key.casefold(): value for key, value in handler.load(source).items()}
    except (ValueError, RecursionError) as exc:  # TOMLDecodeError is a ValueError
        found = re.search(r"line (\d+)", str(exc))
        line = head.first_line + int(found.group(1)) - 1 if found else head.first_line
        head.warn(f"front matter is no TOML: {exc}", line=line)
        head.partial = True
    return True


def _load_yaml(handler: Any, source: str, head: _Head) -> bool:
    """Read the head; return False when it is no head but text."""
    loader = _loader_for(head)
    try:
        if _is_too_deep(source, loader):
            raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
        loaded = handler.load(source, Loader=loader)
    except (yaml.YAMLError, ValueError) as exc:
        head.values = _salvage(source, head)
        if not head.values:
            return False
        head.warn(
            f"front matter is no YAML: {_problem(exc)}", line=head.first_line + _error_line(exc)
        )
        head.partial = True
        return True
    if loaded is None:
        return True
    if not isinstance(loaded, dict):
        return False
    head.values = loaded
    for key, value in head.values.items():
        if isinstance(value, str) and len(value) > _MAX_VALUE_CHARS:
            head.warn(
                f"the value of {key[:40]!r} is longer than {_MAX_VALUE_CHARS:,} characters", key=key
            )
            head.values[key] = value[:_MAX_VALUE_CHARS]
    return True


def _loader_for(head: _Head) -> type:
    """Return a safe loader that keeps scalars as written and reports a bad value by its line."""

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
    """A loader that knows texts, lists and mappings only; a bad value costs itself.

    Nothing of what PyYAML makes of tags is used: not its types, and not its kinds of exception.
    """

    report: _Head
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_document(self, node: Any) -> Any:
        """Return the value of the root node."""
        self._built: dict[int, Any] = {}
        return self._build(node)

    def _build(self, node: Any) -> Any:
        """Return the value of a node; one that an alias names again is the same object."""
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
            self._reject("a key is no text", key_node)
            return
        line = self.report.first_line + key_node.start_mark.line
        key = key_node.value.casefold()
        for value in self._checked(value_node, key_node):
            if key == "<<":
                self._merge(values, value, key_node)
                continue
            if key in values:
                name = key_node.value[:40]
                self.report.warn(f"the key {name!r} stands here a second time", line=line)
            values[key] = value
            self.report.lines.setdefault(key, line)

    def _merge(self, values: dict[str, Any], merged: Any, place: Any) -> None:
        for one in merged if isinstance(merged, list) else [merged]:
            if isinstance(one, dict):
                values.update({key: value for key, value in one.items() if key not in values})
            else:
                self._reject("what is to be merged here is no mapping", place)

    def _checked(self, node: Any, place: Any = None) -> list[Any]:
        """Return the value of a node in a list; an empty one if it has none that can be read."""
        kind = type(node)
        if node.tag != _TAG_OF_NODE[kind] and _OTHER_TAGS.get(node.tag) is not kind:
            self._reject(f"a value of the kind {node.tag[:60]!r} is not read", place or node)
            return []
        return [self._build(node)]

    def _reject(self, message: str, node: Any) -> None:
        self.report.warn(message, line=self.report.first_line + node.start_mark.line)
        self.report.partial = True


def _salvage(source: str, head: _Head) -> dict[str, Any]:
    """Read what looks like ``key: value`` line by line, where YAML as a whole fails."""
    values: dict[str, Any] = {}
    key = None
    for number, line in enumerate(source.split("\n"), head.first_line):
        found = _KEY_LINE.match(line)
        if found:
            key = found.group(1).casefold()
            values[key] = _bare(found.group(2) or "")
            head.lines.setdefault(key, number)
        elif key is not None and line.strip().startswith("- "):
            items = values[key] if isinstance(values[key], list) else []
            values[key] = [*items, _bare(line.strip()[2:])]
    return values


def _bare(value: str) -> Any:
    value = value.strip()[:_MAX_VALUE_CHARS]
    if value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        return [_bare(item) for item in value[1:-1].split(",")]
    return value.strip("\"'")


def _is_too_deep(source: str, loader: type) -> bool:
    """Tell whether a head is nested deeper than can be built; its events come one by one."""
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
    """Return the 0-based line of an error within the head: where a thing began that never ended."""
    mark, context = getattr(exc, "problem_mark", None), str(getattr(exc, "context", "") or "")
    if "quoted scalar" in context or "flow" in context:
        mark = getattr(exc, "context_mark", None) or mark
    return mark.line if mark is not None else 0


def _read_text(head: _Head, key: str) -> str | None:
    value = head.values.get(key)
    if isinstance(value, (str, int, float, datetime.date)):
        return " ".join(str(value).split()) or None
    if value is not None:
        head.warn(f"{key!r} is a {_type_name(value)}, not a text", key=key)
    return None


def _read_date(head: _Head) -> datetime.date | None:
    value = head.values.get("date")
    if isinstance(value, list):
        value = value[0] if value else None
    if not value:
        return None
    date = parse_date(str(value))
    if date is None:
        message = f"no date can be read in {str(value)[:40]!r}"
        head.warn(message, key="date", hint="write it as 2020-04-07")
    return date


def _read_list(head: _Head, *keys: str, blanks: bool = False, mark: str = "") -> list[str]:
    """Return the texts of a list, each once; a single text is cut at commas, or else at blanks.

    :param head: the front matter.
    :param *keys: the names the list may have.
    :param blanks: True to cut a single text without commas at blanks.
    :param mark: taken off the front of each text.
    """
    values: list[str] = []
    budget = iter(range(_MAX_NODES))
    for key in keys:
        value = head.values.get(key)
        if isinstance(value, str):
            values += value.split(",") if "," in value else value.split() if blanks else [value]
        elif value is not None:
            values += _flatten(value, budget)
    cleaned = (" ".join(value.split()).removeprefix("[[").removesuffix("]]") for value in values)
    unmarked = (value.removeprefix(mark) for value in cleaned)
    return list(dict.fromkeys(value for value in unmarked if value))


def _flatten(value: Any, budget: Iterator[int]) -> list[str]:
    """Return the texts within nested lists and mappings, as far as the budget of nodes goes."""
    texts: list[str] = []
    waiting = [value]
    for _ in budget:
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(reversed(list(value)))
        elif isinstance(value, (list, tuple, set)):
            waiting.extend(reversed(list(value)[:_MAX_NODES]))
        elif isinstance(value, (str, int, float, datetime.date)):
            texts.append(str(value))
    return texts


def _type_name(value: Any) -> str:
    if isinstance(value, list):
        return "list"
    return "mapping" if isinstance(value, dict) else type(value).__name__
