"""How well a note fits the name or the path of a link: the rules of all tools, the surest first.

``link_resolution`` asks for the candidates and takes the best.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from indexer.notes.formats import note_suffixes
from indexer.notes.link_names import (
    POST_NAME,
    NoteName,
    normal_path,
    routes_of,
    without_suffix,
)
from indexer.notes.names import fold, loosen, page_name, without_export_id
from indexer.notes.written_dates import iso_date

FAR = 99  # the rank of a note that only ends like the path


def is_relative(name: str) -> bool:
    """Return whether a name is a path that starts at its note: ``./`` or ``../``."""
    return name.replace("\\", "/").startswith(("./", "../")) or name in (".", "..")


def rank_of_name(name: str, candidate: NoteName) -> int | None:
    """Return how well a note fits a name (0 is best), None if it does not."""
    path = fold(without_suffix(candidate.note_id))
    wanted, bare = fold(name), fold(without_suffix(name))
    page = fold(page_name(candidate.stem))
    names = {fold(one) for one in (candidate.title, *candidate.aliases)}
    folder = path.rpartition("/")[0]
    tests: list[tuple[int, bool]] = [
        (0, path == bare or fold(candidate.note_id) == wanted),
        (1, path.endswith("/" + bare)),
        (2, page in (wanted, bare)),
        (3, not names.isdisjoint({wanted, bare})),
        (4, candidate.is_folder_note and (folder == bare or folder.endswith("/" + bare))),
        (5, (date := iso_date(name)) is not None and date == iso_date(candidate.stem)),
        (6, _ends_loosely(path, bare) or loosen(bare) in {loosen(page), *map(loosen, names)}),
        (7, wanted in map(fold, candidate.ids())),
        (8, fold(without_export_id(candidate.stem)) == bare),
    ]
    return next((rank for rank, fits in tests if fits), None)


def _ends_loosely(path: str, wanted: str) -> bool:
    parts, tail = [[loosen(p) for p in one.split("/")] for one in (path, wanted)]
    return parts[-len(tail) :] == tail


def paths_tried(name: str, note_id: str) -> Iterator[str]:
    """Yield the possible paths of a target, the most likely first."""
    found = [normal_path(name, note_id)]
    if not is_relative(name):
        found.append(normal_path("/" + name, note_id))
    if not name.startswith("/") and not has_note_suffix(name):
        # If addresses of a site have no file names, a page is one folder deeper.
        found.append(normal_path(name, f"{without_suffix(note_id)}/index"))
    for path in dict.fromkeys(found):
        if path is not None:
            yield path
    if name.startswith("/"):
        yield from (f"{folder}{name}" for folder in ("static", "public", "assets", "source"))


def rank_of_path(candidate: NoteName, paths: Sequence[str], name: str) -> tuple[int, int] | None:
    """Return which path leads to a note, and how exactly; (99, 0) for the end of a path."""
    here = unicodedata.normalize("NFC", candidate.note_id)
    routes = [fold(route) for route in routes_of(candidate)]
    for place, path in enumerate(paths):
        quality = _fit_of_path(here, path, routes)
        if quality is not None:
            return place, quality
    if POST_NAME.match(paths[0] if paths else "") and candidate.stem == paths[0]:
        return len(paths), 0  # post_url names a post without its folder
    tail = fold(without_suffix(name.replace("\\", "/").strip("/")))
    if not tail or tail.startswith("."):
        return None
    ends = any(route == tail or route.endswith("/" + tail) for route in routes)
    return (FAR, 0) if ends or _ends_loosely(fold(without_suffix(here)), tail) else None


def _fit_of_path(here: str, path: str, routes: Sequence[str]) -> int | None:
    """Return how exactly a path names a note: from 0, its file, to 4, a page of a site."""
    bare = here[: len(here) - len(PurePosixPath(here).suffix)]
    if (
        here == path
        or bare == path
        or (path.endswith((".html", ".htm")) and bare == without_suffix(path))
    ):
        return 0 if here == path else 1
    if fold(here) == fold(path):
        return 2
    wanted = fold(without_suffix(path))
    if has_note_suffix(path):
        return None
    if routes and wanted in routes[:2] and fold(path) == wanted:
        return 2 if routes[0] == wanted else 3
    if wanted in routes or loosen(wanted) == loosen(routes[0] if routes else ""):
        return 4
    return None


def has_note_suffix(path: str) -> bool:
    """Return whether a path ends like a note."""
    return path.lower().endswith(note_suffixes())


def differs_by_case_only(path: str, to: str) -> bool:
    """Return whether a path is that of a note except for the case of its letters."""
    here = unicodedata.normalize("NFC", to)
    written = (path, *(path + suffix for suffix in note_suffixes()))
    return here not in written and fold(here) in {fold(one) for one in written}
