"""Open the store at an address, and register more kinds of stores."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from indexer.config import PACKAGED_MODELS, SERVER_SCHEMES, Settings
from indexer.errors import SettingsError
from indexer.extras import require
from indexer.store.protocol import Store

# Among the versions of an index: symbolic links within the notes folders are followed.
FOLLOWED_LINKS = "links:followed"


def as_in_index(settings: Settings, *, keep_model: bool = False) -> Settings:
    """Return settings with the packaged model of the index, and links followed where it does so.

    It takes a millisecond. A server is not contacted; where nothing can be read, the settings stay.

    :param settings: what they say of links comes first.
    :param keep_model: True where the caller chose a model.
    """
    model, followed = _setup_of_index(settings.store)
    if model in PACKAGED_MODELS and not keep_model:
        settings = settings._replace(model=model)
    if settings.follow_links is None:
        settings = settings._replace(follow_links=followed)
    return settings


def _setup_of_index(store: str) -> tuple[str, bool]:
    """Return the model an index in a folder was built with, and whether links were followed."""
    if "://" in store:
        return "", False
    from indexer.store.embedded.connections import read_setup
    from indexer.store.embedded.store import DATABASE

    model, versions = read_setup(Path(store) / DATABASE)
    return model, FOLLOWED_LINKS in versions.split()


class StoreOpener(Protocol):
    """Opens the store at an address; the arguments are those of ``open_store``."""

    def __call__(self, address: str, *, read_only: bool = False, repair: bool = False) -> Store:
        """Return the store at an address."""


_OPENERS: dict[str, StoreOpener] = {}


def register_store(scheme: str, opener: StoreOpener) -> None:
    """Add a kind of store, or replace the one of the same scheme.

    :param scheme: the part of an address before ``://``.
    :param opener: opens the store at such an address.
    """
    _OPENERS[scheme] = opener


def open_store(url: str, *, read_only: bool = False, repair: bool = False) -> Store:
    """Open the store at an address.

    :param url: a folder, or ``postgresql://...``.
    :param read_only: True to never create a store.
    :param repair: True to replace a damaged index with an empty one.
    :raises SettingsError: if the scheme is unknown, or a package for it is not installed.
    :raises IndexNotFound: if ``read_only`` and there is no index.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        from indexer.store.embedded.store import EmbeddedStore

        return EmbeddedStore(Path(url), read_only=read_only, repair=repair)
    if scheme not in _OPENERS:
        raise SettingsError(
            f"no store for {scheme}:// addresses", "give a folder, or postgresql://..."
        )
    return _OPENERS[scheme](url, read_only=read_only, repair=repair)


def _open_server(address: str, *, read_only: bool = False, repair: bool = False) -> Store:
    _require_server_packages()
    from indexer.store.postgres.store import PostgresStore

    return PostgresStore(address, read_only=read_only, repair=repair)


def _require_server_packages() -> None:
    require("postgres", "a store on a server", "psycopg", "pgvector")


for _scheme in SERVER_SCHEMES:
    register_store(_scheme, _open_server)
