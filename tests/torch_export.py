"""The way to ONNX through torch: the oracle of the graph that Notepoint writes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_OPSET = 17


def export_fused(source: Path, target: Path) -> None:
    """Write a BERT model by torch, fused by ONNX Runtime's own optimiser.

    :param source: folder of the model in the layout of the model hub.
    :param target: the file to write.
    """
    import torch
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model
    from transformers import AutoModel

    class LastHiddenState(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            return self.model(input_ids, attention_mask, token_type_ids).last_hidden_state

    model = AutoModel.from_pretrained(str(source), attn_implementation="eager").eval()
    example = torch.ones(2, 7, dtype=torch.long)
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    plain = target.with_name("plain.onnx")
    # dynamo=True wants onnxscript and took twenty times as long (torch 2.13).
    torch.onnx.export(
        LastHiddenState(model),
        (example, example, torch.zeros_like(example)),
        str(plain),
        input_names=inputs,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in [*inputs, "last_hidden_state"]},
        opset_version=_OPSET,
        dynamo=False,
    )
    fused = optimize_model(
        str(plain),
        model_type="bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
        optimization_options=FusionOptions("bert"),
        opt_level=0,
    )
    assert fused.get_fused_operator_statistics()["Attention"] == model.config.num_hidden_layers
    fused.save_model_to_file(str(target))
