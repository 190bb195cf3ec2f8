"""Every default, environment variable and limit, in one place.

An option overrides the environment (``NOTEPOINT_*``), which overrides the default. A wrong value is
an error.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from indexer.errors import NotesError, SettingsError
from indexer.gathered import gather, trust
from indexer.whole_numbers import whole_number

DEFAULT_MODEL = "all-MiniLM-L6-v2"
MULTILINGUAL_MODEL = "multilingual-e5-small"
PACKAGED_MODELS = (DEFAULT_MODEL, MULTILINGUAL_MODEL)
DEFAULT_TOP_K = 10
DEFAULT_PORT = 8501
DEFAULT_API_PORT = 8502
DEFAULT_SIZE_LIMIT = (
    20 * 1024 * 1024
)  # bytes per note: the longest of 18,743 public notes has 0.4 MB
INDEX_FOLDER = ".notepoint"
SERVER_SCHEMES = ("postgresql", "postgres")
_SAMPLE_NOTES = "corpus"
_SPACE = re.compile(r"(?<=[?&])space=([^&#]*)&?")
_SPACE_NAME = re.compile(r"[a-z0-9_]{1,40}")
# The parts of a server address that can be shown: host names with ports, and the database.
_HOST = r"(?:[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.%]+\])(?::[0-9]{1,5})?"
_SHOWN = re.compile(rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<database>/[\w.-]*)?\Z")
# Texts for a server that are not its address: a missing slash, the settings of another program, a
# user with a password. As the name of a folder, all of it would be printed.
_NO_FOLDER = re.compile(
    r"postgres(?:ql)?[\w+]*\s*:|jdbc:|://|(?:^|[/\\])[^/\\:]*:.*@|(?:pass(?:word|wd)?|secret)\s*=",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PREFIX = "NOTEPOINT_"


class Settings(NamedTuple):
    """The settings of a run: the places of notes and index, and how to read both.

    ``store`` is a folder or an address. ``size_limit`` is in bytes. ``editor`` is a command with
    placeholders ``{path}`` and ``{line}``. ``cache`` is the folder of converted models, ``shards``
    that of the vectors of a build by Ray until the index has them. Notes with a part of ``exclude``
    in their path are left out of answers, those with one of ``lower`` rank lower; ``follow_links``
    is None where the index says whether symbolic links within the notes folders are followed.
    """

    notes: Path
    store: str
    model: str
    site_url: str
    size_limit: int
    editor: str
    cache: Path
    shards: Path
    exclude: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    follow_links: bool | None = None

    def __repr__(self) -> str:
        """Return the settings for people, without the password of a store."""
        shown = self._replace(store=shown_store(self.store))
        return f"Settings{tuple(shown)!r}"

    @classmethod
    def load(
        cls,
        *,
        notes: str | os.PathLike[str] | Sequence[str] | None = None,
        store: str | None = None,
        model: str | None = None,
        site_url: str | None = None,
        follow_links: bool | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Collect the settings of a run.

        :param notes: the notes folder, or several, each as ``DIR`` or ``NAME=DIR``. The default is
            ``NOTEPOINT_NOTES``, then the nearest parent folder with an index, then ``./corpus``.
        :param store: the index; by default ``.notepoint`` in the notes folder, or a folder in the
            user's cache if the notes folder is not writable.
        :param model: name or folder.
        :param site_url: web address where the notes are published.
        :param follow_links: whether to follow symbolic links within the notes folders.
        :param environment: replaces the environment of the process.
        :raises SettingsError: if a value is wrong.
        :raises NotesError: if there is no notes folder; of several, one is enough.
        """
        values = os.environ if environment is None else environment

        def given(name: str, option: str | None) -> str:
            return option or values.get(_PREFIX + name, "")

        cache = cache_folder(values)
        folder = _notes_folders(notes, values.get(_PREFIX + "NOTES", ""), cache)
        trust(folder, cache)
        shards = values.get(_PREFIX + "SHARDS", "") or cache / "shards"
        return cls(
            notes=folder,
            store=_store(given("STORE", store), folder) or str(_default_store(folder, cache)),
            model=trusted_model(given("MODEL", model) or DEFAULT_MODEL, folder),
            site_url=_url(given("SITE_URL", site_url)),
            size_limit=_positive(values, "SIZE_LIMIT", DEFAULT_SIZE_LIMIT),
            editor=values.get(_PREFIX + "EDITOR", ""),
            cache=cache,
            shards=_path(os.fspath(shards)),
            exclude=_paths(values, "EXCLUDE"),
            lower=_paths(values, "LOWER"),
            follow_links=_yes_or_no(values, "FOLLOW_LINKS")
            if follow_links is None
            else follow_links,
        )


def is_server(store: str) -> bool:
    """Return whether a store is the address of a server, not a folder."""
    scheme, separator, _ = store.partition("://")
    return bool(separator) and scheme in SERVER_SCHEMES


def shown_store(store: str) -> str:
    """Return the form of a store that can be shown: of an address, only hosts and database.

    If a password with ``@``, ``/`` or ``?`` makes the address ambiguous, no part is shown.
    """
    scheme, separator, rest = store.partition("://")
    if not separator:
        return store
    place = re.split("[?#]", rest, maxsplit=1)[0]
    shown = _SHOWN.match(place.rpartition("@")[2])
    if shown is None or rest.count("@") > 1 or "@" in rest[len(place) :]:
        return f"{scheme}://***"
    if "/" in place.partition("@")[0] and "@" in place:
        return f"{scheme}://***"
    return f"{scheme}://{shown['hosts']}{shown['database'] or ''}"


def split_space(store: str) -> tuple[str, str]:
    """Return the address of a server in the form of its client library, and the space.

    :param store: ``postgresql://...?space=NAME``.
    :raises SettingsError: if the space is missing, or its name is not allowed.
    """
    found = _SPACE.search(store)
    if found is None or not _SPACE_NAME.fullmatch(found[1]):
        raise SettingsError(
            "the address of the store names no space"
            if found is None
            else "the space in the address of the store cannot have this name",
            "write ?space=NAME after the database, with lower-case letters, digits and _",
        )
    return _SPACE.sub("", store, count=1).rstrip("?&"), found[1]


def _store(given: str, notes: Path) -> str:
    """Return a store; a server address that names no space gets that of the notes folder.

    :param given: a folder, or an address; empty for the default.
    :param notes: the notes folder.
    :raises SettingsError: if it is neither; the message shows none of it.
    """
    if is_server(given):
        return given if _SPACE.search(given) else _with_space(given, notes)
    if not _SCHEME.match(given) and _NO_FOLDER.search(_missing_part(given)):
        raise SettingsError(
            "the store is neither a folder nor an address",
            "write it as postgresql://user@host/database, with the password in PGPASSWORD",
        )
    return given


def _missing_part(path: str) -> str:
    """Return the part of a path below its last folder that exists."""
    folder, rest = path, ""
    while folder and not os.path.isdir(folder):
        above, name = os.path.split(folder)
        folder, rest = ("", folder + rest) if above == folder else (above, f"/{name}{rest}")
    return rest.removeprefix("/")


def _with_space(store: str, notes: Path) -> str:
    folder = notes.resolve()
    name = re.sub("[^a-z0-9]+", "_", folder.name.lower()).strip("_")[:30] or "notes"
    digest = hashlib.blake2b(os.fsencode(folder), digest_size=3).hexdigest()
    return f"{store}{'&' if '?' in store else '?'}space={name}_{digest}"


def _notes_folder(given: str) -> Path:
    if given:
        folder = _path(given)
        if not os.path.isdir(folder):  # also False for a name that is too long
            kind = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
            raise NotesError(f"the notes folder {given} {kind}", "name another with --notes DIR")
        return folder
    here = _path(".")
    for folder in (here, *here.parents):
        if (folder / INDEX_FOLDER).is_dir():
            return folder
    if (here / _SAMPLE_NOTES).is_dir():
        return here / _SAMPLE_NOTES
    raise NotesError("no notes folder is given", "name it with --notes DIR, or set NOTEPOINT_NOTES")


def _notes_folders(
    notes: str | os.PathLike[str] | Sequence[str] | None, environment: str, cache: Path
) -> Path:
    """Return the notes folder, or the one that combines several."""
    given: list[str] = []
    if isinstance(notes, str | os.PathLike):
        given = [os.fspath(notes)]
    elif notes:
        given = list(notes)
    elif environment and not os.path.isdir(os.path.expanduser(environment)):
        given = [part for part in environment.split(os.pathsep) if part]
    if len(given) > 1:
        folders = [_named_folder(one) for one in given]
        if not any(path.is_dir() for _, path in folders):
            _notes_folder(str(folders[0][1]))
        return gather(folders, cache)
    return _notes_folder(given[0] if given else environment)


def _named_folder(given: str) -> tuple[str, Path]:
    """Return the name and the path of one of several folders, ``NAME=DIR`` or ``DIR``.

    A missing one is reported by each build and question, and the others still work.
    """
    name, sign, path = given.partition("=")
    if not sign or os.path.isdir(os.path.expanduser(given)):
        name, path = "", given
    there = _path(path) if not os.path.exists(_path(path)) else _notes_folder(path)
    return name, Path(os.path.realpath(there))


def _path(given: str) -> Path:
    """Return an absolute path.

    :param given: the path as the user wrote it.
    :raises SettingsError: if it needs a home or working directory that does not exist.
    """
    try:
        path = Path(given).expanduser()
    except RuntimeError as exc:
        raise SettingsError(
            f"the home folder in {given!r} is not known", "write the path without ~"
        ) from exc
    try:
        return path if path.is_absolute() else Path.cwd() / path
    except OSError as exc:
        raise SettingsError(
            "the working directory no longer exists", "change to another one, then try again"
        ) from exc


def trusted_model(given: str, notes: Path) -> str:
    """Return a model as given; refuse a relative name that is a folder among the notes.

    :param given: name or folder; the name of a packaged model never means a folder.
    :param notes: the notes folder.
    :return: ``given``.
    :raises SettingsError: if it is such a folder: the files of a model can contain code.
    """
    path = Path(given)
    if given in PACKAGED_MODELS:
        return given
    if not path.is_absolute() and path.is_dir() and path.resolve().is_relative_to(notes.resolve()):
        raise SettingsError(
            f"{given!r} is a folder among the notes, and the files of a model can contain code",
            f"change to another folder, or trust it by its full path: --model {path.absolute()}",
        )
    return given


def cache_folder(values: Mapping[str, str]) -> Path:
    """Return the folder of derived files that can be created again, such as converted models.

    :param values: the environment.
    :raises SettingsError: if ``NOTEPOINT_CACHE`` is not a usable path.
    """
    given = values.get(_PREFIX + "CACHE", "")
    if given:
        return _path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("notepoint", appauthor=False))


def _default_store(notes: Path, cache: Path) -> Path:
    inside = notes / INDEX_FOLDER
    if inside.is_dir() or os.access(notes, os.W_OK):
        return inside
    name = hashlib.blake2b(os.fsencode(notes.resolve()), digest_size=8).hexdigest()
    return cache / "indexes" / name


def _url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise SettingsError(
            f"the site address {value!r} is not an http(s) address",
            "write it as https://example.org",
        )
    return value.rstrip("/")


def _paths(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the parts of paths in a setting, separated by commas."""
    parts = (part.strip() for part in values.get(_PREFIX + name, "").split(","))
    return tuple(part for part in parts if part)


def _yes_or_no(values: Mapping[str, str], name: str) -> bool | None:
    text = values.get(_PREFIX + name, "").strip().lower()
    if text in ("", "1", "yes", "true", "on", "0", "no", "false", "off"):
        return text in ("1", "yes", "true", "on") if text else None
    raise SettingsError(f"{_PREFIX}{name} is {text[:40]!r}, not yes or no", "unset it, or use 1")


def _positive(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(_PREFIX + name, "")
    if not text:
        return default
    number = whole_number(text)
    if not number:
        raise SettingsError(
            f"{_PREFIX}{name} is {text[:40]!r}, not a whole number above 0",
            f"unset it, or use {default}",
        )
    return number
