"""Interpret the values of a note's head: title, date, tags, aliases and searchable values.

``front_matter.py`` reads the syntax (YAML, TOML, JSON, ``key:: value``) into a ``Head``. This
module maps the keys of many programs to one meaning.
"""

from __future__ import annotations

import bisect
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from indexer.notes.links import read_wikilink
from indexer.notes.placeholders import has_placeholder, is_placeholder
from indexer.records import Block, BlockKind, NoteWarning, RawLink, Row
from indexer.text.dates import parse_date

YAML_HINT = "put the value in quotes, or correct the YAML there"
# A budget of nodes limits the walk, since aliases can expand a kilobyte to millions of values.
MAX_NODES = 10_000
MAX_VALUE_CHARS = 4_096  # of one value
_MAX_PROPERTIES = 200
_MAX_PROPERTY_CHARS = 200
_MAX_SHOWN_VALUES = 30

# Keys in the form used to compare: in lower case, without blanks, hyphens and underscores.
_TITLE_KEYS = ("title",)
_TAG_KEYS = ("tags", "tag", "keywords", "keyword", "filetags")
_CATEGORY_KEYS = ("categories", "category")
_ALIAS_KEYS = ("aliases", "alias")
_DATE_KEY = "date"
_CREATED_KEYS = (
    *("created", "createdat", "createdon", "createdtime", "creationdate", "creationtime"),
    *("datecreated", "dateadded", "dateofcreation", "ctime", "erstellt", "erstelltam", "datum"),
    *("fecha", "fechacreacion", "creado", "data", "datadecriacao", "criado", "creato", "creele"),
    *(
        "datecreation",
        "datedecreation",
        "дата",
        "создано",
        "日期",
        "创建时间",
        "创建日期",
        "作成日",
        "날짜",
    ),
    *("day", "dateposted", "postdate"),
    *("published", "publishdate", "publishedat", "publishedon", "pubdate", "datepublished"),
)
_UPDATED_KEYS = (
    *("updated", "updatedat", "updatedon", "lastupdated", "dateupdated", "updatedtime"),
    *("modified", "modifiedat", "datemodified", "lastmodified", "lastmodifiedat", "lastmod"),
    *("lastedited", "lasteditedtime", "edited", "geandert", "geändert", "geändertam", "mtime"),
    *("lastupdate", "lastupdatedat", "lastupdatedon", "updatedtimestamp", "modificado", "modifié"),
    *("更新时间", "更新日期", "更新日", "обновлено"),
)
_DATE_KEYS = frozenset({_DATE_KEY, *_CREATED_KEYS, *_UPDATED_KEYS})
# Keys that also have another meaning: their values are dates only if they can be read as such.
_UNSURE_DATE_KEYS = frozenset({"day", "data", "datum"})
_GROUPS = ("params", "extra", "taxonomies")
# Long texts about the topic of the note; each is a separate point.
_PROSE_KEYS = frozenset(
    "description summary abstract subtitle excerpt tldr synopsis lead teaser intro".split()
)
# Values for programs, not for readers: they work as filters but are in no point.
_TECHNICAL_KEYS = frozenset(
    """
    layout permalink slug url uri id uuid uid guid zettelid desc parent navorder weight order
    sidebarposition sidebarlabel sidebar paginationlabel hidetitle hidetableofcontents position
    draft published publish public private hidden comments share pin pinned sticky toc tocdepth
    mathjax math katex mermaid cssclass cssclasses css javascript template type2 image images cover
    coverimage banner bannery bannerx icon thumbnail thumb ogimage imageborderradius header
    redirectfrom redirectto lang language locale version schema schemaversion collapsed theme
    latitude longitude altitude
    output format execute engine jupyter bibliography csl link2 search nosearch excludesearch
    kanbanplugin excalidrawplugin obsidianuimode obsidianeditingmode dgpublish dghome dgpermalink
    frontmatterkey linter stub traitids children isfolder fname nav hide robots noindex sitemap
    heading backgroundcolor lstype hlpage hlcolor hlstamp
    """.split()
)
_IS_BOOLEAN = frozenset("true false yes no on off none null".split())
_MACHINE_TEXT = re.compile(
    r"(?:https?://\S+|/\S+|(?:text|image|application)/[\w.+-]+|\S+/[^\s/]*\.\w{2,5}|\S+\.(?:png|jpe?g|gif|svg|webp|css|js|html?)"
    r"|[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|\d{9,}|#[0-9a-f]{3,8})$",
    re.IGNORECASE,
)
_HAS_LETTER = re.compile(r"[^\W_]")
_MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\[\]\n]+)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)?)\)")
_ADDRESS = re.compile(r"(?<![(\w])https?://[^\s<>\"'\])]+")
_IMAGE_KEY = re.compile(
    r"[\s\"']*(?:\w*image|cover\w*|banner\w*|thumb\w*|icon|avatar|logo)\b", re.IGNORECASE
)
_PROSE_WORDS = 8
_COLONS = re.compile(r":(?:[^:\s]+:)+")  # tags of org: ":work:home:"


@dataclass(slots=True)
class Head:
    """The values of a head by key in lower case, with the 1-based line of each key.

    ``last_line`` is the last line of the head; ``warnings`` are collected while reading.
    """

    first_line: int
    last_line: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: list[NoteWarning] = field(default_factory=list)
    partial: bool = False
    _sorted: list[int] = field(default_factory=list)  # of the keys that are known so far

    def warn(
        self, message: str, *, key: str = "", line: int | None = None, hint: str = YAML_HINT
    ) -> None:
        """Add a warning at a line, or at the line of a key."""
        place = line if line is not None else self.lines.get(key, self.first_line)
        self.warnings.append(NoteWarning(message, place, hint))

    def end_of(self, key: str) -> int:
        """Return the last line of the value of a key."""
        start = self.lines.get(key, self.first_line)
        if len(self._sorted) != len(self.lines):
            self._sorted = sorted(self.lines.values())
        after = bisect.bisect_right(self._sorted, start)
        more = after < len(self._sorted)
        return max(start, self._sorted[after] - 1 if more else self.last_line)

    def keys(self, *names: str) -> list[str]:
        """Return the keys of the head with one of these names, in the order of the names."""
        found: dict[str, list[str]] = {}
        for key in self.values:
            found.setdefault(plain_key(key), []).append(key)
        return [key for name in names for key in found.get(name, ())]


def open_groups(head: Head) -> None:
    """Make the values that Hugo and Zola keep in groups values of the head, unless it has them."""
    for key in [key for key in head.values if plain_key(key) in _GROUPS]:
        group = head.values[key]
        if not isinstance(group, dict):
            continue
        del head.values[key]
        known = {plain_key(one) for one in head.values}
        for name, value in group.items():
            if plain_key(str(name)) not in known:
                head.values[str(name).casefold()] = value
                head.lines.setdefault(str(name).casefold(), head.lines.get(key, head.first_line))


def plain_key(key: str) -> str:
    """Return a key in the form used to compare: ``Date created`` equals ``date_created``."""
    return re.sub(r"[\s_.-]+", "", key.casefold())


def read_text(head: Head, name: str) -> str | None:
    """Return a value as one line of text, None if there is none; a list is reported.

    :param head: the values.
    :param name: the key in the form used to compare.
    """
    for key in head.keys(name):
        value = head.values[key]
        if isinstance(value, (str, int, float, datetime.date)):
            return shown_text(" ".join(_text_of(value).split())) or None
        if value is not None:
            head.warn(f"{key!r} is a {_type_name(value)}, not a text", key=key)
    return None


def read_title(head: Head) -> str | None:
    """Return the title, None for a placeholder of a template."""
    title = next(filter(None, (read_text(head, name) for name in _TITLE_KEYS)), None)
    return None if title and has_placeholder(title) else title


def read_tags(head: Head) -> tuple[str, ...]:
    """Return the tags and keywords, each once, without ``#``."""
    return tuple(_read_list(head, _TAG_KEYS, blanks=True, mark="#"))


def read_categories(head: Head) -> tuple[str, ...]:
    """Return the categories, each once."""
    return tuple(_read_list(head, _CATEGORY_KEYS))


def read_aliases(head: Head) -> tuple[str, ...]:
    """Return the other names of the note, each once."""
    return tuple(_read_list(head, _ALIAS_KEYS))


def read_dates(head: Head) -> tuple[datetime.date | None, datetime.date | None]:
    """Return the date of a note, and as a weaker one the date of its last change.

    Every invalid value of a date key is reported with its line.
    """
    found: dict[str, datetime.date] = {}
    for key in head.keys(_DATE_KEY, *_CREATED_KEYS, *_UPDATED_KEYS):
        for part, value in _dates_in(head.values[key], plain_key(key)):
            date = _read_date(head, key, value)
            if date is not None:
                found.setdefault(part, date)
    created = next((found[k] for k in (_DATE_KEY, *_CREATED_KEYS) if k in found), None)
    return created, next((found[k] for k in _UPDATED_KEYS if k in found), None)


def _dates_in(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of a date; ``date:`` may be a list, or have ``created:``, ``updated:``."""
    if isinstance(value, dict):
        known = [(plain_key(str(name)), one) for name, one in value.items()]
        inner = [
            (key if name == _DATE_KEY else name, one) for name, one in known if name in _DATE_KEYS
        ]
        yield from inner or [(key, value)]
    elif isinstance(value, list):
        flat = [one for one in _flatten(value, iter(range(10)))]
        yield key, flat[0] if flat else None
    else:
        yield key, value


def _read_date(head: Head, key: str, value: Any) -> datetime.date | None:
    text = "" if value is None else _text_of(value).strip()
    if plain_key(key) in _UNSURE_DATE_KEYS:
        return parse_date(text)
    if not text or text.lower() in _IS_BOOLEAN or has_placeholder(text):
        return None
    date = parse_date(text)
    if date is None:
        head.warn(f"no date can be read in {text[:40]!r}", key=key, hint="write it as 2020-04-07")
    return date


def read_properties(head: Head) -> tuple[tuple[str, str], ...]:
    """Return all other values as (key, text) pairs, one per text of a list."""
    named = {*_TITLE_KEYS, *_TAG_KEYS, *_CATEGORY_KEYS, *_ALIAS_KEYS}
    found: dict[tuple[str, str], None] = {}
    for key, value in head.values.items():
        if plain_key(key) not in named:
            found.update(dict.fromkeys(_pairs(key, value)))
    return tuple(found)[:_MAX_PROPERTIES]


def _pairs(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, text) for a value: a link by its text and target, a group by its inner keys."""
    for text in _texts(value):
        yield key, text[:_MAX_PROPERTY_CHARS]
    for text in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
        if isinstance(text, str) and "[[" in text:
            for link, _, _ in _wikilinks(text):
                target = link.target.partition("#")[0].rpartition("/")[2]
                yield key, target[:_MAX_PROPERTY_CHARS]
    if isinstance(value, dict):
        for name, inner in list(value.items())[:_MAX_PROPERTIES]:
            for text in _texts(inner):
                yield f"{key}.{str(name).casefold()}", text[:_MAX_PROPERTY_CHARS]


def with_fields(
    properties: tuple[tuple[str, str], ...], fields: list[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the values of a head, followed by those that its text holds (``key:: value``).

    :param properties: from ``read_properties``.
    :param fields: (key, text as written) pairs.
    """
    if not fields:
        return properties
    found = dict.fromkeys(properties)
    for key, value in fields:
        found.update(dict.fromkeys(_pairs(key, value)))
    return tuple(found)[:_MAX_PROPERTIES]


def property_blocks(head: Head) -> list[Block]:
    """Return the head as blocks for readers: one for all short values, one per long text.

    The title and dates are left out, since they are shown with every point of the note.
    """
    short: list[tuple[str, str]] = []
    long: list[Block] = []
    for key, value in head.values.items():
        name = plain_key(key)
        if name in _TECHNICAL_KEYS or name in _TITLE_KEYS or _is_date(name, value):
            continue
        texts = [text for text in _read_shown(head, key, value) if _is_words(text)]
        if name in _PROSE_KEYS or any(len(text.split()) >= _PROSE_WORDS for text in texts):
            long += [_block(BlockKind.PARAGRAPH, text, head, key) for text in texts]
        elif texts:
            label = key.replace("_", " ").replace("-", " ").capitalize()
            short.append((key, f"{label}: {', '.join(texts[:_MAX_SHOWN_VALUES])}"))
    if not short:
        return long
    first = min(head.lines.get(key, head.first_line) for key, _ in short)
    last = max(head.end_of(key) for key, _ in short)
    row = Row(first, " | ".join(text for _, text in short))
    return [Block(BlockKind.PROPERTIES, (row,), first, last), *long]


def _is_date(name: str, value: Any) -> bool:
    """Return whether a value is the date of its note, which is shown with every point."""
    unsure = name in _UNSURE_DATE_KEYS
    return name in _DATE_KEYS and not (unsure and parse_date(_text_of(value)) is None)


def property_links(lines: list[str], first_line: int) -> list[RawLink]:
    """Return the links in the lines of a head: wikilinks, Markdown links and web addresses.

    :param lines: the head without its fences.
    :param first_line: the 1-based line of the first of them.
    """
    found = []
    for number, line in enumerate(lines, first_line):
        found += [link._replace(line=number) for link, _, _ in _wikilinks(line)]
        found += [RawLink(number, text, to) for text, to in _MARKDOWN_LINK.findall(line)]
        if not _IMAGE_KEY.match(line):
            found += [RawLink(number, to, to) for to in _ADDRESS.findall(line)]
    return found


def shown_text(text: str) -> str:
    """Return the shown form of a value, with wikilinks as their text."""
    parts, end = [], 0
    for link, start, after in _wikilinks(text):
        parts += [text[end:start], link.text]
        end = after
    return "".join([*parts, text[end:]]).strip() if parts else text.strip()


def _wikilinks(text: str) -> Iterator[tuple[RawLink, int, int]]:
    """Yield the wikilinks of a text, each with its start and end."""
    start = text.find("[[")
    while start >= 0:
        found = read_wikilink(text, start, len(text))
        if found:
            yield found[0], start, found[1]
        start = text.find("[[", found[1] if found else start + 2)


def _block(kind: BlockKind, text: str, head: Head, key: str) -> Block:
    line = head.lines.get(key, head.first_line)
    return Block(kind, (Row(line, text),), line, head.end_of(key))


def _read_shown(head: Head, key: str, value: Any) -> list[str]:
    """Return the shown texts of a value; tags and aliases in their interpreted form."""
    name = plain_key(key)
    for names, blanks, mark in (
        (_TAG_KEYS, True, "#"),
        (_CATEGORY_KEYS, False, ""),
        (_ALIAS_KEYS, False, ""),
    ):
        if name in names:
            return _read_list(head, (name,), blanks=blanks, mark=mark)
    return list(_texts(value))


def _is_words(text: str) -> bool:
    """Return whether a text is useful for a reader: not an address, path or id."""
    return bool(
        _HAS_LETTER.search(text)
        and text.lower() not in _IS_BOOLEAN
        and not _MACHINE_TEXT.match(text)
        and not has_placeholder(text)
    )


def _texts(value: Any) -> Iterator[str]:
    values = [value] if isinstance(value, str) else _flatten(value, iter(range(MAX_NODES)))
    for one in values:
        text = shown_text(" ".join(one.split()))
        if text:
            yield text


def _read_list(
    head: Head, names: tuple[str, ...], *, blanks: bool = False, mark: str = ""
) -> list[str]:
    """Return the texts of a list, each once; a single text is split at commas or blanks.

    :param head: the values.
    :param names: the possible keys of the list, in the form used to compare.
    :param blanks: True to split a single text without commas at blanks.
    :param mark: removed from the start of each text.
    """
    values: list[str] = []
    budget = iter(range(MAX_NODES))
    for key in head.keys(*names):
        value = head.values[key]
        if isinstance(value, str):
            values += _cut_list(value, blanks=blanks)
        elif value is not None:
            values += _flatten(value, budget, keys=True)
    cleaned = (shown_text(" ".join(value.split())) for value in values)
    unmarked = (value.removeprefix(mark).strip() for value in cleaned)
    return list(dict.fromkeys(v for v in unmarked if v and not is_placeholder(v)))


def _cut_list(value: str, *, blanks: bool) -> list[str]:
    """Split a text that is a list; commas and blanks inside ``[[...]]`` do not count."""
    if blanks and _COLONS.fullmatch(value.strip()):
        return value.strip(" :").split(":")
    parts = re.findall(r"(?:\[\[[^\[\]]*\]\]|[^,])+", value) if "," in value else [value]
    if len(parts) > 1 or not blanks:
        return parts
    return re.findall(r"#?\[\[[^\[\]]*\]\]|\S+", value)


def _flatten(value: Any, budget: Iterator[int], *, keys: bool = False) -> list[str]:
    """Return the texts in nested lists and mappings, within a budget of nodes.

    :param value: the nested value.
    :param budget: one for each node.
    :param keys: True to use the keys of a mapping, or its label, instead of its values.
    """
    texts: list[str] = []
    waiting = [value]
    for _ in budget:
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(reversed(_names_in(value) if keys else list(value.values())))
        elif isinstance(value, (list, tuple, set)):
            waiting.extend(reversed(list(value)[:MAX_NODES]))
        elif isinstance(value, (str, int, float, datetime.date)):
            texts.append(_text_of(value))
    return texts


def _text_of(value: Any) -> str:
    """Return a value as text; Python writes numbers of thousands of digits only to the base 16."""
    try:
        return str(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else type(value).__name__


def _names_in(value: dict[Any, Any]) -> list[Any]:
    """Return the label of a mapping (``{label: x, permalink: /x}``), else its keys."""
    label = next((value[key] for key in ("label", "name") if value.get(key)), None)
    return list(value) if label is None else [label]


def _type_name(value: Any) -> str:
    if isinstance(value, list):
        return "list"
    return "mapping" if isinstance(value, dict) else type(value).__name__
