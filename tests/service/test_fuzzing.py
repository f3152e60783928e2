"""What the schema permits is accepted, what it forbids is refused, and nothing breaks the service.

Schemathesis tries both faces over a socket, with all its checks, before a provider that always
answers: each time the same, so that no chance decides whether the tests pass. `make soak` tries
much longer, and each time anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from context_manager.service import Service, ServiceSettings
from context_manager.service.settings import Limits, UpstreamSettings
from support.fault_server import answers, serve
from support.served import PATIENCE, listening
from support.service_faces import fast_manager

HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
KEY = "a-static-key-for-trying-out"


def tried(
    face: str, folder: Path, examples: int, seconds: int, *more: str
) -> subprocess.CompletedProcess[str]:
    """What schemathesis says about a face."""
    limits = Limits(rate="", concurrency=64)
    with serve(answers()) as provider:
        settings = ServiceSettings(
            api_key=KEY,
            upstream=UpstreamSettings(f"{provider.url}/v1", "the-providers-key"),
            limits=limits,
            drain_seconds=1,
        )
        with listening(face, Service(fast_manager(), settings)) as url:
            return _run(url, folder, examples, seconds, *more)


def _run(
    url: str, folder: Path, examples: int, seconds: int, *more: str
) -> subprocess.CompletedProcess[str]:
    options = {
        "--checks": "all",
        "--header": f"Authorization: Bearer {KEY}",
        "--phases": "examples,coverage,fuzzing,stateful",
        "--max-examples": examples,
        "--max-time": seconds,
        "--max-response-time": PATIENCE,
        "--request-timeout": PATIENCE,
        "--suppress-health-check": "all",
    }
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from schemathesis.cli import schemathesis; schemathesis()",
            "run",
            f"{url}/openapi.json",
            "--no-color",
            "--continue-on-failure",
            *(str(part) for option in options.items() for part in option),
            *more,
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONHASHSEED": "0"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_schemathesis_finds_nothing(face, tmp_path):
    ended = tried(face, tmp_path, 1, 20, "--generation-deterministic")
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]


@pytest.mark.soak
def test_schemathesis_finds_nothing_in_four_minutes(face, tmp_path):
    ended = tried(face, tmp_path, examples=2000, seconds=240)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
