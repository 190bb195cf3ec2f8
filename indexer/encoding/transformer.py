"""Run any model with sentence-transformers, on a GPU if there is one.

The only importer of torch, transformers and sentence_transformers; importing them takes seconds.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Progress, hash_file, unit_length
from indexer.encoding.pieces import pack_pieces
from indexer.errors import EncoderError
from indexer.extras import require

_BATCH = 32


class TransformerEncoder:
    """Any model that sentence-transformers can load."""

    def __init__(
        self, model: str, *, name: str | None = None, weights_hash: str | None = None
    ) -> None:
        """Load a model; a local folder needs no network.

        :param model: folder, or name on the hub.
        :param name: its name in the index; by default that of the folder or the hub.
        :param weights_hash: SHA-256 that the weights must have, None to accept any.
        :raises EncoderError: if it cannot be loaded, or the weights have another hash.
        """
        folder = Path(model)
        self._model = load_model("SentenceTransformer", model, "--model")
        self.name = name or (folder.name if folder.is_dir() else model)
        self.dimension = int(self._model.get_embedding_dimension())
        self.window = int(self._model.max_seq_length or 512) - self._count_specials()
        self._means = self._pools_by_mean()
        self.engine = ""
        found = hash_weights(folder) if folder.is_dir() else self._hub_revision()
        if weights_hash is not None and found != weights_hash:
            raise EncoderError(
                f"the weights in {folder} are not the published ones: "
                f"SHA-256 {found[:16]}..., not {weights_hash[:16]}...",
                "install the package of the model again",
            )
        pooling = "own-words-in-context" if self._means else "whole-text-in-context"
        self.fingerprint = f"{self.name} {found[:16]} {pooling} window-{self.window} fp32"

    def open_ahead(self, points: int = 0) -> None:
        """Do nothing: the model is open already."""

    def verify(self) -> None:
        """Do nothing: the files of other models have no recorded hash."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, without special ones."""
        return [len(ids) for ids in self._tokenize(list(texts))]

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces of each text are stored: those with a letter or a digit."""
        return [int(self._is_spoken[ids].sum()) for ids in self._tokenize(list(texts))]

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces; the model's prompt is put before it."""
        encoding = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True
        )
        ids = encoding["input_ids"][: self.window]
        spans = tuple((start, end) for start, end in encoding["offset_mapping"][: len(ids)])
        prompt = self._model.prompts.get("query") or ""
        vectors, states, rows = self._run([text], prompt)
        place = _find_run(rows[0], ids)
        if place is None or states[0].shape[1] != self.dimension:
            # No late interaction: prompt and text are tokenized differently where they meet, or a
            # layer after the states changes their dimension.
            return EncodedQuery(vectors[0], np.zeros((0, self.dimension), np.float32), ())
        return EncodedQuery(vectors[0], unit_length(states[0][place : place + len(ids)]), spans)

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points; see ``Encoder``.

        Models that pool by the mean average only the text's own word pieces; other models use
        context and text.
        """
        self.engine = "sentence-transformers"
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        pieces = [b""] * len(texts)
        own = self._tokenize(list(texts))
        joined = self._join(contexts, texts, own)
        order = sorted(range(len(texts)), key=lambda i: -len(joined[i]))
        prompt = self._model.prompts.get("document") or self._model.prompts.get("passage") or ""
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            lengths = [min(len(own[i]), self.window) for i in batch]
            found, states, rows = self._run([joined[i] for i in batch], prompt, lengths)
            vectors[batch] = found
            if states[0].shape[1] != self.dimension:
                continue
            for i, length, hidden, row in zip(batch, lengths, states, rows, strict=True):
                spoken = self._is_spoken[row]
                border = len(row) - length - self._count_after
                after = len(row) - self._count_after
                pieces[i] = pack_pieces(
                    hidden[border:after][spoken[border:after]], hidden[:border][spoken[:border]]
                )
            if progress:
                progress(len(batch))
        return EncodedPoints(vectors, pieces)

    def _join(
        self, contexts: Sequence[str], texts: Sequence[str], own: list[list[int]]
    ) -> list[str]:
        """Put each context before its text; cut it from the left if both exceed the window."""
        joined = []
        for context, text, ids in zip(contexts, texts, own, strict=True):
            words = context.split()
            room = self.window - len(ids)
            while words and len(self._tokenize([" ".join(words)])[0]) > room:
                words = words[max(1, len(words) // 4) :]
            joined.append(" ".join([*words, text]) if words else text)
        return joined

    def _run(
        self, texts: list[str], prompt: str, own: list[int] | None = None
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]], list[list[int]]]:
        """Return the vectors of texts, the states of their word pieces, and the ids of the pieces.

        :param texts: what to encode.
        :param prompt: the model's prompt, put before each text.
        :param own: how many of the last word pieces of each text are pooled; None for all.
        """
        import torch

        with torch.inference_mode():
            features = self._model.preprocess(texts, prompt=prompt)
            features = {
                key: value.to(self._model.device) if hasattr(value, "to") else value
                for key, value in features.items()
            }
            ids = features["input_ids"].cpu().numpy()
            real = features["attention_mask"].cpu().numpy().astype(bool)
            first, *others = self._model
            features = first(features)
            states = features["token_embeddings"].float().cpu().numpy()
            if self._means and own is not None:
                features["attention_mask"] = self._own_words(features["attention_mask"], own)
            for module in others:
                features = module(features)
        vectors = unit_length(features["sentence_embedding"].float().cpu().numpy())
        rows = [row[mask].tolist() for row, mask in zip(ids, real, strict=True)]
        return vectors, [row[mask] for row, mask in zip(states, real, strict=True)], rows

    def _own_words(self, mask: Any, own: list[int]) -> Any:
        """Return the attention mask of each row's last word pieces, without the special one."""
        kept = mask.clone()
        for row, count in enumerate(own):
            positions = mask[row].nonzero().flatten()
            if count:
                kept[row] = 0
                kept[row, positions[-1 - count : -1]] = 1
        return kept

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self._model.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return ids

    def _count_specials(self) -> int:
        return len(self._model.tokenizer("")["input_ids"])

    @functools.cached_property
    def _count_after(self) -> int:
        """How many special word pieces follow a text."""
        mask = self._model.tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
        return len(mask) - 1 - max(i for i, special in enumerate(mask) if not special)

    @functools.cached_property
    def _is_spoken(self) -> NDArray[np.bool_]:
        """Whether each word piece of the vocabulary holds a letter or a digit."""
        tokenizer = self._model.tokenizer
        vocabulary = tokenizer.get_vocab()
        spoken = np.zeros(max(len(tokenizer), max(vocabulary.values()) + 1), np.bool_)
        for piece, number in vocabulary.items():
            spoken[number] = any(map(str.isalnum, piece))
        spoken[list(tokenizer.all_special_ids)] = False
        return spoken

    def _pools_by_mean(self) -> bool:
        """Return whether a vector is the mean over word pieces, with one special one at the end."""
        pooling = [module for module in self._model if type(module).__name__ == "Pooling"]
        mode = str(getattr(pooling[0], "pooling_mode", "")) if pooling else ""
        return mode == "mean" and self._count_specials() == 2

    def _hub_revision(self) -> str:
        revision = getattr(getattr(self._model[0], "auto_model", None), "config", None)
        return str(getattr(revision, "_commit_hash", None) or "unknown")


def load_model(kind: str, model: str, option: str) -> Any:
    """Load a model with sentence-transformers; a local folder needs no network.

    :param kind: class of the library.
    :param model: folder, or name on the hub.
    :param option: the option that names the model, for messages.
    :raises MissingPackages: if the library is not installed.
    :raises EncoderError: if the model cannot be loaded.
    """
    if Path(model).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    elif model.startswith((".", "/", "~")):
        raise EncoderError(
            f"there is no model folder {model}", f"check the path given with {option}"
        )
    require("models", f"the model {model}", "torch", "sentence_transformers")
    quiet_libraries()
    import sentence_transformers

    try:
        return getattr(sentence_transformers, kind)(model, trust_remote_code=False)
    except Exception as exc:  # five libraries raise here, without a common base class
        raise EncoderError(
            f"the model {model} cannot be loaded: {_first_line(exc)}",
            f"name a local folder, a model already on this machine, or leave {option} out; "
            "fetching a new one needs the network",
        ) from exc


def _find_run(row: Sequence[int], ids: Sequence[int]) -> int | None:
    """Return the position of word pieces at, or near, the end of a row."""
    places = range(len(row) - len(ids), -1, -1)
    return next((i for i in places if list(row[i : i + len(ids)]) == list(ids)), None)


def hash_weights(folder: Path) -> str:
    """Return the SHA-256 of the weights of a folder: of one file, or over the hashes of all."""
    found = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("pytorch_model*.bin"))
    if len(found) == 1:
        return hash_file(found[0])
    import hashlib

    return hashlib.sha256("".join(map(hash_file, found)).encode()).hexdigest()


def quiet_libraries() -> None:
    """Keep the libraries' progress bars and warnings off the terminal."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore", module="torch")
    for name in ("transformers", "sentence_transformers", "torch.onnx", "root", "onnxruntime"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip().split("\n") or [type(exc).__name__])[0][:200]
