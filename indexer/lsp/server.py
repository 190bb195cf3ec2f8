"""The server as a process: its table of requests and functions, its start and end."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

from lsprotocol import types

from indexer.lsp import features
from indexer.lsp.notes_server import NotesServer
from indexer.service import Service


def make_server(service: Service, version: str) -> NotesServer:
    """Return a server with all features.

    :param service: answers; the caller starts and closes it.
    :param version: of Notepoint, for the client.
    """
    server = NotesServer(service, version)
    options: dict[str, Any] = {
        types.TEXT_DOCUMENT_COMPLETION: types.CompletionOptions(trigger_characters=["[", "("]),
        types.TEXT_DOCUMENT_CODE_LENS: types.CodeLensOptions(resolve_provider=True),
        types.TEXT_DOCUMENT_RENAME: types.RenameOptions(prepare_provider=True),
        types.WORKSPACE_WILL_RENAME_FILES: types.FileOperationRegistrationOptions(
            filters=[types.FileOperationFilter(types.FileOperationPattern("**/*"), "file")]
        ),
    }
    for feature, handler in {
        types.TEXT_DOCUMENT_DID_OPEN: features.publish,
        types.TEXT_DOCUMENT_DID_CHANGE: features.publish,
        types.TEXT_DOCUMENT_DID_SAVE: features.publish,
        types.TEXT_DOCUMENT_COMPLETION: features.complete,
        types.TEXT_DOCUMENT_DEFINITION: features.define,
        types.TEXT_DOCUMENT_REFERENCES: features.refer,
        types.TEXT_DOCUMENT_HOVER: features.hover,
        types.TEXT_DOCUMENT_CODE_ACTION: features.act,
        types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: features.outline,
        types.WORKSPACE_SYMBOL: features.ask,
        types.TEXT_DOCUMENT_CODE_LENS: features.lenses,
        types.CODE_LENS_RESOLVE: features.fill_lens,
        types.TEXT_DOCUMENT_PREPARE_RENAME: features.prepare_rename,
        types.TEXT_DOCUMENT_RENAME: features.rename,
        types.WORKSPACE_WILL_RENAME_FILES: features.follow_rename,
    }.items():
        server.feature(feature, options.get(feature))(functools.partial(handler, server))
    server.command(features.SHOW_RELATED)(functools.partial(features.show_related, server))
    return server


def run(service: Service, version: str) -> int:
    """Serve one editor over standard input and output until it disconnects.

    :param service: answers; this function starts and closes it.
    :param version: of Notepoint, for the client.
    :return: the exit status: 1 if the editor left without a shutdown.
    """
    service.start()
    server = make_server(service, version)
    threading.Thread(target=server.follow_index, daemon=True).start()
    try:
        # pygls 2.1 closes what it writes to; the standard output itself is flushed at the end.
        server.start_io(stdout=os.fdopen(os.dup(1), "wb"))
    finally:
        server.stop()
        service.close()
    return server.protocol.exit_status
