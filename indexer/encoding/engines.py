"""Engines that run a model: ONNX Runtime everywhere, OpenVINO for many texts at once.

OpenVINO reads the same fp32 file. On processors with bf16 it computes in bf16, up to four times as
fast as ONNX Runtime; the cosine to the fp32 vector is .99998. On other x86-64 processors it uses
fp32: the same vectors to six digits, 1.3 times as fast on AVX2 (benchmarks/README.md).
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.errors import EncoderError
from indexer.memory_limit import has_room

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Batch = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Word pieces and attention mask, both of shape ``(texts, length)``."""
Hidden = NDArray[np.float32]
"""The last hidden states of a batch, shape ``(texts, length, dimension)``."""
Use = Callable[[int, Hidden], None]
"""Receives the position of a batch and its hidden states, which are overwritten afterwards."""


# Address space of a thread that runs batches: its stack, its share of the heap, its states.
_BYTES_A_CORE = 256 << 20
_X86_64 = ("x86_64", "amd64")  # as Linux and macOS, and Windows call it


class Engine(Protocol):
    """Runs batches through a model."""

    @property
    def name(self) -> str:
        """The engine and its number format, for people."""

    def run_all(self, batches: Iterable[Batch], use: Use) -> None:
        """Run batches in any order; call ``use`` once for each, from one thread at a time."""


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OnnxRuntimeEngine:
    """ONNX Runtime on the processor."""

    def __init__(self, path: Path, *, optimise: bool = True) -> None:
        """Open a model file; each batch runs on one thread.

        :param path: the file.
        :param optimise: False for a file that is already optimised.
        :raises Exception: if it cannot be read; ONNX Runtime has no base class for its errors.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        if not optimise:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session: InferenceSession = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._batches_at_once = count_cores()
        self.name = "ONNX Runtime"

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Hidden:
        """Return the last hidden states of one batch."""
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            hidden: Hidden = self._session.run(None, inputs)[0]
        except Exception as exc:  # ONNX Runtime has no base class for its errors
            raise unable(exc) from exc
        return hidden

    def run_all(self, batches: Iterable[Batch], use: Use) -> None:
        """Run a batch on each core; see ``Engine``.

        Threads that share a batch wait for each other at every operator. On two cores that cost an
        eighth more processor time and a quarter more time (benchmarks/README.md).
        """
        if self._batches_at_once == 1 or not has_room(_BYTES_A_CORE * self._batches_at_once):
            for position, (ids, mask) in enumerate(batches):
                use(position, self.run(ids, mask))
            return
        lock = threading.Lock()

        def run(position: int, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> None:
            hidden = self.run(ids, mask)
            with lock:
                use(position, hidden)

        running: deque[Future[None]] = deque()
        with ThreadPoolExecutor(self._batches_at_once, "model") as pool:
            try:
                for position, (ids, mask) in enumerate(batches):
                    running.append(pool.submit(run, position, ids, mask))
                    while len(running) > self._batches_at_once:
                        running.popleft().result()
                while running:
                    running.popleft().result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


class OpenVinoEngine:
    """OpenVINO in bf16, or in fp32 on x86-64 without bf16; a batch on each core."""

    def __init__(self, path: Path) -> None:
        """Read and compile a model file.

        :param path: the file.
        :raises ImportError: if OpenVINO is not installed.
        :raises RuntimeError: if it does not pay on this processor, or the file cannot be read.
        """
        with _without_telemetry():
            import openvino

        core = openvino.Core()
        cores = count_cores()

        def compiled(precision: str) -> Any:
            options = {
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "THROUGHPUT",
                "NUM_STREAMS": str(cores),
                "INFERENCE_NUM_THREADS": str(cores),
            }
            return core.compile_model(str(path), "CPU", options)

        self._compiled: Any = None
        if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            # Fails if the processor has bf16, but the user limits the instructions of oneDNN.
            with contextlib.suppress(RuntimeError):
                self._compiled, self.name = compiled("bf16"), "OpenVINO bf16"
        if self._compiled is None:
            if platform.machine().lower() not in _X86_64:
                raise RuntimeError("OpenVINO is not faster on this processor")
            self._compiled, self.name = compiled("f32"), "OpenVINO fp32"
        self._requests: Any = openvino.AsyncInferQueue(self._compiled, cores)

    def run_all(self, batches: Iterable[Batch], use: Use) -> None:
        """Run a batch on each core; see ``Engine``."""
        lock = threading.Lock()

        def done(request: Any, position: int) -> None:
            with lock:
                use(position, request.get_output_tensor(0).data)

        self._requests.set_callback(done)
        for position, (ids, mask) in enumerate(batches):
            inputs = {
                "input_ids": ids,
                "attention_mask": mask,
                "token_type_ids": np.zeros_like(ids),
            }
            self._requests.start_async(inputs, position)
        self._requests.wait_all()


@contextlib.contextmanager
def _without_telemetry() -> Iterator[None]:
    """Block the package with which OpenVINO 2026.4 reports its use to its makers.

    ``None`` in ``sys.modules`` makes the import fail with an ImportError, which OpenVINO expects.
    """
    name = "openvino_telemetry"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def unable(exc: Exception) -> EncoderError:
    """Return the error for an intact model that cannot be run, usually for lack of memory.

    :param exc: the error of the library.
    """
    reason = (str(exc).splitlines() or [type(exc).__name__])[0]
    return EncoderError(f"the model cannot be run: {reason}", "end other programs, or raise limits")
