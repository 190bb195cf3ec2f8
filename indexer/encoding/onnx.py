"""The fast path: run a converted model with ONNX Runtime and tokenizers, without torch.

Points use the fp32 file, so a vector depends only on its own text. Questions use the int8 file,
which opens in a third of the time and memory. (Dynamic int8 takes its scale from the whole batch,
so the vector of a point would change with its neighbours.)
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Progress, hash_file, unit_length
from indexer.encoding.engines import (
    Batch,
    Engine,
    Hidden,
    OnnxRuntimeEngine,
    OpenVinoEngine,
    count_cores,
    unable,
)
from indexer.encoding.pieces import pack_pieces
from indexer.errors import EncoderError
from indexer.memory_limit import demand_room, has_room

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MAX_CONTEXT_TOKENS = 96
# Word pieces of a batch, whose texts have about the same length. This many stay in the cache of a
# core: batches of 2,048 take 1.24 times as long (benchmarks/README.md).
_BATCH_TOKENS = 384
_LEAST_BATCH_TOKENS = 256
_UNKNOWN = -1
# An encoding takes a kilobyte, plus 300 bytes per word piece: a 5 MB line took 1 GB at once.
_TEXTS_AT_ONCE = 8_192
_CHARS_AT_ONCE = 262_144
# From this number of word pieces on, OpenVINO makes up for the second it takes to start.
_MANY_TOKENS = 20_000
_MANY_POINTS = 400  # usually that number of word pieces
# Fewer texts are tokenized one by one: waking the threads of tokenizers can take 2 ms.
_MANY_TEXTS = 16
_MOST_COUNTED = 2_048  # sentences of hits whose word pieces stay counted
# Address space that each engine takes until it has run. If a limit leaves less, the libraries kill
# the process by a signal, or hang.
_QUERY_BYTES = 64 << 20
_EXACT_BYTES = 448 << 20
_FAST_BYTES = 768 << 20
_FAST_BYTES_A_CORE = 384 << 20
# Lists the files found intact, by size, times and inode.
_VERIFIED = "verified.json"


class OnnxEncoder:
    """A packaged model from its converted folder."""

    FORMAT: Final = 3
    MANIFEST: Final = "manifest.json"
    POINTS_FILE: Final = "points-fp32.onnx"
    POINTS_WEIGHTS: Final = "points-fp32.weights"
    QUERY_FILE: Final = "query-int8.onnx"
    QUERY_WEIGHTS: Final = "query-int8.weights"
    TOKENIZER_FILE: Final = "tokenizer.json"
    FILES: Final = (POINTS_FILE, POINTS_WEIGHTS, QUERY_FILE, QUERY_WEIGHTS, TOKENIZER_FILE)

    def __init__(self, folder: Path, *, centred: bool = True, steady: bool = False) -> None:
        """Read the manifest of a converted model; sessions open on first use.

        :param folder: as ``indexer.encoding.convert`` writes it.
        :param centred: False to leave the states of the model unchanged.
        :param steady: True to encode all points by one engine, however many they are.
        :raises EncoderError: if the manifest cannot be read.
        """
        self._folder = folder
        self._steady = steady
        self._lock = threading.RLock()
        self._tokens = 0  # word pieces of all points so far
        self.engine = ""  # the engine of the last points, for people
        try:
            self._manifest: dict[str, Any] = json.loads((folder / self.MANIFEST).read_text("utf-8"))
            self._files: dict[str, str] = self._manifest["files"]
            self.name: str = self._manifest["model"]
            self.dimension: int = self._manifest["dimension"]
            self.window: int = self._manifest["window"]
            weights = self._manifest["weights_sha256"]
            self._query_prompt: str = self._manifest.get("query_prompt", "")
            self._point_prompt: str = self._manifest.get("point_prompt", "")
            # The mean of all states; subtracting it makes the signs of some models say more.
            centre = self._manifest.get("centre") if centred else None
            self._centre = np.array(centre or 0.0, np.float32)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise self._damaged(self.MANIFEST) from exc
        self._counted: dict[str, int] = {}
        self.fingerprint = (
            f"{self.name} {weights[:16]} own-words-in-context window-{self.window} fp32"
            f"{' centred' if self._centre.any() else ''}"
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, without special ones."""
        return [len(ids) for ids in self._ids_of(texts)]

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces of each text are stored: those with a letter or a digit."""
        known = self._counted
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        new = {
            text: int(self._are_spoken(ids).sum())
            for text, ids in zip(missing, self._ids_of(missing), strict=True)
        }
        counts = [new[text] if text in new else known[text] for text in texts]
        self._counted = {**(known if len(known) < _MOST_COUNTED else {}), **new} if new else known
        return counts

    def _ids_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Yield the word pieces of each text, with a bounded number in memory."""
        if len(texts) < _MANY_TEXTS:
            for text in texts:
                yield self._tokenizer.encode(text, add_special_tokens=False).ids
            return
        for part in _parts(texts):
            for encoding in self._tokenizer.encode_batch_fast(part, add_special_tokens=False):
                yield encoding.ids

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids = encoding.ids[: self.window]
        prompt = self._prompt_ids(self._query_prompt)
        row = np.array([self._with_specials([*prompt, *ids])])
        with self._lock:
            engine = self._query_engine
        states = engine.run(row, np.ones_like(row))[0]
        vector = unit_length(states.mean(axis=0) - self._centre)
        own = unit_length(states[1 + len(prompt) : -1] - self._centre)
        known = tuple(number != self._unknown_id for number in ids)
        return EncodedQuery(vector, own, tuple(encoding.offsets[: len(ids)]), known)

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points; see ``Encoder``."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        pieces = [b""] * len(texts)
        rows, spans = self._assemble(contexts, texts)
        batches = _batches(rows)

        def use(position: int, hidden: Hidden) -> None:
            for place, i in enumerate(batches[position]):
                begin, end = spans[i]
                states = hidden[place, : len(rows[i])]
                # A text without a word piece of its own is averaged over context and special
                # pieces.
                vectors[i] = (states[begin:end] if end > begin else states).mean(axis=0)
                words = self._are_spoken(rows[i])
                own, above = begin + np.flatnonzero(words[begin:end]), np.flatnonzero(words[:begin])
                pieces[i] = pack_pieces(states[own] - self._centre, states[above] - self._centre)
            if progress:
                progress(len(batches[position]))

        engine = self._points_engine(sum(map(len, rows)))
        engine.run_all((_pad([rows[i] for i in batch]) for batch in batches), use)
        return EncodedPoints(unit_length(vectors - self._centre), pieces)

    def _assemble(
        self, contexts: Sequence[str], texts: Sequence[str]
    ) -> tuple[list[list[int]], list[tuple[int, int]]]:
        """Return the word pieces of each context and text, and the positions of the text's own."""
        prompt = self._prompt_ids(self._point_prompt)
        distinct = list(dict.fromkeys(contexts))
        context_ids = dict(zip(distinct, self._ids_of(distinct), strict=True))
        rows, spans = [], []
        for context, own in zip(contexts, self._ids_of(texts), strict=True):
            ids = own[: self.window]
            room = min(self.window - len(ids), _MAX_CONTEXT_TOKENS)
            before = context_ids[context][-room:] if room else []
            rows.append(self._with_specials([*prompt, *before, *ids]))
            begin = 1 + len(prompt) + len(before)
            spans.append((begin, begin + len(ids)))
        return rows, spans

    def _prompt_ids(self, prompt: str) -> list[int]:
        """Return the word pieces of the model's prompt."""
        if not prompt:
            return []
        ids: list[int] = self._tokenizer.encode(prompt, add_special_tokens=False).ids
        return ids

    def _with_specials(self, ids: list[int]) -> list[int]:
        return [self._specials[0], *ids, self._specials[1]]

    def _are_spoken(self, ids: Sequence[int]) -> NDArray[np.bool_]:
        """Return whether each word piece holds a letter or a digit; special ones do not."""
        spoken = self._spoken[ids]
        if (spoken == _UNKNOWN).any():
            for number in set(ids):
                piece = self._tokenizer.id_to_token(number) or ""
                special = piece[:1] + piece[-1:] in ("[]", "<>")
                self._spoken[number] = any(map(str.isalnum, piece)) and not special
            spoken = self._spoken[ids]
        return np.asarray(spoken == 1)

    @functools.cached_property
    def _spoken(self) -> NDArray[np.int8]:
        """A cache of ``_are_spoken``: testing all pieces at once takes as long as an encoding."""
        return np.full(self._tokenizer.get_vocab_size(), _UNKNOWN, np.int8)

    @functools.cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        self._verify(self.TOKENIZER_FILE)
        tokenizer = Tokenizer.from_file(str(self._folder / self.TOKENIZER_FILE))
        # The file sets truncation and padding to 128; this class does both, by the window.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @functools.cached_property
    def _unknown_id(self) -> int | None:
        """The word piece that stands for any word the model does not know."""
        found = (self._tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>"))
        return next((number for number in found if number is not None), None)

    @functools.cached_property
    def _specials(self) -> tuple[int, int]:
        ids = self._tokenizer.encode("", add_special_tokens=True).ids
        return ids[0], ids[-1]

    def open_ahead(self, points: int = 0) -> None:
        """Start to open what is needed next, in the background.

        :param points: about how many points will be encoded; 0 for a question.
        """
        name = "_query_engine"
        if points:
            name = "_fast_engine" if points >= _MANY_POINTS else "_exact_engine"

        def open_it() -> None:
            with contextlib.suppress(EncoderError), self._lock:
                getattr(self, name)  # the caller that needs it gets the error

        if name not in self.__dict__:
            # Not a daemon thread: a library that is still starting when the interpreter shuts down
            # aborts the process.
            threading.Thread(target=open_it).start()

    @functools.cached_property
    def _query_engine(self) -> OnnxRuntimeEngine:
        return self._open(self.QUERY_FILE, self.QUERY_WEIGHTS, _QUERY_BYTES, optimise=False)

    @functools.cached_property
    def _exact_engine(self) -> OnnxRuntimeEngine:
        return self._open(self.POINTS_FILE, self.POINTS_WEIGHTS, _EXACT_BYTES)

    @functools.cached_property
    def _fast_engine(self) -> OpenVinoEngine | None:
        for name in (self.POINTS_FILE, self.POINTS_WEIGHTS):
            self._verify(name)
        if not has_room(_FAST_BYTES + (os.cpu_count() or 1) * _FAST_BYTES_A_CORE):
            return None
        try:
            return OpenVinoEngine(self._folder / self.POINTS_FILE)
        except (ImportError, RuntimeError):  # not installed, or not supported by this processor
            return None

    def _points_engine(self, tokens: int) -> Engine:
        """Return the engine for a number of word pieces: the fast one if there are many."""
        self._tokens += tokens
        with self._lock:
            many = self._tokens >= _MANY_TOKENS and not self._steady
            fast = self._fast_engine if many else None
            engine = fast or self._exact_engine
        self.engine = engine.name
        return engine

    def _open(
        self, name: str, weights: str, room: int, *, optimise: bool = True
    ) -> OnnxRuntimeEngine:
        for part in (name, weights):
            self._verify(part)
        demand_room(room)
        try:
            return OnnxRuntimeEngine(self._folder / name, optimise=optimise)
        except Exception as exc:  # ONNX Runtime has no base class for its errors
            raise unable(exc) from exc

    def _verify(self, name: str, *, rehash: bool = False) -> None:
        """Refuse a file that differs from the one that was converted.

        Hashing takes as long as loading, so a file that was found intact is recognised by its
        stamp.

        :param name: of the file.
        :param rehash: True to hash it even if its stamp is known.
        :raises EncoderError: if it differs.
        """
        try:
            stamp = _stamp(self._folder / name)
            known = _read_json(self._folder / _VERIFIED)
            if not rehash and known.get(name) == [*stamp, self._files[name]]:
                return
            if hash_file(self._folder / name) != self._files[name]:
                raise self._damaged(name)
        except (OSError, KeyError) as exc:
            raise self._damaged(name) from exc
        known[name] = [*stamp, self._files[name]]
        _write_json(self._folder / _VERIFIED, known)

    def _damaged(self, name: str) -> EncoderError:
        return EncoderError(
            f"the converted model is damaged: {self._folder / name}",
            f"delete the folder {self._folder}; the next start creates it again",
        )

    def verify(self) -> None:
        """Check every file of the model against its hash.

        :raises EncoderError: naming the first file that differs.
        """
        for name in self._files:
            self._verify(name, rehash=True)


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts in parts of a bounded size."""
    part: list[str] = []
    chars = 0
    for text in texts:
        if part and (len(part) == _TEXTS_AT_ONCE or chars + len(text) > _CHARS_AT_ONCE):
            yield part
            part, chars = [], 0
        part.append(text)
        chars += len(text)
    if part:
        yield part


def _batches(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the positions of texts in batches of similar length, the longest first.

    Few texts are shared out over the cores.
    """
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
    share = sum(map(len, rows)) // count_cores()
    limit = min(_BATCH_TOKENS, max(_LEAST_BATCH_TOKENS, share))
    batches, start = [], 0
    while start < len(order):
        longest = len(rows[order[start]])
        batches.append(order[start : start + max(1, limit // longest)])
        start += len(batches[-1])
    return batches


def _pad(rows: Sequence[Sequence[int]]) -> Batch:
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a cache file; ignore a failure, which only costs the work again later."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    with contextlib.suppress(OSError):
        temporary.write_text(json.dumps(content), "utf-8")
        temporary.replace(path)
