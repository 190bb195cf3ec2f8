"""Encode in parallel with reading: encode and save texts while the next notes are read.

One thread encodes, and releases the interpreter lock while it does. The thread that reads the notes
also writes the vectors, so only one thread changes a store.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from indexer.encoding.encoder import EncodedPoints, Encoder, Progress
from indexer.encoding.pieces import limit_pieces
from indexer.indexing.crowded import Encodable
from indexer.memory_limit import released_on_shortage
from indexer.store.protocol import Store

# Vectors are saved after this number of texts, the most that a killed build loses.
TEXTS_AT_ONCE = 1_024
Inputs = Mapping[bytes, Encodable]
"""Maps the key of a vector to its context and text."""


class EncodingAhead:
    """A queue of texts to encode and save."""

    def __init__(self, store: Store, encoder: Encoder, *, again: bool) -> None:
        """Start with an empty queue.

        :param store: receives the vectors.
        :param encoder: makes the vectors.
        :param again: True to encode even texts whose vectors are in the store.
        """
        self._store = store
        self._encoder = encoder
        self._again = again
        self._pool = ThreadPoolExecutor(1, "encoding")
        self._waiting: dict[bytes, Encodable] = {}
        self._seen: set[bytes] = set()
        self._running: deque[tuple[Sequence[bytes], Future[EncodedPoints]]] = deque()
        self._lock = threading.Lock()
        self._done = 0
        self._tell: Callable[[int], None] | None = None
        self.count = 0

    def __enter__(self) -> Self:
        """Return the queue; encoding has stopped when the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop the texts whose encoding has not started."""
        self._pool.shutdown(cancel_futures=True)

    @released_on_shortage
    def add(self, inputs: Inputs) -> None:
        """Queue texts, encode them once there are enough, and save finished vectors."""
        for key, text in inputs.items():
            if key not in self._seen:
                self._seen.add(key)
                self._waiting[key] = text
        while len(self._waiting) >= TEXTS_AT_ONCE:
            self._begin(list(self._waiting)[:TEXTS_AT_ONCE])
        while self._running and self._running[0][1].done():
            self._keep()

    def finish(self, begin: Callable[[int], None], advance: Callable[[int], None]) -> int:
        """Encode and save the rest.

        :param begin: receives the total number of texts.
        :param advance: receives the number of texts finished since the last call.
        :return: how many texts were encoded.
        """
        self._begin(list(self._waiting))
        with self._lock:
            begin(self.count)
            advance(self._done)
            self._tell = advance
        while self._running:
            self._keep()
        return self.count

    def _begin(self, keys: Sequence[bytes]) -> None:
        texts = {key: self._waiting.pop(key) for key in keys}
        known = set() if self._again or not texts else self._store.known_keys(texts)
        missing = [key for key in texts if key not in known]
        if missing:
            self.count += len(missing)
            job = self._pool.submit(self._encode, [texts[key] for key in missing])
            self._running.append((missing, job))

    @released_on_shortage
    def _encode(self, texts: Sequence[Encodable]) -> EncodedPoints:
        return encode_texts(self._encoder, texts, self._advance)

    def _advance(self, steps: int) -> None:
        with self._lock:
            self._done += steps
            if self._tell is not None:
                self._tell(steps)

    def _keep(self) -> None:
        keys, job = self._running.popleft()
        encoded = job.result()
        self._store.add_vectors(keys, encoded.vectors, encoded.pieces)


def encode_texts(
    encoder: Encoder, texts: Sequence[Encodable], progress: Progress | None = None
) -> EncodedPoints:
    """Return the vectors and word pieces of texts, in their order.

    :param encoder: makes them.
    :param texts: with their contexts, and how many word pieces to keep.
    :param progress: receives the number of texts encoded since the last call.
    """
    contexts, own = [one.context for one in texts], [one.text for one in texts]
    found = encoder.encode_points(contexts, own, progress)
    dimension = encoder.dimension
    pieces = [
        limit_pieces(packed, one.most, dimension)
        for packed, one in zip(found.pieces, texts, strict=True)
    ]
    return found._replace(pieces=pieces)
