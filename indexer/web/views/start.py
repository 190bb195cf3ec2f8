"""The first visit: which folder holds the notes; also where another folder is chosen later."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from indexer.config import Settings, is_server
from indexer.errors import IndexerError
from indexer.notes.folder import NotesFolder
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
    """Draw the question where the notes are, with the folders that may hold them."""
    with st.container(key="start"):
        st.title("Where are your notes?", anchor=False)
        st.write(
            "Choose a folder of Markdown notes. They are read, never changed, and nothing leaves "
            "this machine."
        )
        choose_folder(None)


def choose_folder(current: Path | None) -> None:
    """Draw the folders to choose from, and a field for any other.

    :param current: the folder that is open, which is not offered again; None for none.
    """
    folders = [*recent_folders(page_cache()), *found_folders(Path.home())]
    sample = sample_folder()
    if sample is not None:
        folders.append(Folder(sample, "Sample notes, to try it"))
    offered: dict[Path, Folder] = {}
    for folder in folders:
        if folder.path != current:
            offered.setdefault(folder.path, folder)
    for i, folder in enumerate(offered.values()):
        st.button(
            f"**{plain(folder.path.name)}**  {plain(_short(folder.path))}",
            key=f"folder_{i}",
            help=folder.why,
            on_click=_choose,
            args=(str(folder.path),),
            width="stretch",
        )
    st.text_input(
        "Path of a folder",
        key="folder_path",
        live=True,
        placeholder="~/notes",
        autocomplete="off",
    )
    typed = str(st.session_state.get("folder_path") or "").strip()
    _complete(typed)
    st.button("Open this folder", key="open_folder", type="primary", on_click=_choose_typed)
    failed = st.session_state.pop("folder_error", "")
    if failed:
        st.error(plain(failed))


def _complete(typed: str) -> None:
    """Draw how a typed path could go on, and how many notes are in the folder it names."""
    folder = Path(os.path.expanduser(typed)) if typed else None
    if folder is not None and folder.is_absolute() and folder.is_dir():
        st.caption(f"{_notes_in(folder)} in this folder")
    for i, path in enumerate(complete_path(typed)):
        st.button(
            plain(_short(Path(path))),
            key=f"complete_{i}",
            type="tertiary",
            on_click=_type_path,
            args=(path,),
        )


def _notes_in(folder: Path) -> str:
    settings = Settings.load(notes=str(folder))
    try:
        found = len(NotesFolder(folder, settings.size_limit).scan().notes)
    except IndexerError:
        return "No notes"
    return count(found, "note")


def _type_path(path: str) -> None:
    st.session_state["folder_path"] = f"{path}{os.sep}"


def _choose_typed() -> None:
    _choose(str(st.session_state.get("folder_path") or "").strip())


def _choose(path: str) -> None:
    """Open a folder in place of the one that is open, and index it."""
    folder = Path(os.path.expanduser(path)) if path else None
    if folder is None or not folder.is_absolute() or not folder.is_dir():
        st.session_state["folder_error"] = (
            f"There is no folder {path}. Write its whole path, as ~/notes."
            if path
            else "Write the path of a folder first."
        )
        return
    try:
        old = open_host()
    except IndexerError:
        old = None  # no folder was open
    remember_folder(page_cache(), folder)
    os.environ["NOTEPOINT_NOTES"] = str(folder)
    if not is_server(os.environ.get("NOTEPOINT_STORE", "")):
        os.environ.pop("NOTEPOINT_STORE", None)
    open_host.clear()
    if old is not None:
        old.close()
    st.query_params.clear()
    st.session_state.clear()
    host = open_host()
    try:
        host.generation()
    except IndexerError:
        host.rebuilder.start()


def _short(path: Path) -> str:
    """Return a path with ``~`` for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
