"""The page about the service names every route and variable, and all of it runs as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from context_manager.service.routes import ROUTES
from context_manager.service.settings import PREFIX, VARIABLES
from support import fault_server
from support.served import PATIENCE, serving

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
CLIENTS = re.findall(r"^```py\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CURLED = [
    (path, json.loads(body))
    for path, body in re.findall(r"^curl localhost:8000(\S+) .*?-d '(.*?)'", PAGE, re.M | re.S)
]
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES if route.api}))
def test_every_route_is_named(path):
    assert re.search(rf"`[A-Z]+ {re.escape(path)}`", PAGE)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_is_named(variable):
    assert f"`{PREFIX}{variable.name}`" in PAGE


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.splitlines()[0])
def test_python_block_runs(code, tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr


def test_curl_an_openai_client_and_mcp_clients_meet_in_one_memory(tmp_path):
    """The page from top to bottom: a newcomer's service, and everybody who speaks to it."""
    db = tmp_path / "memory.db"
    with (
        fault_server.serve(fault_server.answers("In Porto.")) as provider,
        serving(db, {"CONTEXT_MANAGER_UPSTREAM_URL": f"{provider.url}/v1"}) as served,
    ):
        for path, body in CURLED:
            got = httpx.post(f"{served.url}{path}", json=body, timeout=PATIENCE)
            assert got.status_code == 200, got.text
        openai_client, mcp_clients = (
            _run(block.replace("http://127.0.0.1:8000", served.url), tmp_path) for block in CLIENTS
        )
        turns = httpx.get(f"{served.url}/turns", timeout=PATIENCE).json()["items"]
    assert openai_client == ["In Porto."]
    assert "My sister Ana lives in Porto." in str(provider.requests[0]["messages"])
    assert mcp_clients == ["My sister Ana lives in Porto."] * 2
    # One by /chat, without a model, and one by the OpenAI client.
    said = [[message["content"] for message in turn["messages"]] for turn in turns]
    assert said == [["Where does my sister live?"], ["Where does my sister live?", "In Porto."]]


def _run(code: str, folder: Path) -> list[str]:
    """What a block prints, where the command is found as after an installation."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    child = subprocess.run(
        [sys.executable, "-c", code.replace('"mcp"])', f'"mcp"], env={kept!r})')],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()
