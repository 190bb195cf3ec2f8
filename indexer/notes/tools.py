"""Recognise the tool that wrote a folder of notes by the files it leaves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from indexer.gathered import folders_of
from indexer.private_files import read_regular


class Tool(Enum):
    """A tool for writing notes."""

    OBSIDIAN = "Obsidian"
    LOGSEQ = "Logseq"
    DENDRON = "Dendron"
    FOAM = "Foam"
    ZETTLR = "Zettlr"
    ZK = "zk"
    JOPLIN = "Joplin"
    NOTION = "Notion export"
    QUARTZ = "Quartz"
    HUGO = "Hugo"
    JEKYLL = "Jekyll"
    MKDOCS = "MkDocs"
    DOCUSAURUS = "Docusaurus"
    QUARTO = "Quarto"
    MDBOOK = "mdBook"
    GITBOOK = "GitBook"
    GOLLUM = "Gollum"

    @property
    def is_site(self) -> bool:
        """Whether it publishes notes as a site, where a link is a path, never a bare name."""
        return self in _SITES


_SITES = frozenset(
    {Tool.HUGO, Tool.JEKYLL, Tool.MKDOCS, Tool.DOCUSAURUS, Tool.MDBOOK, Tool.GITBOOK, Tool.QUARTO}
)
# The files each tool leaves in the folder or, with a star, also in its parent folder.
_MARKS: tuple[tuple[Tool, tuple[str, ...]], ...] = (
    (Tool.QUARTZ, ("*quartz.config.ts", "*quartz.layout.ts")),
    (Tool.OBSIDIAN, (".obsidian",)),
    (Tool.LOGSEQ, ("logseq/config.edn", ".logseq")),
    (Tool.DENDRON, ("dendron.yml", "*dendron.yml", "root.schema.yml")),
    (Tool.FOAM, (".foam",)),
    (Tool.ZETTLR, (".ztr-directory", ".zettlr")),
    (Tool.ZK, (".zk",)),
    (Tool.DOCUSAURUS, ("*docusaurus.config.js", "*docusaurus.config.ts", "*docusaurus.config.mjs")),
    (Tool.MKDOCS, ("*mkdocs.yml", "*mkdocs.yaml")),
    (Tool.QUARTO, ("*_quarto.yml", "*_quarto.yaml")),
    (Tool.MDBOOK, ("*book.toml",)),
    (
        Tool.HUGO,
        (
            *("*hugo.toml", "*hugo.yaml", "*hugo.yml", "*hugo.json"),
            *("archetypes/default.md", "../archetypes/default.md"),
            *("*config/_default/hugo.toml", "*config/_default/hugo.yaml"),
            "*config/_default/config.toml",
        ),
    ),
    (Tool.JEKYLL, ("*_config.yml", "_posts")),
    (Tool.GITBOOK, ("*.gitbook.yaml", ".gitbook", "book.json")),
    (Tool.GOLLUM, ("_Sidebar.md", "_Footer.md")),
    (Tool.JOPLIN, ("_resources",)),
)
_HUGO_CONFIG = ("config.toml", "config.yaml", "config.yml", "config.json")
_NOTION_NAME = re.compile(r" [0-9a-f]{32}\.md$")
_JOPLIN_NAME = re.compile(r"(?:^|/)[0-9a-f]{32}\.md$")


def find_tool(root: Path, note_ids: Sequence[str] = ()) -> Tool | None:
    """Return the tool that wrote a folder, None if unknown.

    :param root: the notes folder. Its parent is checked for some files too, since the notes of a
        site are a folder of its project.
    :param note_ids: the notes of the folder, for tools recognised by the names of notes.
    """
    folders = folders_of(root)
    if folders:
        tools = {
            find_tool(Path(path), [n for n in note_ids if n.startswith(f"{name}/")])
            for name, path in folders.items()
        }
        return tools.pop() if len(tools) == 1 else None
    for tool, marks in _MARKS:
        if any(_is_there(root, mark) for mark in marks):
            return tool
    if _recommends_foam(root / ".vscode" / "extensions.json"):
        return Tool.FOAM
    for folder in (root, root.parent):
        configured = any(os.path.exists(folder / name) for name in _HUGO_CONFIG)
        if configured and os.path.isdir(folder / "content"):
            return Tool.HUGO
    if _most(note_ids, _NOTION_NAME):
        return Tool.NOTION
    return Tool.JOPLIN if _most(note_ids, _JOPLIN_NAME) else None


def _recommends_foam(path: Path) -> bool:
    """Return whether the settings that come with a folder for VS Code ask for Foam."""
    return b"foam.foam-vscode" in _read_config(path)


def _is_there(root: Path, mark: str) -> bool:
    name = mark.lstrip("*")
    places = [root, root.parent] if mark.startswith("*") else [root]
    return any(os.path.exists(place / name) for place in places)


def _most(note_ids: Sequence[str], name: re.Pattern[str]) -> bool:
    found = sum(bool(name.search(note_id)) for note_id in note_ids)
    return found > 0 and 2 * found >= len(note_ids)


class Site(NamedTuple):
    """The tool that wrote a folder, and the path below which its site is published ("/blog")."""

    tool: Tool | None = None
    base_path: str = ""


_CONFIGS = (
    *("_config.yml", "hugo.toml", "hugo.yaml", "hugo.yml", "config.toml", "config.yaml"),
    *("docusaurus.config.js", "docusaurus.config.ts", "mkdocs.yml"),
)
_BASE = re.compile(
    r"(?:^[ \t]*|[{,]\s*)(?:base_?url|site_url)\s*[:=]\s*[\"']?([^\"'\s#,]*)",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_CONFIG_BYTES = 100_000


def site_of(root: Path, note_ids: Sequence[str] = ()) -> Site:
    """Return the tool that wrote a folder and where it publishes it.

    :param root: the notes folder.
    :param note_ids: as for ``find_tool``.
    """
    tool = find_tool(root, note_ids)
    if tool is None or not tool.is_site:
        return Site(tool)
    for place in (root / name for name in _CONFIGS):
        for path in (place, root.parent / place.name):
            base = _base_in(path)
            if base:
                return Site(tool, base)
    return Site(tool)


def _base_in(path: Path) -> str:
    """Return the path of the address that a configuration gives its site, "" for the top."""
    found = _BASE.search(_read_config(path).decode("utf-8", "replace"))
    address = re.sub(r"^(?:https?:)?//[^/]*", "", found.group(1)) if found else ""
    return "/" + address.strip("/") if address.strip("/") else ""


def _read_config(path: Path) -> bytes:
    """Return the beginning of a configuration, empty if it is not a regular file.

    A folder of strangers may have a pipe, a device or a link to a file elsewhere in its place.
    """
    try:
        return read_regular(path, _MAX_CONFIG_BYTES)
    except OSError:
        return b""
