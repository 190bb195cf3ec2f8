"""Read the marks of programs that write Markdown in their own way, line by line.

These are the macros of Roam, roles and targets of MyST, notes in brackets of HedgeDoc, differences
of GitLab, expressions of SilverBullet, sizes of images, line blocks and lettered lists of Pandoc.
Lines keep their number; code is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from indexer.notes.links import markdown_link
from indexer.notes.markdown.shortcodes import Meaning, Shortcode, read_shortcode

_ROAM = re.compile(
    r"\{\{\[\[(TODO|DONE|video|youtube|audio|pdf|iframe|tweet|query|table|kanban|slider|mermaid|diagram"
    r"|word-count|calc|POMO|attr-table|encrypt|embed|embed-path|orphans|streak|character-count)\]\]"
    r"(?:\s*+:?+\s*+((?:[^{}\n]++|\{[^{}\n]*+\})*+))?+\}\}[ \t]*"
)
_ROAM_ADDRESSES = frozenset("video youtube audio pdf iframe tweet".split())
# ![text](path =200x100) and ![text](path "title" =50%x)
_SIZE = r"\s++=(?:\d+%?x(?:\d+%?)?|x\d+%?|\d+%)\s*+\)"
_IMAGE_SIZE = re.compile(rf"(!\[[^\[\]\n]*+\]\((?:[^()\s]++|(?!{_SIZE})[^\S\n]++)*+){_SIZE}")
_CLASS_LINE = re.compile(r"[\s>]*\{\s*\.[\w:-]+(?:\s+[.#][\w:-]+)*\s*\}\s*$")
_SAID = re.compile(r"\[(?:name|time)=([^\[\]\n]+)\]")
_COLOUR = re.compile(r"(?:(?<!\s)\s++)?\[color=[^\[\]\n]*+\]")
_TAGS_LINE = re.compile(r"#{1,6}[ \t]+tags:[ \t]*((?:`[^`\n]+`[ \t,]*)+)$", re.MULTILINE)
_INCLUDE = re.compile(r"(?:(?<!\s)\s++)?::include\{file=[\"']?([^\"'{}\n]+)[\"']?\}\s*$")
_DIFFERENCE = re.compile(r"([{\[])([+-]) (\S(?:[^{}\[\]\n]*?\S)?) \2([}\]])")
# An element of HTML with values of MDX.
_JSX_TAG = re.compile(
    r"<(?:img|a|video|audio|source|iframe|div|span|p)\s(?:[^<>{}\n]|=\{(?:[^{}\n]|\{[^{}\n]*\})*\})*>"
)
_JSX_ATTRIBUTE = re.compile(r"(?<!\s)\s++[A-Za-z-]++=\{(?:[^{}\n]++|\{[^{}\n]*+\})*+\}")
# Handlebars
_PARTIAL = re.compile(r"\{\{(?:!--.{0,1000}?--|![^{}]*|>[^{}]*)\}\}")
_EXPRESSION = re.compile(r"\s*(?:[-*+]\s+)?(?:\$\{[^$]*\}\s*)+$")
_COMMAND = re.compile(r"(?<![\w^}\])])\{\[(?:[A-Z][^\[\]|{}\n]*\|)?([A-Z][^\[\]|{}\n]+)\]\}")
# MyST
_TARGET = re.compile(r"\(([\w:./-]+)\)=[ \t]*$")
_ROLE = re.compile(r"(?<![\w`])\{([A-Za-z][\w:.+-]*)\}(`+)([^`\n]+)\2(?!`)")
_ROLE_PLACE = re.compile(r"(.*\S)\s*<([^<>]+)>$")
_TO_LABEL = frozenset("ref numref eq".split())
_TO_PATH = frozenset("doc download".split())
_CELL_BREAK = re.compile(r"\+\+\+(?:\s++(?:\{.*\}|[\w.-](?:[\w .-]{0,58}[\w.-])?))?\s*$")
_CARD_RULE = re.compile(r"\s*(?:\^{3,}|\+{3,})\s*$")
_COMMENT = re.compile(r"%(?:\s.*|)$")
# Pandoc
_LINE_BLOCK = re.compile(r"(\s*)\|(?:[ \t]++([^|]*))?$")
_LETTERED = re.compile(r"(\s*)(?:\(([a-z]|[ivx]{1,5})\)|([a-z]|[ivx]{1,5})[.)]|(#)\.)(\s+)(?=\S)")
_LETTERED_START = re.compile(r"^[ \t]*(?:\([ai]\)|[ai][.)]|#\.)[ \t]", re.MULTILINE)
_HOLDERS = frozenset({Meaning.NOTICE, Meaning.FOLD, Meaning.GROUP})
_MAX_DEPTH = 20  # of shortcodes in each other that get a title
_FIRSTS = {"a": "b", "i": "ii", "#": "#"}


def with_other_marks(
    lines: list[str], body: str, is_code: Callable[[int], bool], *, shown: bool = False
) -> list[str]:
    """Return lines in which the marks of other programs are replaced by what readers see.

    :param lines: of a body.
    :param body: the same as one text, to skip what it cannot hold.
    :param is_code: returns whether the line at a position is a fence or in one.
    :param shown: True for the page, which draws shortcodes itself, and letters as written.
    """
    rules = _rules_for(body)
    kept = list(lines)
    if rules:
        for index, line in enumerate(kept):
            if line and not is_code(index):
                kept[index] = _changed(line, rules)
    if "\n>>>>>>> " in body and "<<<<<<< " in body:
        _open_conflicts(kept)
    if not shown and ("%}" in body or "}}" in body):
        _open_titled(kept, is_code)
    if "START_TLDRAW_DATA" in body:
        _empty_drawing(kept)
    if "\n|" in body or body.startswith("|"):
        _open_line_blocks(kept, is_code)
    if not shown and _LETTERED_START.search(body):
        _number_lists(kept, is_code)
    return kept


def written_tags(body: str) -> list[str]:
    """Return the tags of a line ``###### tags: `a` `b` `` (HedgeDoc)."""
    if "# tags:" not in body:
        return []
    found = _TAGS_LINE.finditer(body)
    return [tag.strip() for line in found for tag in re.findall(r"`([^`]+)`", line.group(1))]


def label_at(line: str) -> str:
    """Return the label that a line of MyST gives to what is below it, "" for other lines."""
    found = _TARGET.match(line) if line.startswith("(") else None
    return found.group(1) if found else ""


_Rule = Callable[[str], str]


def _rules_for(body: str) -> list[_Rule]:
    """Return the rules that can apply to a body, by the signs in it."""
    is_myst = ")=\n" in body or "}`" in body or "```{" in body or ":::{" in body
    sizes = " =" in body and "](" in body and _IMAGE_SIZE.search(body)
    differs = any(sign in body for sign in ("{+ ", "[+ ", "{- ", "[- "))
    signs: tuple[tuple[bool, _Rule], ...] = (
        ("{{[[" in body, lambda line: _ROAM.sub(_roam_words, line)),
        (bool(sizes), lambda line: _IMAGE_SIZE.sub(r"\1)", line)),
        ("{." in body or "{ ." in body, _without(_CLASS_LINE)),
        ("[name=" in body or "[time=" in body, _outside_code(_SAID, r"\1")),
        ("[color=" in body, _outside_code(_COLOUR, "")),
        ("# tags:" in body, _without(_TAGS_LINE)),
        ("={" in body, _outside_code(_JSX_TAG, lambda tag: _JSX_ATTRIBUTE.sub("", tag[0]))),
        ("::include{" in body, lambda line: _INCLUDE.sub(r"![[\1]]", line)),
        (differs, _outside_code(_DIFFERENCE, _words_of_difference)),
        ("{{!" in body or "{{>" in body, _outside_code(_PARTIAL, "")),
        ("${" in body, _without(_EXPRESSION)),
        ("{[" in body, _outside_code(_COMMAND, r"\1")),
        (")=" in body, _without(_TARGET)),
        ("}`" in body, lambda line: _ROLE.sub(_role_words, line)),
        ("+++" in body, _without(_CELL_BREAK)),
        (is_myst and "^^^" in body, _without(_CARD_RULE)),
        (is_myst and "%" in body, _without(_COMMENT)),
    )
    return [rule for applies, rule in signs if applies]


def _changed(line: str, rules: Sequence[_Rule]) -> str:
    for rule in rules:
        line = rule(line)
    return line


def _outside_code(pattern: re.Pattern[str], shown: str | Callable[[re.Match[str]], str]) -> _Rule:
    """Return a rule for lines without code spans and formulas, which look like marks."""
    return lambda line: line if "`" in line or "$" in line else pattern.sub(shown, line)


def _without(pattern: re.Pattern[str]) -> _Rule:
    return lambda line: "" if pattern.match(line) else line


def _roam_words(found: re.Match[str]) -> str:
    name, given = found.group(1), (found.group(2) or "").strip()
    if name in _ROAM_ADDRESSES:
        return f"{given} "
    return f"![[{given[2:-2]}]] " if name == "embed" and given.startswith("[[") else ""


def _words_of_difference(found: re.Match[str]) -> str:
    return found.group(3) if found.group(1) + found.group(4) in ("{}", "[]") else found.group()


def _role_words(found: re.Match[str]) -> str:
    """Return a role as a link, a formula or code, as which it is drawn."""
    name, words = found.group(1).rpartition(":")[2], found.group(3).strip()
    placed = _ROLE_PLACE.match(words)
    text, place = placed.groups() if placed else (words, words)
    if name in _TO_LABEL:
        return markdown_link(text, f"#{place}")
    if name in _TO_PATH:
        return markdown_link(text if placed else place.rpartition("/")[2], place)
    if name == "math":
        return f"${words}$"
    return f"{found.group(2)}{text}{found.group(2)}"


def _open_line_blocks(lines: list[str], is_code: Callable[[int], bool]) -> None:
    """Remove the bars of line blocks: at least two lines that begin with the only bar they have."""
    start = -1
    for index in range(len(lines) + 1):
        line = lines[index] if index < len(lines) else ""
        if line.lstrip().startswith("|") and _LINE_BLOCK.match(line) and not is_code(index):
            start = index if start < 0 else start
            continue
        if start >= 0 and index - start > 1 and not line.lstrip().startswith("|"):
            for place in range(start, index):
                lines[place] = _LINE_BLOCK.sub(r"\1\2", lines[place])
        start = -1


def _open_conflicts(lines: list[str]) -> None:
    """Remove the marks that git leaves around the two sides of a conflict."""
    start = side = -1
    for index, line in enumerate(lines):
        if line.startswith("<<<<<<< "):
            start, side = index, -1
        elif start >= 0 and side < 0 and line.rstrip() == "=======":
            side = index
        elif side >= 0 and line.startswith(">>>>>>> "):
            lines[start] = lines[side] = lines[index] = ""
            start = side = -1


def _open_titled(lines: list[str], is_code: Callable[[int], bool]) -> None:
    """Write shortcodes with a title and an end as containers, so that it is above what they hold.

    Outer containers have more colons.
    """
    opened: list[tuple[int, Shortcode]] = []
    names: Counter[str] = Counter()  # of those: most ends of a hostile note end nothing
    for index, line in enumerate(lines):
        code = None if is_code(index) else _lone_shortcode(line)
        if code is None or not (code.closes or code.meaning in _HOLDERS):
            continue
        if not code.closes:
            opened.append((index, code))
            names[code.name] += 1
            continue
        if not names[code.name]:
            continue
        start, first = opened.pop()
        names[first.name] -= 1
        while first.name != code.name:
            start, first = opened.pop()
            names[first.name] -= 1
        if first.heading:
            marks = ":" * max(4, _MAX_DEPTH - len(opened))
            lines[start], lines[index] = f"{marks} note {first.heading}", marks


def _lone_shortcode(line: str) -> Shortcode | None:
    """Return the shortcode that is alone on a line that is not indented."""
    if not line.startswith(("{{", "{%")):
        return None
    code = read_shortcode(line, 0, len(line))
    return code if code and code.source == line.rstrip() else None


def _empty_drawing(lines: list[str]) -> None:
    """Empty the lines that the tldraw plugin of Obsidian writes."""
    inside = False
    for index, line in enumerate(lines):
        inside = inside or line.startswith("!!!START_TLDRAW_DATA")
        if inside:
            inside = not line.startswith("!!!END_TLDRAW_DATA")
            lines[index] = ""


def _number_lists(lines: list[str], is_code: Callable[[int], bool]) -> None:
    """Write lists with letters or Roman numbers (``a)``, ``ii.``, ``#.``) with numbers.

    A list begins with its first letter below a blank line or a line that ends with a colon, and
    has a second item.
    """
    place = 0
    while place < len(lines):
        items = [] if is_code(place) else _items_from(lines, place)
        for number, (index, found) in enumerate(items, 1):
            line = lines[index]
            lines[index] = f"{found.group(1)}{number}.{found.group(5)}{line[found.end() :]}"
        place = items[-1][0] + 1 if items else place + 1


def _items_from(lines: list[str], place: int) -> list[tuple[int, re.Match[str]]]:
    """Return the items of the lettered list that begins at a line, none if there is none."""
    found = _LETTERED.match(lines[place])
    above = lines[place - 1].rstrip() if place else ""
    if not found or (above and not above.endswith(":")) or _label(found) not in _FIRSTS:
        return []
    style, indent, first = _style(found), found.group(1), _label(found)
    items = [(place, found)]
    for index in range(place + 1, min(place + 200, len(lines))):
        line = lines[index]
        more = _LETTERED.match(line)
        if more and more.group(1) == indent and _style(more) == style:
            if len(items) == 1 and _label(more) != _FIRSTS[first]:
                return []
            items.append((index, more))
        elif not line.strip():
            continue
        elif not line.startswith((" ", "\t")) and not lines[index - 1].strip():
            break
    return items if len(items) > 1 else []


def _label(found: re.Match[str]) -> str:
    return found.group(2) or found.group(3) or found.group(4)


def _style(found: re.Match[str]) -> str:
    """Return the signs around the letter of an item."""
    return found.group().strip().replace(_label(found), "", 1)
