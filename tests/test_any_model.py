"""Other models than the default one: made here, of a few random weights, loaded as any other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenNotebook, WriteNotes
from tiny_models import DIMENSION, bert_config, make_model, tokenizer_files

from indexer.encoding.pieces import unpack_pieces
from indexer.encoding.reranker import CrossEncoderReranker
from indexer.encoding.transformer import TransformerEncoder
from indexer.errors import EncoderError
from indexer.notebook import Notebook

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", params=["mean", "cls"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with prompts, another dimension and another window."""
    folder = tmp_path_factory.mktemp("models") / f"tiny-{request.param}"
    return make_model(folder, request.param)


def test_model_says_what_it_is(model: Path) -> None:
    encoder = TransformerEncoder(str(model))
    assert (encoder.name, encoder.dimension, encoder.window) == (model.name, DIMENSION, 22)
    pooling = "own-words" if "mean" in model.name else "whole-text"
    assert pooling in encoder.fingerprint


def test_prompts_are_put_before_questions_and_points(model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    encoder, plain = TransformerEncoder(str(model)), SentenceTransformer(str(model))
    asked = encoder.encode_query("what is ethics")
    expected = plain.encode(["query : what is ethics"], normalize_embeddings=True, prompt="")[0]
    assert asked.vector @ expected == pytest.approx(1, abs=1e-5)
    assert [("what is ethics")[a:b] for a, b in asked.spans] == ["what", "is", "ethics"]
    assert asked.pieces.shape == (3, DIMENSION)
    if "cls" in model.name:
        found = encoder.encode_points([""], ["no ethics"]).vectors[0]
        expected = plain.encode(["passage : no ethics"], normalize_embeddings=True, prompt="")[0]
        assert found @ expected == pytest.approx(1, abs=1e-5)


def test_pieces_of_points_are_their_own_and_those_above(model: Path) -> None:
    encoder = TransformerEncoder(str(model))
    (packed,) = encoder.encode_points(["the course:"], ["no discussion of ethics"]).pieces
    bits, own, above = unpack_pieces([packed], DIMENSION)
    assert own == [4]
    assert above == [3]  # passage, the, course
    assert bits.shape == (7, DIMENSION // 8)
    assert encoder.count_pieces(["no discussion of ethics"]) == [4]


def test_notes_are_indexed_and_asked_with_it(
    model: Path, write_notes: WriteNotes, tmp_path: Path
) -> None:
    folder = write_notes({"a.md": "- no discussion of ethics\n- the sound of the video\n"})
    with Notebook(folder, store=str(tmp_path / model.name), model=str(model)) as notebook:
        notebook.build()
        assert notebook.check() == []
        assert "ethics" in notebook.search("ethics", 1).hits[0].text


def test_folder_that_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "none"}))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        TransformerEncoder(str(tmp_path))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        CrossEncoderReranker(str(tmp_path))
    with pytest.raises(EncoderError, match="no model folder") as caught:
        CrossEncoderReranker(str(tmp_path / "none"))
    assert "--rerank" in str(caught.value.hint)


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertForSequenceClassification

    folder = tmp_path_factory.mktemp("models") / "cross"
    tokenizer_files(folder)
    BertForSequenceClassification(bert_config(num_labels=1)).save_pretrained(str(folder))
    return folder


def test_reranker_orders_the_first_points(
    reranker: Path, write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    texts = ["no discussion of ethics", "the sound of the video", "a course", "what is ethics"]
    notebook = open_notebook(write_notes({"a.md": "".join(f"- {text}\n" for text in texts)}))
    notebook.build()
    plain = notebook.search("ethics", 4)
    answer = notebook.search("ethics", 4, rerank=str(reranker))
    rated = CrossEncoderReranker(str(reranker)).rate(
        "ethics", [f"a: {hit.text}" for hit in plain.hits]
    )
    expected = [plain.hits[i].text for i in np.argsort(-np.array(rated), kind="stable")]
    assert [hit.text for hit in answer.hits] == expected
    assert answer.confidence == plain.confidence
