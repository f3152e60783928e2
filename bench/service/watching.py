"""A process under load: started, watched for what it holds, and stopped."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import numpy as np

KEY = "a-static-key-for-measuring"


class Sample(NamedTuple):
    """What a process held at a time, and what it had used until then.

    Args:
        at: Seconds since the start.
        megabytes: Of memory.
        threads, files: How many.
        cpu: Seconds on any core.
    """

    at: float
    megabytes: float
    threads: int
    files: int
    cpu: float


@dataclass
class Watch:
    """Samples of a process.

    Args:
        pid: Which process.
    """

    pid: int
    samples: list[Sample] = field(default_factory=list)

    async def run(self, every: float) -> None:
        """Take samples until cancelled."""
        started = time.perf_counter()
        while True:
            self.sample(time.perf_counter() - started)
            await asyncio.sleep(every)

    def sample(self, at: float) -> None:
        """Take a sample."""
        self.samples.append(self._sample(at))

    @property
    def cpu(self) -> float:
        """Seconds on any core between the first sample and the last."""
        return self.samples[-1].cpu - self.samples[0].cpu

    def after(self, share: float) -> list[Sample]:
        """The samples after a share of them."""
        return self.samples[int(len(self.samples) * share) :]

    def slope(self, warm_up: float) -> float:
        """Megabytes per minute by which memory grew after the warm-up (a share of the run)."""
        kept = self.after(warm_up)
        times = [sample.at / 60 for sample in kept]
        return float(np.polyfit(times, [sample.megabytes for sample in kept], 1)[0])

    def _sample(self, at: float) -> Sample:
        told = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        values = dict(line.split(":", 1) for line in told.splitlines())
        files = len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - counted, not used
        megabytes = int(values["VmRSS"].split()[0]) / 1024
        used = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        cpu = (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
        return Sample(at, megabytes, int(values["Threads"]), files, cpu)


@contextmanager
def target(db: Path, embedder: str) -> Iterator[tuple[int, int]]:
    """A service in a process of its own; gives its port and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "bench.service.target", str(db), str(port), KEY, embedder]
    process = subprocess.Popen(command)
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise RuntimeError(f"the service ended with {process.returncode}")
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(60)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready") as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False
