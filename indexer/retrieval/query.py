"""A question with its options, and the data from the encoder and the notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from indexer.encoding.encoder import EncodedQuery, Encoder, unit_length
from indexer.encoding.token_counts import EstimatedTokens
from indexer.errors import EncoderError
from indexer.records import Mode, NoteFilter
from indexer.retrieval.names_asked import names_unknown
from indexer.retrieval.operators import Allowed
from indexer.retrieval.question import (
    Question,
    is_gibberish,
    read_question,
    share_unknown,
    word_weights,
)
from indexer.retrieval.ranking import Weights, idf
from indexer.store.protocol import View
from indexer.store.records import Header, Vectors
from indexer.text.terms import terms_of

# Rocchio (SMART, 1971): how far examples move the question's vector towards or away from them.
_MORE_WEIGHT = 0.6
_LESS_WEIGHT = 0.3

# If more than this share of a question is unknown to the model, exact words decide.
_MAX_UNKNOWN = 0.5

Reranker = Callable[[str, Sequence[str]], Sequence[float]]
"""Returns how well each text answers a question."""


class Query(NamedTuple):
    """A question and how to answer it.

    ``k`` counts units, or points where ``points`` asks for single ones; ``more_like`` and
    ``less_like`` are point ids; ``allowed`` says which points may answer;
    ``budget`` is in tokens, see ``Answer.passages``.
    """

    question: str
    k: int = 10
    mode: Mode = Mode.HYBRID
    where: NoteFilter = NoteFilter()
    more_like: tuple[int, ...] = ()
    less_like: tuple[int, ...] = ()
    weights: Weights = Weights()
    reranker: Reranker | None = None
    points: bool = False
    explain: bool = False
    budget: int | None = None
    allowed: Allowed = Allowed()


class Asked(NamedTuple):
    """A question after reading, with the data from the encoder and the notes.

    ``vector`` is the question's vector, moved by examples; None in a search by words. ``weights``
    are the weights of its word pieces; they sum to 1. ``by_words`` is True if words alone decide,
    because of the mode or because the model does not know them. ``gibberish`` is True if neither
    the notes nor the model know a word of the question. ``unknown_name`` is True if it names
    something that no point has.
    """

    question: Question
    encoded: EncodedQuery | None
    vector: Vectors | None
    rarity: dict[str, float]
    weights: Vectors
    by_words: bool = False
    gibberish: bool = False
    unknown_name: bool = False


def ask(view: View, header: Header, encoder: Encoder | None, query: Query) -> Asked:
    """Read a question with the notes as the dictionary, and encode it.

    :param view: the index.
    :param header: of the view.
    :param encoder: the encoder of the index; None to answer by words alone.
    :param query: the question and its options.
    :raises QueryError: if the question is empty or too long.
    :raises EncoderError: if the mode is by meaning and there is no encoder.
    """
    question = read_question(query.question, view, encoder or EstimatedTokens())
    encoded = None
    if query.mode is not Mode.LEXICAL:
        if encoder is None:
            raise EncoderError("the model is not loaded yet", "search by words until it is")
        encoded = encoder.encode_query(question.text).within_limit()
    terms = {*question.terms, *terms_of(question.text)}
    counts = view.term_counts(terms)
    rarity = idf(header.points, counts, terms)
    weights = word_weights(question, encoded.spans if encoded else (), rarity)
    vector = _moved(view, encoded.vector, query) if encoded else None
    missing = {term for term in terms if not counts.get(term)}
    by_words = query.mode is Mode.LEXICAL
    gibberish = bool(encoded) and is_gibberish(question, encoded.spans if encoded else (), counts)
    if encoded and query.mode is Mode.HYBRID:
        unknown = share_unknown(question, encoded.spans, encoded.known, weights)
        by_words = unknown > _MAX_UNKNOWN
    return Asked(
        question=question,
        encoded=encoded,
        vector=vector,
        rarity=rarity,
        weights=np.asarray(weights, np.float32),
        by_words=by_words,
        gibberish=gibberish,
        unknown_name=names_unknown(question, missing, view),
    )


def _moved(view: View, vector: Vectors, query: Query) -> Vectors:
    """Return the question's vector, moved towards and away from examples."""
    for ids, weight in ((query.more_like, _MORE_WEIGHT), (query.less_like, -_LESS_WEIGHT)):
        if ids:
            vector = vector + weight * view.vectors(ids).mean(axis=0)
    return unit_length(vector)
