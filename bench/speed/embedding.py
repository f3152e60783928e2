"""The embedding model against its bare session, and batches against calls one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np
import onnxruntime

from bench.speed.corpus import Language
from bench.speed.timing import Line, against, alternate
from context_manager.embedding.onnx import OnnxEmbedder
from context_manager.embedding.packaged import MINILM, verified
from context_manager.embedding.provider import EmbeddingProvider
from context_manager.embedding.wordpieces import END, START, token_ids
from context_manager.processors import processors

MANY = 200


def bare_session(threads: int) -> Callable[[str], object]:
    """The model run by a session of our own, one text at a time, no wrapper around it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        str(verified(MINILM)), options, providers=["CPUExecutionProvider"]
    )

    def run(text: str) -> object:
        ids = np.array([[START, *token_ids(text), END]], dtype=np.int64)
        return session.run(None, {"input_ids": ids})[0][0]

    return run


def ratios(rounds: int) -> Iterator[Line]:
    """One query, many texts, and concurrent single calls."""
    language, cores = Language(), processors()
    bare = bare_session(cores)
    provider = EmbeddingProvider(cache_size=0)
    questions = [language.question()[0] for _ in range(rounds + 3)]
    ours, floor = alternate(questions, provider.embed_single, bare)
    yield against("embedding one query", ours, floor, 1.1)

    texts = [language.message() for _ in range(MANY)]
    single = bare_session(1)
    one_core = _rate(lambda: [single(text) for text in texts])
    batch = _rate(lambda: provider.embed(texts))
    best = min(cores, OnnxEmbedder().threads)
    yield Line(
        f"embedding {MANY} texts, to one text per run on one core times {best} cores",
        f"{batch:.0f} texts/s",
        f"{one_core * best:.0f} texts/s",
        batch / (one_core * best),
        0.9,
        at_least=True,
    )
    with ThreadPoolExecutor(8) as pool:
        concurrent = _rate(lambda: list(pool.map(provider.embed_single, texts)))
    yield Line(
        "embedding in one call, to eight threads that embed one text each",
        f"{batch:.0f} texts/s",
        f"{concurrent:.0f} texts/s",
        batch / concurrent,
    )


def _rate(work: Callable[[], object]) -> float:
    """Texts per second, the better of three."""
    best = float("inf")
    for _ in range(3):
        began = perf_counter()
        work()
        best = min(best, perf_counter() - began)
    return MANY / best
