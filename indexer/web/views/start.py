"""The first visit: which folder holds the notes; also where folders are added and removed later."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from indexer.config import Settings, is_server
from indexer.errors import IndexerError
from indexer.gathered import folders_of
from indexer.notes.folder import NotesFolder
from indexer.web import address
from indexer.web.components import show_start
from indexer.web.folders import (
    Folder,
    complete_path,
    found_folders,
    recent_folders,
    remember_folder,
    sample_folder,
)
from indexer.web.opening import open_host, page_cache
from indexer.web.presenters import count, plain


def start_view() -> None:
    """Draw the choice of the notes folder, with suggestions."""
    with st.container(key="start"):
        st.caption("Notepoint")
        st.title("Where are your notes?", anchor=False)
        st.write(
            "Choose a folder of Markdown notes, then ask it in your own words. The notes are only "
            "read, and nothing leaves this machine."
        )
        choose_folder(None)


def choose_folder(current: Path | None, *, add: bool = False) -> None:
    """Draw suggested folders, and a field for any other folder.

    :param current: the open folder, which is not suggested; None if no folder is open.
    :param add: True to open a folder together with those that are open, not in their place.
    """
    for i, folder in enumerate(_offered(current, add=add)):
        st.button(
            plain(f"**{_name_of(folder)}** \u2002 {folder.why} \u2002 {_shown(folder)}"),
            key=f"folder_{i}{'_add' * add}",
            on_click=_choose,
            args=(str(folder.path), add),
            width="stretch",
        )
    key = "folder_path_add" if add else "folder_path"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_row"):
        st.text_input(
            "Path of a folder",
            key=key,
            live=True,
            placeholder="~/notes",
            autocomplete="off",
        )
        st.button(
            "Add this folder" if add else "Open this folder",
            key=f"open_{key}" if add else "open_folder",
            type="primary",
            on_click=_choose_typed,
            args=(key, add),
        )
    failed = st.session_state.pop("folder_error", "")
    if failed:
        st.error(plain(failed))
    _complete(str(st.session_state.get(key) or "").strip(), key)
    show_start(key=f"keys_of_{key}", data={"field": key, "first": current is None})


def _offered(current: Path | None, *, add: bool) -> list[Folder]:
    """Return the folders to choose from, each once, without those that are open."""
    folders = [*recent_folders(page_cache()), *found_folders(Path.home())]
    sample = sample_folder()
    if sample is not None:
        folders.append(Folder(sample, "to try it"))
    opened = {str(current), *folders_of(current).values()} if current else set()
    offered: dict[Path, Folder] = {}
    for folder in folders:
        several = bool(folders_of(folder.path))
        if str(folder.path) not in opened and not (add and several):
            offered.setdefault(folder.path, folder)
    return list(offered.values())


def _name_of(folder: Folder) -> str:
    if folder.path == sample_folder():
        return "Sample notes"
    return " + ".join(folders_of(folder.path)) or folder.path.name


def _shown(folder: Folder) -> str:
    if folder.path == sample_folder() or folders_of(folder.path):
        return ""
    return _short(folder.path)


def _complete(typed: str, key: str) -> None:
    """Draw completions of a typed path, and the number of notes in its folder."""
    folder = Path(os.path.expanduser(typed)) if typed else None
    if folder is not None and folder.is_absolute() and folder.is_dir():
        st.caption(f"{_notes_in(folder)} in this folder. Enter opens it.")
    paths = complete_path(typed)
    if not paths:
        return
    with st.container(key=f"completions_{key}", gap=None):
        for i, path in enumerate(paths):
            st.button(
                plain(_short(Path(path))),
                key=f"complete_{key}_{i}",
                type="tertiary",
                on_click=_type_path,
                args=(path, key),
            )


def _notes_in(folder: Path) -> str:
    settings = Settings.load(notes=str(folder))
    try:
        found = len(NotesFolder(folder, settings.size_limit).scan().notes)
    except IndexerError:
        return "No notes"
    return count(found, "note")


def _type_path(path: str, key: str) -> None:
    st.session_state[key] = f"{path}{os.sep}"


def _choose_typed(key: str, add: bool) -> None:
    _choose(str(st.session_state.get(key) or "").strip(), add)


def _choose(path: str, add: bool = False) -> None:
    """Open a folder, in place of what is open or together with it, and index it."""
    folder = Path(os.path.expanduser(path)) if path else None
    if folder is None or not folder.is_absolute() or not folder.is_dir():
        st.session_state["folder_error"] = (
            f"There is no folder {path}. Write its whole path, such as ~/notes."
            if path
            else "Write the path of a folder first."
        )
        return
    opened = open_folders() if add else {}
    _open([*_named(opened), str(folder)])


def open_folders() -> dict[str, str]:
    """Return the names and paths of the folders that are open; one has the name of its folder."""
    try:
        notes = open_host().settings.notes
    except IndexerError:
        return {}
    return folders_of(notes) or {notes.name: str(notes)}


def remove_folder(name: str) -> None:
    """Close one of several folders; its index and its notes stay.

    :param name: of the folder.
    """
    rest = {one: path for one, path in open_folders().items() if one != name}
    if rest:
        _open(_named(rest))


def _named(folders: dict[str, str]) -> list[str]:
    return [f"{name}={path}" if name != Path(path).name else path for name, path in folders.items()]


def _open(folders: list[str]) -> None:
    """Open folders, each ``DIR`` or ``NAME=DIR``, in place of those that are open."""
    try:
        old = open_host()
    except IndexerError:
        old = None  # no folder was open
    given = folders[0] if len(folders) == 1 else folders
    name = Path(folders[-1]).name
    if len(folders) > 1 and name in {Path(one.partition("=")[0]).name for one in folders[:-1]}:
        given = [*folders[:-1], f"{name}-{len(folders)}={folders[-1]}"]
    environment = {k: v for k, v in os.environ.items() if k != "NOTEPOINT_STORE"}
    try:
        notes = Settings.load(notes=given, environment=environment).notes
    except IndexerError as exc:
        st.session_state["folder_error"] = f"{exc.message}. {exc.hint or ''}"
        return
    remember_folder(page_cache(), notes)
    os.environ["NOTEPOINT_NOTES"] = str(notes)
    if not is_server(os.environ.get("NOTEPOINT_STORE", "")):
        os.environ.pop("NOTEPOINT_STORE", None)
    open_host.clear()
    if old is not None:
        old.close()
    st.query_params.clear()
    st.session_state.clear()
    address.draw_all()  # a part of the page alone would go on with the host that is closed
    host = open_host()
    try:
        host.generation()
    except IndexerError:
        host.rebuilder.start()


def _short(path: Path) -> str:
    """Return a path with ``~`` for the home folder."""
    try:
        inside = path.relative_to(Path.home())
    except ValueError:
        return str(path)
    return f"~/{inside}" if inside.parts else "~"
