"""Find names in a filter that no note has, and suggest the nearest existing names."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from indexer.records import NoteFilter
from indexer.store.filters import Rule, fits, rules_of
from indexer.store.protocol import View
from indexer.text.folding import fold_path

_NEAREST = 0.6  # difflib's own cutoff


def unknown_names(view: View, where: NoteFilter) -> list[str]:
    """Return a line for each tag, category, folder, note or property that no note has.

    :param view: the index.
    :param where: the filter.
    """
    wanted = [rule for rule in rules_of(where) if rule.wanted]
    if not wanted:
        return []
    known = _known(view, {rule.kind for rule in wanted})
    typed = {
        "tag": where.tags,
        "category": where.categories,
        "folder": where.folders,
        "path": (*where.notes, *where.paths),
        "property": tuple(f"{key}={value}" for key, value in where.properties),
    }
    lines: list[str] = []
    for rule in wanted:
        lines += _lines(rule, known[rule.kind], typed[rule.kind])
    return list(dict.fromkeys(lines))


def _known(view: View, kinds: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    labels = view.labels() if kinds & {"tag", "category", "property"} else {}
    found.update({kind: list(values) for kind, values in labels.items()})
    if kinds & {"folder", "path"}:
        paths = [note.note_id for note in view.notes()]
        found["path"] = paths
        found["folder"] = sorted({above for path in paths for above in _folders(path)})
    return found


def _folders(path: str) -> Iterable[str]:
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _lines(rule: Rule, known: list[str], typed: Collection[str]) -> list[str]:
    folded = {fold_path(one.lstrip("#")): one for one in known}
    lines = []
    for value in rule.values:
        if any(fits(rule.fit, value, one) for one in folded):
            continue
        shown = next((one for one in typed if fold_path(one.lstrip("#")) == value), value)
        said = {"path": "path", "property": "property"}.get(rule.kind, rule.kind)
        nearest = _nearest(value, folded)
        hint = f"; the nearest is {nearest}" if nearest else ""
        lines.append(f"no note has the {said} {shown}{hint}")
    return lines


def _nearest(value: str, known: dict[str, str]) -> str:
    import difflib  # most filters have only existing names

    by_end = {one.rpartition("/")[2]: shown for one, shown in known.items()}
    for names in (known, by_end):
        found = difflib.get_close_matches(value, names, 1, _NEAREST)
        if found:
            return names[found[0]]
    return ""
