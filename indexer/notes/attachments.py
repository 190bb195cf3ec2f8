"""Look up other files of the notes folder by path, by path ending, and by folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from indexer.notes.names import fold


class Files:
    """The other files of the notes folder, and all folders, by name."""

    def __init__(
        self,
        files: Iterable[str],
        notes: Iterable[str] = (),
        is_hidden_file: Callable[[str], bool] = lambda path: False,
    ) -> None:
        """Index the names.

        :param files: paths relative to the notes folder.
        :param notes: paths of notes, to collect their folders.
        :param is_hidden_file: returns whether a path through a hidden folder, which scans leave
            out, is a file.
        """
        self._by_name: dict[str, list[str]] = {}
        self._folders: set[str] = set()
        self._is_hidden_file = is_hidden_file
        for path in files:
            folded = fold(path)
            self._by_name.setdefault(folded.rpartition("/")[2], []).append(folded)
            self._add_folders(folded)
        for note in notes:
            self._add_folders(fold(note))

    def _add_folders(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        while folder and folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]

    def has(self, path: str) -> bool:
        """Return whether there is a file or folder with this path."""
        folded = fold(path)
        if folded in self._by_name.get(folded.rpartition("/")[2], ()) or folded in self._folders:
            return True
        hidden = any(part.startswith(".") for part in path.split("/"))
        return hidden and self._is_hidden_file(path)

    def has_folder_end(self, tail: str) -> bool:
        """Return whether a folder's path ends with these whole parts; ``/`` is the top."""
        folded = fold(tail).strip("/")
        return not folded or any(f"/{path}".endswith("/" + folded) for path in self._folders)

    def has_end(self, tail: str) -> bool:
        """Return whether a file's path ends with these whole parts."""
        folded = fold(tail).strip("/")
        return any(
            path == folded or path.endswith("/" + folded)
            for path in self._by_name.get(folded.rpartition("/")[2], ())
        )
