"""The image, made without an engine, serves, is probed, works and stops as its files say."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import pytest
import yaml

from support.image import Image
from support.served import PATIENCE, free_port

ROOT = Path(__file__).parents[2]
KEY = "a-key-of-enough-characters"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(tmp_path_factory.mktemp("image"), free_port())


def manifest(name):
    return list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / name).read_text()))


def test_it_serves_is_probed_as_written_stops_and_writes_nowhere_else(image):
    (box,) = manifest("api.yaml")[0]["spec"]["template"]["spec"]["containers"]
    before = image.written()
    process = image.start(CONTEXT_MANAGER_API_KEY=KEY)
    address = image.here("http://127.0.0.1:8000")
    paths = [box[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")]
    end = time.monotonic() + PATIENCE
    try:
        while True:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            try:
                if all(httpx.get(address + path).status_code == 200 for path in paths):
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        while not image.healthy():  # it gives an answer two seconds, whatever else runs here
            assert time.monotonic() < end
        keyed = {"X-API-Key": KEY}
        with httpx.Client(base_url=address, headers=keyed, timeout=PATIENCE) as client:
            note = {"text": "The projector is on the top shelf."}
            assert client.post("/memory/add", json=note).json()["success"] is True
            found = client.post("/memory/query", json={"query": "Where is the projector?"})
            assert "top shelf" in found.json()["results"][0]["text"]
        assert httpx.get(address + "/memory", timeout=PATIENCE).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert not image.healthy()
    finally:
        process.kill()
        process.communicate()
    assert image.written() == before
    assert (image.folder / "app" / "data" / "memory.db").exists()


def test_without_a_key_it_does_not_serve_a_network(image):
    process = image.start("serve", "--host", "0.0.0.0", "--port", "1")  # noqa: S104
    told = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode != 0
    assert "CONTEXT_MANAGER_API_KEY" in told


def _commands():
    """What the compose file and the manifests run in this image, other than what it runs itself."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    yield compose["services"]["worker"]["command"]
    for name in ("prepare.yaml", "worker.yaml"):
        (box,) = manifest(name)[0]["spec"]["template"]["spec"]["containers"]
        yield box["args"]


@pytest.mark.parametrize("command", list(_commands()), ids=" ".join)
def test_everything_that_is_run_in_it_is_a_command_with_such_options(image, command):
    done = image.start(*command, "--help")
    assert "Usage" in done.communicate(timeout=PATIENCE)[0]
    assert done.returncode == 0


def test_a_worker_in_it_touches_the_file_that_its_probe_looks_at(image):
    (box,) = manifest("worker.yaml")[0]["spec"]["template"]["spec"]["containers"]
    alive = image.folder / "tmp" / "alive"
    args = [arg.replace("/tmp/alive", str(alive)) for arg in box["args"]]  # noqa: S108
    assert args != box["args"]
    process = image.start(*args)
    try:
        while not alive.exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
    assert str(box["livenessProbe"]["exec"]["command"]).count("/tmp/alive") == 1  # noqa: S108
