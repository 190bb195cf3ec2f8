"""The fast path: the converted default model by ONNX Runtime and tokenizers, without torch.

Points are read by the fp32 file, so that a vector depends on its own text alone; questions by the
int8 file, which opens in a third of the time and the memory. (Dynamic int8 takes its scale from the
whole batch: the vector of a point would change with its neighbours.)
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import (
    EncodedPoints,
    EncodedQuery,
    Progress,
    Vectors,
    hash_file,
    unit_length,
)
from indexer.encoding.pieces import pack_pieces
from indexer.errors import EncoderError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

_MAX_CONTEXT_TOKENS = 96
_BATCH_TOKENS = 4_096  # texts of one batch have about the same length; measured in benchmarks/
_THREADS = 0  # as many as the machine has cores


class OnnxEncoder:
    """The default model from its converted folder."""

    FORMAT: Final = 1
    MANIFEST: Final = "manifest.json"
    POINTS_FILE: Final = "points-fp32.onnx"
    QUERY_FILE: Final = "query-int8.onnx"
    TOKENIZER_FILE: Final = "tokenizer.json"

    def __init__(self, folder: Path) -> None:
        """Read the manifest of a converted model; sessions are opened when they are needed.

        :param folder: as ``export_onnx`` writes it.
        :raises EncoderError: if the manifest cannot be read.
        """
        self._folder = folder
        try:
            self._manifest: dict[str, Any] = json.loads((folder / self.MANIFEST).read_text("utf-8"))
            self._files: dict[str, str] = self._manifest["files"]
            self.name: str = self._manifest["model"]
            self.dimension: int = self._manifest["dimension"]
            self.window: int = self._manifest["window"]
            weights = self._manifest["weights_sha256"]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise self._damaged(self.MANIFEST) from exc
        self.fingerprint = (
            f"{self.name} {weights[:16]} own-words-in-context window-{self.window} fp32"
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, special ones not counted."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids = encoding.ids[: self.window]
        states = self._run(self._query_session, [self._with_specials(ids)])[0]
        vector = unit_length(states.mean(axis=0))
        return EncodedQuery(vector, unit_length(states[1:-1]), tuple(encoding.offsets[: len(ids)]))

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points; see ``Encoder``."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        pieces = [b""] * len(texts)
        rows, spans = self._assemble(contexts, texts)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        start = 0
        while start < len(order):
            length = len(rows[order[start]])
            batch = order[start : start + max(1, _BATCH_TOKENS // length)]
            for i, states in zip(
                batch, self._run(self._points_session, [rows[i] for i in batch]), strict=True
            ):
                begin, end = spans[i]
                # A text without a word piece of its own is averaged over all there is.
                vectors[i] = (
                    states[begin:end].mean(axis=0)
                    if end > begin
                    else states[: len(rows[i])].mean(axis=0)
                )
                spoken = self._is_spoken[rows[i]]
                own, above = spoken.copy(), spoken.copy()
                own[:begin], own[end:], above[begin:] = False, False, False
                pieces[i] = pack_pieces(states[: len(own)][own], states[: len(own)][above])
            start += len(batch)
            if progress:
                progress(len(batch))
        return EncodedPoints(unit_length(vectors), pieces)

    def _assemble(
        self, contexts: Sequence[str], texts: Sequence[str]
    ) -> tuple[list[list[int]], list[tuple[int, int]]]:
        """Return the word pieces of each context and text, and where the text's own ones stand."""
        distinct = list(dict.fromkeys(contexts))
        pieces = self._tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
        context_ids = {text: piece.ids for text, piece in zip(distinct, pieces, strict=True)}
        own = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        rows, spans = [], []
        for context, encoding in zip(contexts, own, strict=True):
            ids = encoding.ids[: self.window]
            room = min(self.window - len(ids), _MAX_CONTEXT_TOKENS)
            before = context_ids[context][-room:] if room else []
            rows.append(self._with_specials([*before, *ids]))
            spans.append((1 + len(before), 1 + len(before) + len(ids)))
        return rows, spans

    def _with_specials(self, ids: list[int]) -> list[int]:
        return [self._specials[0], *ids, self._specials[1]]

    def _run(self, session: InferenceSession, rows: list[list[int]]) -> Vectors:
        """Return the last hidden states of rows, shape ``(rows, longest row, dimension)``."""
        longest = max(map(len, rows))
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return np.asarray(session.run(None, inputs)[0], np.float32)

    @functools.cached_property
    def _is_spoken(self) -> NDArray[np.bool_]:
        """Tell of each word piece whether it holds a letter or a digit; special ones do not."""
        vocabulary = self._tokenizer.get_vocab()
        spoken = np.zeros(max(vocabulary.values()) + 1, np.bool_)
        for piece, number in vocabulary.items():
            special = piece.startswith("[") and piece.endswith("]")
            spoken[number] = any(map(str.isalnum, piece)) and not special
        return spoken

    @functools.cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        self._verify(self.TOKENIZER_FILE)
        tokenizer = Tokenizer.from_file(str(self._folder / self.TOKENIZER_FILE))
        # The file carries truncation and padding to 128; both are done here, by the window.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @functools.cached_property
    def _specials(self) -> tuple[int, int]:
        ids = self._tokenizer.encode("", add_special_tokens=True).ids
        return ids[0], ids[-1]

    @functools.cached_property
    def _query_session(self) -> InferenceSession:
        return self._open(self.QUERY_FILE)

    @functools.cached_property
    def _points_session(self) -> InferenceSession:
        return self._open(self.POINTS_FILE)

    def _open(self, name: str) -> InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        options.log_severity_level = 3
        path = self._folder / name
        with ThreadPoolExecutor(1) as pool:
            verified = pool.submit(self._verify, name)  # beside the loading: both take time
            try:
                session = onnxruntime.InferenceSession(
                    str(path), options, providers=["CPUExecutionProvider"]
                )
            except Exception as exc:  # ONNX Runtime has no base class for its errors
                verified.result()
                raise self._damaged(name) from exc
            verified.result()
        return session

    def _verify(self, name: str) -> None:
        try:
            if hash_file(self._folder / name) == self._files[name]:
                return
        except (OSError, KeyError) as exc:
            raise self._damaged(name) from exc
        raise self._damaged(name)

    def _damaged(self, name: str) -> EncoderError:
        return EncoderError(
            f"the converted model is damaged: {self._folder / name}",
            f"delete the folder {self._folder}; it is made anew at the next start",
        )

    def verify(self) -> None:
        """Check every file of the model against its hash.

        :raises EncoderError: naming the first file that differs.
        """
        for name in self._files:
            self._verify(name)
