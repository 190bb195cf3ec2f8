"""Remove marks of dialects from a line that is not code: critic marks, keys, rules of tables."""

from __future__ import annotations

import re

# Critic Markup: what was added, deleted, replaced, commented.
_CRITIC = tuple(map(re.compile, (r"\{(>>)", r"\{(\+\+|--|==)", r"\{(~~)")))
_CRITIC_ENDS = {">>": "<<}"}
_KEYS = re.compile(
    r"(?<![\w+])\+\+([a-z][\w-]+(?:\+[\w\"-]+)*|[a-z]\w*(?:\+[\w\"-]+)+)\+\+(?![\w+])"
)
_ABBREVIATION = re.compile(r"\*\[([^\[\]\n]+)\]:\s+(\S.*)$")
# "H~2~O" and "10^th^" are words; "x^2^" stays, as it is typed.
_LOW_OR_HIGH = re.compile(r"(?<=[\w)\]])(?:~([\w+\u2212-]{1,8})~(?!~)|\^([^\W\d_]{1,8})\^(?!\^))")
_HIGHLIGHT = re.compile(r"\^\^(?=\S)([^^\n]+?)\^\^")
_INLINE_NOTE = re.compile(r"(?<![\\\w])\^\[([^\[\]\n]+)\]|(?<=[\w.,;:!?)])\^\[([^\[\]\n]+)\]")
# The names that Python gives a meaning: no emphasis.
_DUNDER = re.compile(
    r"(?<![\w\\])__(init|main|name|file|doc|all|new|del|str|repr|call|dict|len|eq|hash|iter|next|enter"
    r"|exit|getitem|setitem|getattr|setattr|class|slots|version|future|import|pycache|tests)__(?!\w)"
)
_TASK = re.compile(r"(\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+)\[[/<>!?*\"~.oOlbiSIpcfkwudn-]\]\s+(?=\S)")
_CLOZE = re.compile(r"\{\{cloze\s++([^{}\n]++)\}\}")
_PROGRAM_LINE = re.compile(
    r"\s*(?:-+8<-+(?:\s.*)?|<-{3,}>|<<<\s*@?[./]\S+|\\(?:newpage|pagebreak|clearpage|tableofcontents|maketitle|"
    r"listoffigures|listoftables|bigskip|medskip|vspace\*?\{[^}]*\})|\$=\s.*|&nbsp;|\\)\s*$"
)
_PROGRAM_STARTS = ("-", "<", "\\", "$", "&")
_GRID_RULE = re.compile(r"\s*\+(?:[=:-]{3,}\+)+\s*$")
_BAR_RULE = re.compile(r"\s*+\|?+\s*+:?+-{3,}+:?+\s*+(?:\|\s*+:?+-{3,}+:?+\s*+)*+\|?+\s*+$")
_EQUALS = re.compile(r"\s*={3,}\s*$")
_RULE_SIGNS = " \t+|=:-"
_ALT = re.compile(
    r"\{(?:(?!\bfig-alt=[\"'])[^{}\n])*+fig-alt=(?:\"([^\"]*+)\"|'([^']*+)')[^{}\n]*+\}"
)


def clean_marks(line: str) -> str:
    """Return a line without the marks of dialects; code spans and formulas are left alone."""
    start = line.lstrip()[:1]
    if start in _PROGRAM_STARTS and _PROGRAM_LINE.match(line):
        return ""
    if start == "*" and (found := _ABBREVIATION.match(line)):
        return f"{found.group(1)}: {found.group(2)}"
    if "[" in line and (task := _TASK.match(line)):
        line = task.group(1) + line[task.end() :]
    if "`" in line or "$" in line:
        return line
    if "{" in line:
        line = _clean_braces(line)
    if "++" in line:
        line = _KEYS.sub(r"\1", line)
    if "__" in line:
        line = _DUNDER.sub(r"\\_\\_\1\\_\\_", line)
    if "^" in line or "~" in line:
        line = _INLINE_NOTE.sub(lambda note: f" ({note[1] or note[2]})", line)
        line = _LOW_OR_HIGH.sub(r"\1\2", _HIGHLIGHT.sub(r"\1", line))
    return line


def _clean_braces(line: str) -> str:
    for opening in _CRITIC:
        line = _without_critic(line, opening)
    line = _CLOZE.sub(r"\1", line)
    return _ALT.sub(lambda alt: f" {alt[1] or alt[2]}", line)


def _without_critic(line: str, opening: re.Pattern[str]) -> str:
    """Return a line without one kind of critic marks.

    Of a replacement, the new text is kept. An end that does not follow is searched only once.
    """
    parts: list[str] = []
    here = 0
    vain: set[str] = set()
    found = opening.search(line)
    while found:
        marks = found.group(1)
        end = _CRITIC_ENDS.get(marks, f"{marks}}}")
        start = line.find("~>", found.end()) + 2 if marks == "~~" else found.end()
        stop = line.find(end, start) if marks not in vain and start > 1 else -1
        if stop < 0:
            vain.add(marks)
            parts.append(line[here : found.end()])
            here = found.end()
        else:
            kept = "" if marks == ">>" else line[start:stop]
            parts += [line[here : found.start()], kept]
            here = stop + len(end)
        found = opening.search(line, here)
    return "".join([*parts, line[here:]])


def is_rule(line: str, above: str) -> bool:
    """Return whether a line only draws the rule of a table or an underline without text above it.

    :param line: the line.
    :param above: the line before it, as cleaned.
    """
    if line.strip(_RULE_SIGNS):
        return False
    if not above.strip():
        return bool(_EQUALS.match(line) or ("|" in line and _BAR_RULE.match(line))) or bool(
            _GRID_RULE.match(line)
        )
    return bool(_GRID_RULE.match(line))


def cells_of_grid(line: str) -> str:
    """Return a row of a grid table or line block without its outer bars."""
    return line.strip().strip("|").strip()
