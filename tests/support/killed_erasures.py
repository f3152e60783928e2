"""Kills erasures at every step and at random moments, and says what was found after a restart.

Run as a script with a directory and what to do; it prints one JSON object. Each try is a fork of
this process, so that hundreds of kills take seconds: fill a store once, copy it, erase in a child
that dies, open again in another child.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.store.protocol import EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.read_paths import Asked, everything_shown, raw_bytes

GONE = "quetzal"
KEPT = "marmot"


def opened(path: Path, probe: Callable[[str], None] | None = None) -> ContextManager:
    """A manager over the file; short-term memory small, so that there are summaries."""
    config = Config(memory=MemoryConfig(stm_capacity=120, chunk_size=60))
    cm = ContextManager(config, store=SQLiteStore(path, probe=probe))
    cm.embedding_provider = HashEmbedder()
    return cm


def fill(path: Path) -> None:
    """Turns and notes to be forgotten between others that stay."""
    with opened(path) as cm:
        for number in range(8):
            word = (GONE, KEPT)[number % 2]
            cm.observe(f"I saw {word}{number} today", f"Tell me of {word}{number}")
            cm.add_memory(f"A note of {word}{number}", {"tag": word})
        cm.archive.embed_pending(cm.scope.partition)


def erase(path: Path, everything: bool, probe: Callable[[str], None] | None = None) -> None:
    """What is killed."""
    cm = opened(path, probe)
    if everything:
        cm.forget(everything=True)
    else:
        found = cm.archive.store.find(cm.scope.partition, EntryFilter())
        cm.forget([e.id for _, e in found if GONE in e.text and e.kind != "summary"])
    cm.close()


def state(path: Path, everything: bool) -> dict[str, Any]:
    """What a new process finds: words by readers and by files, and whether the store is whole."""
    with opened(path) as cm:
        shown = everything_shown(cm, Asked("what did I see today?"))
        verdict = cm.archive.store.verify() if hasattr(cm.archive.store, "verify") else True
        broken = cm.archive.erasures.broken(cm.scope.partition)
    bytes_hold = any(GONE.encode() in data for data in raw_bytes(path.parent).values())
    return {
        "readers": GONE in shown,
        "files": bytes_hold,
        "kept": everything or all(f"{KEPT}{n}" in shown for n in range(1, 8, 2)),
        "whole": bool(verdict) and not broken,
    }


def points(template: Path, work: Path, everything: bool) -> list[str]:
    """Every step of the erasure by name, in the order of their first passing."""
    found: list[str] = []
    copy(template, work)
    erase(work, everything, found.append)
    return list(dict.fromkeys(found))


def copy(template: Path, work: Path) -> None:
    """A fresh copy, without what an earlier try left behind."""
    for left in work.parent.glob(f"{work.name}*"):
        left.unlink()
    shutil.copy(template, work)


def in_child(job: Callable[[], Any]) -> Any:
    """The result of a job done in a fork; None if it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, json.dumps(job()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a child failed")
    return json.loads(answer) if answer else None


def killed_at(point: str) -> Callable[[str], None]:
    """A probe that dies at a step."""

    def probe(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return probe


def at_every_step(directory: Path, everything: bool) -> dict[str, Any]:
    """Kill at each step once; the states found after it, by step."""
    template, work = directory / "template.db", directory / "work" / "memory.db"
    work.parent.mkdir()
    in_child(lambda: fill(template))
    found = {}
    for point in in_child(lambda: points(template, work, everything)):
        copy(template, work)
        died = in_child(lambda p=point: erase(work, everything, killed_at(p)) or "alive")
        found[point] = {"died": died is None, **in_child(lambda: state(work, everything))}
    return found


def at_random(directory: Path, kills: int, seed: int) -> dict[str, Any]:
    """Kill from outside at random moments; counts of what was found."""
    template, work = directory / "template.db", directory / "work" / "memory.db"
    work.parent.mkdir()
    in_child(lambda: fill(template))
    rng = random.Random(seed)
    counts = {"kills": 0, "before": 0, "after": 0, "wrong": 0}
    for number in range(kills):
        everything = bool(number % 2)
        copy(template, work)
        child = os.fork()
        if child == 0:
            erase(work, everything)
            os._exit(0)
        time.sleep(rng.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = in_child(lambda e=everything: state(work, e))
        counts["kills"] += 1
        done = not found["readers"]
        counts["after" if done else "before"] += 1
        counts["wrong"] += (done and found["files"]) or not (found["whole"] and found["kept"])
    return counts


if __name__ == "__main__":
    with ContextManager() as warm:  # what is loaded here, no child loads
        warm.count("?")
    where, what = Path(sys.argv[1]), sys.argv[2]
    if what == "random":
        result = at_random(where, int(sys.argv[3]), int(sys.argv[4]))
    else:
        result = at_every_step(where, what == "everything")
    print(json.dumps(result))  # noqa: T201 - the answer of this script
