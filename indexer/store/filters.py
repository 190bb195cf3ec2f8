"""The rules of a filter: which notes may answer. Both stores and the page use them.

A note carries *labels*: its tags, categories and properties, its folder and its own path, each with
the folded text it is compared by. A filter becomes a list of rules over labels. A rule is either
applied to a note in memory or compiled to SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from indexer.records import Note, NoteFilter
from indexer.store.records import NoteInfo
from indexer.text.folding import fold_name, fold_path


class Label(NamedTuple):
    """One label of a note: its kind, the text to show, and the folded text to compare."""

    kind: str
    value: str
    folded: str


class Fit(Enum):
    """How a label is compared with a wanted value."""

    EQUAL = "equal"
    BELOW = "below"  # equal, or nested in it: the tag "a/b" in "a", a folder in its parent
    INSIDE = "inside"  # the value is a part of the label


class Rule(NamedTuple):
    """A condition: a label of this kind has one of the values (or none has, if not ``wanted``)."""

    kind: str
    fit: Fit
    values: tuple[str, ...]
    wanted: bool = True


SHOWN_KINDS = ("tag", "category", "property")
"""The kinds of labels that a reader chooses from; folders and paths come from the notes."""
COUNT_LABELS = (
    "SELECT kind, min(value), count(*) FROM label WHERE kind IN ('tag', 'category', 'property') "
    "GROUP BY kind, folded ORDER BY folded"
)
"""The statement, in both stores, that selects (kind, label as shown, number of notes)."""


def labels_of(note: Note | NoteInfo) -> list[Label]:
    """Return the labels of a note; of equal folded ones, the first."""
    found: dict[tuple[str, str], Label] = {}
    for label in _labels(note):
        if label.folded or label.kind not in SHOWN_KINDS:
            found.setdefault((label.kind, label.folded), label)
    return list(found.values())


def _labels(note: Note | NoteInfo) -> Iterator[Label]:
    for tag in note.tags:
        yield Label("tag", tag, _fold_tag(tag))
    for category in note.categories:
        yield Label("category", category, fold_path(category))
    for key, value in note.properties:
        yield Label("property", f"{key}={value}", _fold_property(key, value))
    path = fold_path(note.note_id)
    yield Label("folder", "", path.rpartition("/")[0])
    yield Label("path", "", path)


def _fold_tag(tag: str) -> str:
    return fold_path(tag.strip().lstrip("#"))


def _fold_property(key: str, value: str) -> str:
    return f"{fold_name(key)}={fold_name(value)}"


def rules_of(where: NoteFilter) -> list[Rule]:
    """Return the rules of a filter, without its dates; without rules, every note passes."""
    tags, paths = tuple(map(_fold_tag, where.tags)), tuple(map(fold_path, where.paths))
    folders = tuple(map(fold_path, where.folders))
    rules = [
        Rule("tag", Fit.BELOW, tags),
        Rule("category", Fit.BELOW, tuple(map(fold_path, where.categories))),
        # A folder without a name is the notes folder itself, which contains every note.
        Rule("folder", Fit.BELOW, () if "" in folders else folders),
        Rule("path", Fit.EQUAL, tuple(map(fold_path, where.notes))),
        Rule("path", Fit.INSIDE, tuple(filter(None, paths))),
        *(
            Rule("property", Fit.EQUAL, tuple(values))
            for values in _properties_by_key(where.properties).values()
        ),
        Rule("tag", Fit.BELOW, tuple(map(_fold_tag, where.without_tags)), wanted=False),
        Rule(
            "path",
            Fit.INSIDE,
            tuple(filter(None, map(fold_path, where.without_paths))),
            wanted=False,
        ),
    ]
    return [rule for rule in rules if rule.values]


def _properties_by_key(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Group wanted properties: one value of each key must fit, and every key must."""
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(fold_name(key), []).append(_fold_property(key, value))
    return found


def matcher(where: NoteFilter) -> Callable[[NoteInfo], bool]:
    """Return a function that returns whether a note passes a filter.

    The function caches its results, since a view calls it once for each point.

    :param where: the filter.
    """
    rules = rules_of(where)
    known: dict[str, bool] = {}

    def passes(note: NoteInfo) -> bool:
        if note.note_id not in known:
            labels = labels_of(note) if rules else []
            known[note.note_id] = _dated(where, note.date) and all(
                _holds(rule, labels) for rule in rules
            )
        return known[note.note_id]

    return passes


def _holds(rule: Rule, labels: Sequence[Label]) -> bool:
    there = any(
        fits(rule.fit, value, label.folded)
        for label in labels
        if label.kind == rule.kind
        for value in rule.values
    )
    return there is rule.wanted


def fits(fit: Fit, value: str, folded: str) -> bool:
    """Return whether a folded label has a wanted value."""
    if fit is Fit.INSIDE:
        return value in folded
    return folded == value or (fit is Fit.BELOW and folded.startswith(f"{value}/"))


def _dated(where: NoteFilter, date: str | None) -> bool:
    if not where.since and not where.until:
        return True
    since = where.since.isoformat() if where.since else ""
    until = where.until.isoformat() if where.until else "9999-12-31"
    return date is not None and since <= date <= until


def compile_filter(where: NoteFilter, mark: str) -> tuple[str, list[str]]:
    """Return a statement that selects the ids of the notes that pass a filter, and its values.

    :param where: the filter.
    :param mark: the placeholder of the store's SQL: ``?`` or ``%s``.
    """
    conditions: list[str] = []
    values: list[str] = []
    for rule in rules_of(where):
        tests = " OR ".join(_SQL[rule.fit].replace("?", mark) for _ in rule.values)
        found = f"SELECT note FROM label WHERE kind = '{rule.kind}' AND ({tests})"
        conditions.append(f"id {'IN' if rule.wanted else 'NOT IN'} ({found})")
        values += [bound for value in rule.values for bound in _bounds(rule.fit, value)]
    for sign, day in ((">=", where.since), ("<=", where.until)):
        if day:
            conditions.append(f"date {sign} {mark}")
            values.append(day.isoformat())
    return f"SELECT id FROM note WHERE {' AND '.join(conditions) or '1 = 1'}", values


# Both stores compare bytes, and "0" is the character after "/", so an index finds the range.
_SQL = {
    Fit.EQUAL: "folded = ?",
    Fit.BELOW: "folded = ? OR (folded >= ? AND folded < ?)",
    Fit.INSIDE: "replace(folded, ?, '') <> folded",
}


def _bounds(fit: Fit, value: str) -> tuple[str, ...]:
    return (value, f"{value}/", f"{value}0") if fit is Fit.BELOW else (value,)
