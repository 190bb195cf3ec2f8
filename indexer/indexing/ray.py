"""Encode on many machines with Ray; a normal build then uses the vectors. Imports ray.

Ray actors read and cut the changed notes and encode their points into Parquet shards, named by the
hash of their content. The store imports the shards, and the next build finds every vector, so the
index equals that of a normal build. A stopped run continues with the existing shards. Every node
must see the notes folder and the folder of shards under the same paths.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.encoding.encoder import Encoder
from indexer.errors import NoteError, SettingsError
from indexer.extras import require
from indexer.indexing.build import Reporter, SilentReporter, encodable_points, vector_key
from indexer.indexing.crowded import Encodable
from indexer.indexing.encode_queue import encode_texts
from indexer.indexing.parquet import read_shard, shards_in, write_shard
from indexer.notes.folder import NotesFolder
from indexer.private_files import make_private_folder
from indexer.store.protocol import Store

MakeEncoder = Callable[[bool], Encoder]
"""Opens the encoder on a node; the argument is True if the node has a GPU."""
_NOTES_AT_ONCE = 64
_TEXTS_AT_ONCE = 1_024
_CONNECT_TIMEOUT_S = 5.0


class Job(NamedTuple):
    """The notes, encoder and cluster; an empty ``address`` starts a cluster on this machine."""

    folder: NotesFolder
    shards: Path
    make_encoder: MakeEncoder
    address: str = ""
    rebuild: bool = False
    texts_at_once: int = _TEXTS_AT_ONCE


def encode_by_ray(job: Job, store: Store, reporter: Reporter | None = None) -> int:
    """Encode the texts that the next build needs and the store lacks.

    :param job: the notes, encoder and cluster.
    :param store: receives the vectors.
    :param reporter: receives the progress.
    :return: how many texts were encoded in this run.
    :raises SettingsError: if Ray is not installed, or there is no cluster at the address.
    """
    reporter = reporter or SilentReporter()
    with store.view() as view:
        stamps = {} if job.rebuild else view.stamps()
    entries = job.folder.scan().notes
    changed = [e.note_id for e in entries if not e.refusal and stamps.get(e.note_id) != e.stamp]
    if not changed:
        return 0
    make_private_folder(job.shards)
    with _Cluster(job.address) as cluster:
        encoded = _encode(cluster, job, store, changed, reporter)
    paths = shards_in(job.shards)
    reporter.begin("loading", len(paths))
    for path in paths:
        store.add_vectors(*read_shard(path))
        path.unlink()
        reporter.advance(1)
    return encoded


def _encode(
    cluster: _Cluster, job: Job, store: Store, changed: list[str], reporter: Reporter
) -> int:
    import ray

    # Names that are not UTF-8 fit into JSON, but not into a column of Arrow.
    rows = [{"note": json.dumps(note_id)} for note_id in changed]
    texts = cluster.map(
        ray.data.from_items(rows), _Cutter, _NOTES_AT_ONCE, job=job, cpus=1
    ).materialize()
    keys = {key for batch in texts.iter_batches() for key in batch["key"].tolist()} - {b""}
    done = {key for path in shards_in(job.shards) for key in read_shard(path)[0]}
    known = set() if job.rebuild else store.known_keys(keys)
    missing = keys - done - known
    reporter.begin("encoding", len(missing))
    if not missing:
        return 0
    encoder = functools.partial(_ShardWriter, missing=ray.put(missing))
    shards = cluster.map(texts, encoder, job.texts_at_once, job=job, cpus=cluster.cpus)
    encoded = 0
    for row in shards.iter_rows():
        reporter.advance(row["texts"])
        encoded += row["texts"]
    return encoded


class _Cluster:
    """A connection to a cluster; without an address, to a temporary one on this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.cpus = 1

    def __enter__(self) -> _Cluster:
        # Set before the import, which reads them. Without them Ray reports its use over the
        # network, and parts of a local cluster listen on every interface.
        if not self._address:
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        require("ray", "--ray", "ray")
        import ray
        import ray.data

        logging.getLogger("ray").setLevel(logging.ERROR)
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address:
            options["address"] = self._address
        else:  # "local": a new one, not one already running here
            options |= {"address": "local", "include_dashboard": False}
            options["_node_ip_address"] = "127.0.0.1"
        _knock(self._address)
        try:
            # Ray adds the working directory to the path of its workers; it may contain notes.
            with contextlib.chdir(Path(__file__).parents[2]):
                ray.init(**options)
        except (OSError, RuntimeError, ValueError) as exc:
            first = str(exc).splitlines()[0]
            raise SettingsError(
                f"the Ray cluster at {self._address or 'this machine'} cannot be used: {first}",
                "if it asks for a token (`ray start` does if ~/.ray/auth_token exists), set "
                "RAY_AUTH_MODE=token here too; check that all nodes have the same version of Ray",
            ) from exc
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.actor_task_retry_on_errors = True
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self._nodes = len(nodes)
        self.cpus = int(min(node.get("CPU", 1) for node in nodes)) or 1
        self._gpus = int(ray.cluster_resources().get("GPU", 0))
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()

    def map(self, rows: Any, worker: Any, at_once: int, *, job: Job, cpus: int) -> Any:
        """Map rows by actors: one actor per node, or one per GPU for encoding."""
        import ray

        gpu = bool(self._gpus) and worker is not _Cutter
        actors = self._gpus if gpu else self._nodes
        resources: dict[str, Any] = {"num_gpus": 1} if gpu else {"num_cpus": cpus}
        return rows.map_batches(
            _Worker,
            fn_constructor_args=(worker, job, gpu),
            batch_size=at_once,
            # If nodes die, one actor is enough to continue.
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
            **resources,
        )


def _knock(address: str) -> None:
    """Check that a server listens at an address; Ray itself would try for minutes.

    :param address: of a cluster; if empty, nothing is checked.
    :raises SettingsError: if no server listens.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        if host and port.isdecimal():
            socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        raise SettingsError(
            f"there is no Ray cluster at {address}: {exc.strerror or exc}",
            "start one with `ray start --head`, or leave the address out",
        ) from exc


class _Worker:
    """An actor that creates its worker once, on its node."""

    def __init__(self, worker: Any, job: Job, gpu: bool) -> None:
        self._run = worker(job, job.make_encoder(gpu))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._run(batch)
        return found


class _Cutter:
    """Turns notes into the texts to encode, each with the key of its vector."""

    def __init__(self, job: Job, encoder: Encoder) -> None:
        self._job = job
        self._encoder = encoder

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        found: dict[bytes, Encodable] = {}
        for name in batch["note"]:
            found.update(self._texts_of(json.loads(name)))
        return {
            "key": np.array([*found, b""], object)[:-1] if found else np.array([b""], object),
            "text": [json.dumps(text) for text in found.values()] or [""],
        }

    def _texts_of(self, note_id: str) -> dict[bytes, Encodable]:
        try:
            note = self._job.folder.cut(self._job.folder.read(note_id), self._encoder)
        except NoteError:
            return {}  # the next build reports the reason
        fingerprint = self._encoder.fingerprint
        texts = encodable_points(self._encoder, note)
        return {vector_key(fingerprint, text): text for text in texts}


class _ShardWriter:
    """Turns texts into a shard of vectors on disk."""

    def __init__(self, job: Job, encoder: Encoder, *, missing: Any) -> None:
        import ray

        self._shards = job.shards
        self._encoder = encoder
        self._missing = ray.get(missing)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        rows = zip(batch["key"], batch["text"], strict=True)
        wanted = {bytes(key): text for key, text in rows if bytes(key) in self._missing}
        if wanted:
            texts = [Encodable(*json.loads(text)) for text in wanted.values()]
            found = encode_texts(self._encoder, texts)
            write_shard(self._shards, list(wanted), found.vectors, found.pieces)
        return {"texts": np.array([len(wanted)])}
