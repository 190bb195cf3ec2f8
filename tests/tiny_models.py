"""Models of a few random weights, made here and loaded as any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

WORDS = "query passage : ethics video sound course network the a of no discussion what is".split()
DIMENSION = 32


def tokenizer_files(folder: Path) -> None:
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizerFast(str(vocabulary), model_max_length=24).save_pretrained(str(folder))


def bert_config(**more: object):  # type: ignore[no-untyped-def]
    import torch
    from transformers import BertConfig

    torch.manual_seed(7)
    return BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=DIMENSION,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        **more,
    )


def make_model(folder: Path, pooling: str) -> Path:
    """Write a model with prompts, another dimension and another window; return its folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertModel

    with tempfile.TemporaryDirectory() as made:
        parts = Path(made) / "bert"
        tokenizer_files(parts)
        BertModel(bert_config()).save_pretrained(str(parts))
        reader = Transformer(str(parts), max_seq_length=24)
        model = SentenceTransformer(
            modules=[reader, Pooling(DIMENSION, pooling_mode=pooling)],
            prompts={"query": "query : ", "document": "passage : "},
        )
        model.save(str(folder))
    return folder
