"""Open the store an address names."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from indexer.config import SERVER_SCHEMES
from indexer.errors import SettingsError
from indexer.store.protocol import Store


def open_store(url: str, *, read_only: bool = False, mend: bool = False) -> Store:
    """Open the store an address names.

    :param url: a folder, or ``postgresql://...``.
    :param read_only: True to refuse making a new one.
    :param mend: True to replace a damaged index by an empty one.
    :raises SettingsError: if no store speaks such an address, or what it needs is not installed.
    :raises IndexNotFound: if ``read_only`` and there is none.
    """
    scheme, separator, _ = url.partition("://")
    if scheme in SERVER_SCHEMES and separator:
        _require_server_packages()
        from indexer.store.postgres.store import PostgresStore

        return PostgresStore(url, read_only=read_only, mend=mend)
    if separator:
        raise SettingsError(
            f"no store for {scheme}:// addresses", "give a folder, or postgresql://..."
        )
    from indexer.store.embedded.store import EmbeddedStore

    return EmbeddedStore(Path(url), read_only=read_only, mend=mend)


def _require_server_packages() -> None:
    missing = [name for name in ("psycopg", "pgvector") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"a store on a server needs {' and '.join(missing)}, not installed here",
            "run `pip install 'notepoint[postgres]'`",
        )
