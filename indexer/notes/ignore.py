"""Patterns of ``.notepointignore``: the syntax of ``.gitignore``, matched in bounded time.

A pattern becomes a regular expression without backtracking (atomic groups), so a stranger's line
costs little, no matter how many stars it has. As in git, bytes are compared, and the last matching
pattern decides. An ignored folder is not entered, so a later pattern cannot include files in it
again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

# Patterns with wildcards, other than one leading star, cost time for each file.
MAX_GLOBS = 1_000
MAX_PATTERN_BYTES = 4_096
_WILD = b"*?[\\"
_ANY, _IN_NAME = rb"[\s\S]", rb"[^/]"
_CLASSES = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": b"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": b"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\x09-\x0d\x20",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}


class BadPattern(Exception):
    """A pattern that is invalid or not applied; the message says why."""


class _Rule(NamedTuple):
    """The decision of a pattern; ``order`` is larger for later ones."""

    order: int
    ignores: bool
    folders_only: bool


class _Glob(NamedTuple):
    rule: _Rule
    whole_path: bool
    regex: re.Pattern[bytes]


class IgnoreRules:
    """The patterns of a file, in order."""

    def __init__(self) -> None:
        """Start without patterns."""
        self._names: dict[bytes, dict[bool, _Rule]] = {}
        self._paths: dict[bytes, dict[bool, _Rule]] = {}
        self._endings: dict[bytes, dict[bool, _Rule]] = {}
        self._ending_lengths: set[int] = set()
        self._globs: list[_Glob] = []
        self._order = 0

    def add(self, line: bytes) -> None:
        """Add a line of the file; comments and blank lines have no effect.

        :param line: without its line end.
        :raises BadPattern: if it can never match, or there are too many patterns.
        """
        # As in git, a NUL ends a pattern.
        pattern = _strip_blanks(line.removesuffix(b"\r").partition(b"\0")[0])
        if not pattern or pattern.startswith(b"#"):
            return
        if len(pattern) > MAX_PATTERN_BYTES:
            raise BadPattern(f"a pattern of more than {MAX_PATTERN_BYTES:,} bytes is not applied")
        ignores = not pattern.startswith(b"!")
        pattern = pattern if ignores else pattern[1:]
        folders_only = pattern.endswith(b"/")
        pattern = pattern[:-1] if folders_only else pattern
        if not pattern:
            raise BadPattern("a pattern without a name matches nothing")
        self._order += 1
        self._file(pattern, _Rule(self._order, ignores, folders_only))

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Return whether the patterns ignore a path whose folders are not ignored.

        :param path: relative to the notes folder, ``/`` separated.
        :param is_folder: True for a folder that is not a link.
        """
        whole = os.fsencode(path)
        name = whole.rpartition(b"/")[2]
        best: _Rule | None = None
        for rule in self._plain(whole, name):
            if (is_folder or not rule.folders_only) and (best is None or rule.order > best.order):
                best = rule
        for glob in reversed(self._globs):
            if best is not None and glob.rule.order < best.order:
                break
            fits = is_folder or not glob.rule.folders_only
            if fits and glob.regex.fullmatch(whole if glob.whole_path else name):
                return glob.rule.ignores
        return best is not None and best.ignores

    def _plain(self, whole: bytes, name: bytes) -> Iterator[_Rule]:
        """Yield the matching rules without wildcards, or with only a leading star."""
        yield from self._names.get(name, {}).values()
        yield from self._paths.get(whole, {}).values()
        for length in self._ending_lengths:
            if length <= len(name):
                yield from self._endings.get(name[len(name) - length :], {}).values()

    def _file(self, pattern: bytes, rule: _Rule) -> None:
        """File a rule under the names or paths that it can match."""
        whole_path = b"/" in pattern
        pattern = pattern.removeprefix(b"/") if whole_path else pattern
        if not _is_wild(pattern):
            place = self._paths if whole_path else self._names
            place.setdefault(pattern, {})[rule.folders_only] = rule
        elif not whole_path and pattern.startswith(b"*") and not _is_wild(pattern[1:]):
            self._endings.setdefault(pattern[1:], {})[rule.folders_only] = rule
            self._ending_lengths.add(len(pattern) - 1)
        else:
            if len(self._globs) == MAX_GLOBS:
                raise BadPattern(f"more than {MAX_GLOBS:,} patterns with wildcards: not applied")
            self._globs.append(_Glob(rule, whole_path, _compile(pattern, whole_path=whole_path)))


def _is_wild(pattern: bytes) -> bool:
    return any(byte in _WILD for byte in pattern)


def _strip_blanks(line: bytes) -> bytes:
    r"""Return a line without the blanks at its end, except one after a ``\``."""
    kept = place = 0
    while place < len(line):
        if line[place : place + 1] == b"\\":
            if place + 1 == len(line):
                return line
            place += 1
            kept = place + 1
        elif line[place : place + 1] != b" ":
            kept = place + 1
        place += 1
    return line[:kept]


# --- translation --------------------------------------------------------------------------------

# The tokens of a pattern: regular expressions for one byte each, and stars: within a name, over
# everything, or over whole folders ("**/").
_STAR, _STARS, _FOLDERS = b"*", b"**", b"**/"


def _compile(pattern: bytes, *, whole_path: bool) -> re.Pattern[bytes]:
    """Return the regular expression of a pattern with wildcards.

    As in git, the part before the first wildcard is removed first, so two stars after it count as
    at the start (dir.c, ``match_pathname``).
    """
    start = next(place for place, byte in enumerate(pattern) if byte in _WILD)
    tokens = list(_tokens(pattern[start:], whole_path=whole_path))
    return re.compile(re.escape(pattern[:start]) + _join(tokens))


def _join(tokens: list[bytes]) -> bytes:
    """Return the regular expression of tokens.

    Between two stars, the first match is the best one, so there is no backtracking. Only the part
    after the last star that crosses folders may have to match at a later position.
    """
    groups: list[tuple[bytes, list[bytes]]] = [(b"", [])]
    for token in tokens:
        if token in (_STARS, _FOLDERS):
            groups.append((token, []))
        else:
            groups[-1][1].append(token)
    parts = []
    for position, (stars, group) in enumerate(groups):
        last = position == len(groups) - 1
        body = _join_names(group, last=last)
        if stars == _STARS:
            body = _ANY + b"*?" + body if group or not last else _ANY + b"*"
        elif stars == _FOLDERS:
            body = b"(?:" + _ANY + b"*?/)??" + body
        parts.append(body if last else b"(?>" + body + b")")
    return b"".join(parts)


def _join_names(tokens: list[bytes], *, last: bool) -> bytes:
    """Return the regular expression of tokens whose stars stay within a name."""
    runs: list[bytes] = [b""]
    for token in tokens:
        if token == _STAR:
            runs.append(b"")
        else:
            runs[-1] += token
    parts = [runs[0]]
    for run in runs[1:-1]:
        parts.append(b"(?>" + _IN_NAME + b"*?" + run + b")")
    if len(runs) > 1:
        parts.append(_IN_NAME + b"*" + (runs[-1] if last else b"?" + runs[-1]))
    return b"".join(parts)


def _tokens(pattern: bytes, *, whole_path: bool) -> Iterator[bytes]:
    """Yield the tokens of a pattern; see ``wildmatch.c`` of git."""
    place = 0
    while place < len(pattern):
        byte = pattern[place : place + 1]
        if byte == b"*":
            token, place = _read_stars(pattern, place, whole_path=whole_path)
        elif byte == b"[":
            token, place = _read_set(pattern, place)
        elif byte == b"?":
            token, place = _IN_NAME, place + 1
        else:
            place += byte == b"\\"
            if place == len(pattern):
                raise BadPattern("a pattern that ends in a backslash matches nothing")
            token, place = re.escape(pattern[place : place + 1]), place + 1
        yield token


def _read_stars(pattern: bytes, start: int, *, whole_path: bool) -> tuple[bytes, int]:
    """Return the token of the stars at a place, and the place after it."""
    end = start
    while pattern[end : end + 1] == b"*":
        end += 1
    rest = pattern[end:]
    alone = start == 0 or pattern[start - 1 : start] == b"/"
    if end - start == 1 or not (whole_path and alone):
        return _STAR, end
    if rest.startswith(b"/"):
        end += 1
        while re.match(rb"\*\*+/", pattern[end:]):  # as one
            end = pattern.index(b"/", end) + 1
        return _FOLDERS, end
    return (_STARS if not rest or rest.startswith(b"\\/") else _STAR), end


def _read_set(pattern: bytes, start: int) -> tuple[bytes, int]:
    """Return the token of a set in brackets, which never matches ``/``, and the place after it."""
    place = start + 1
    negated = pattern[place : place + 1] in (b"!", b"^")
    place += negated
    members = b""
    before = b""
    first = True
    while first or pattern[place : place + 1] != b"]":
        first = False
        found, before, place = _read_member(pattern, place, before)
        members += found
    inside = b"[^" + members + b"/]" if negated else b"(?!/)[" + members + b"]"
    return inside, place + 1


def _read_member(pattern: bytes, place: int, before: bytes) -> tuple[bytes, bytes, int]:
    """Return a member of a set, the possible first byte of a range, and the place after it."""
    byte = _byte_of_set(pattern, place)
    follows = pattern[place + 1 : place + 2]
    if byte == b"\\":
        byte = _byte_of_set(pattern, place + 1)
        return _literal(byte), byte, place + 2
    if byte == b"-" and before and follows and follows != b"]":
        place += 1 + (follows == b"\\")
        last = _byte_of_set(pattern, place)
        between = _literal(before) + b"-" + _literal(last) if before <= last else b""
        return between, b"", place + 1
    if byte == b"[" and follows == b":":
        end = pattern.find(b"]", place + 2)
        if end < 0:
            raise BadPattern("a set in brackets is not closed, which matches nothing")
        if end > place + 2 and pattern[end - 1 : end] == b":":
            name = pattern[place + 2 : end - 1]
            if name not in _CLASSES:
                raise BadPattern(f"there is no class of characters {os.fsdecode(name)!r}")
            return _CLASSES[name], b"", end + 1
    return _literal(byte), byte, place + 1


def _byte_of_set(pattern: bytes, place: int) -> bytes:
    if place >= len(pattern):
        raise BadPattern("a set in brackets is not closed, which matches nothing")
    return pattern[place : place + 1]


def _literal(byte: bytes) -> bytes:
    return b"\\x%02x" % byte[0]
