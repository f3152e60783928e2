"""The default embedder: all-MiniLM-L6-v2 in this package, run by onnxruntime on the CPU.

Decides how texts become runs of the model. Each run holds one window of one text and nothing is
ever padded, so a text has one vector, to the last bit, whatever stands beside it and however many
threads work. Windows of many texts run side by side. It must not know caches or stores.

Model: Reimers and Gurevych 2019 (sentence-transformers), weights of all-MiniLM-L6-v2, Apache-2.0.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from context_manager.embedding.packaged import MINILM, checksum, verified
from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Vectors
from context_manager.embedding.spans import averaged, windows
from context_manager.embedding.wordpieces import END, START, token_ids
from context_manager.errors import ConfigError
from context_manager.processors import processors

DIMENSION = 384
WINDOW = 254
"""Word pieces of one run, its two marks aside; what the model was trained on."""
OVERLAP = 32
MOST_WINDOWS = 64
"""Windows of one text; about 60,000 characters of English are read whole."""
MOST_THREADS = 8
_FEW = 8  # windows times threads: threads of their own would gain nothing, and hold up others
_AT_ONCE = 512  # texts tokenized before their windows run: bounds memory, not results

Ids = tuple[int, ...]


class OnnxEmbedder:
    """all-MiniLM-L6-v2: 384 dimensions, English above all, windows of 254 word pieces.

    A text beyond one window is read in overlapping windows whose vectors are averaged; see
    `context_manager.embedding.spans` for what happens to texts beyond 64 windows.

    Args:
        threads: CPU threads of one call, at least 1; None takes the processors this process may
            use, at most 8.

    Example:
        >>> embedder = OnnxEmbedder(threads=1)
        >>> embedder.embed(["The key is under the blue pot."]).shape
        (1, 384)
    """

    dimension = DIMENSION

    local = True

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise ConfigError(f"threads must be at least 1, got {threads}; None uses all")
        self.threads = threads or min(processors(), MOST_THREADS)

    @property
    def fingerprint(self) -> str:
        """Names the weights; loads nothing."""
        return f"onnx:all-MiniLM-L6-v2:{DIMENSION}:{checksum(MINILM)[:16]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, 384], unit rows in the order of the texts."""
        out = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for first in range(0, len(texts), _AT_ONCE):
            cut = [_windows(text) for text in texts[first : first + _AT_ONCE]]
            vectors = self._run({ids for parts in cut for ids in parts})
            for row, parts in enumerate(cut, first):
                if len(parts) == 1:
                    out[row] = vectors[parts[0]]
                else:
                    rows = np.stack([vectors[ids] for ids in parts])
                    out[row] = averaged(rows, [len(ids) for ids in parts])
        return out

    def _run(self, distinct: Iterable[Ids]) -> dict[Ids, Vectors]:
        """The vector of each window; the longest start first, so that no thread ends late."""
        session = _session(self.threads)()

        def run(ids: Ids) -> Vectors:
            marked = np.array([[START, *ids, END]], dtype=np.int64)
            vector: Vectors = session.run(None, {"input_ids": marked})[0][0]
            return vector

        ordered = sorted(distinct, key=len, reverse=True)
        if 1 in (self.threads, len(ordered)) or self.threads * len(ordered) <= _FEW:
            return {ids: run(ids) for ids in ordered}
        with ThreadPoolExecutor(min(self.threads, len(ordered))) as pool:
            return dict(zip(ordered, pool.map(run, ordered), strict=True))


def _windows(text: str) -> list[Ids]:
    return windows(tuple(token_ids(text)), WINDOW, OVERLAP, MOST_WINDOWS)


@cache
def _session(threads: int) -> PerProcess[Any]:
    """One session per thread count and process, shared by all embedders: 90 MB each."""
    return PerProcess(lambda: _load(threads))


def _load(threads: int) -> Any:
    onnxruntime = _quiet_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: a library prints nothing
    # Integers become floats while loading; without this each product would round its inputs too.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # Idle threads sleep. Spinning ones would take the processor from the application.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        str(verified(MINILM)), options, providers=["CPUExecutionProvider"]
    )
    # Never taken apart: in a forked child that would wait for threads that only the parent has,
    # so a worker process that never embeds would hang at its exit.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
    return session


def _quiet_onnxruntime() -> Any:
    """The runtime, told to report nothing to its maker.

    From 1.29 on its wheels send usage events and keep an identifier of the device in the user's
    cache folder, by a thread that starts with the import and makes forked children hang. The
    variable is its documented opt-out, read once at the import; a value that is set stays as it is.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if os.environ["ORT_DISABLE_TELEMETRY"] != "0":
        onnxruntime.disable_telemetry_events()  # on Windows, and where it was imported before
    return onnxruntime
