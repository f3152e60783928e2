"""What every test gets: no network beyond loopback, Hypothesis profiles, the evaluation data.

This file knows no part of the package; fixtures of one area stand in that area's own conftest.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

GUARD = Path(__file__).parent / "guard"
DATA_VARIABLE = "CONTEXT_MANAGER_DATA"

_COMMON = {
    "deadline": None,  # a busy machine is no defect
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("default", max_examples=100, **_COMMON)
settings.register_profile("soak", max_examples=1000, **_COMMON)
settings.load_profile("default")


def _load_guard() -> None:
    """Run the guard here, once, under its real name, so that children and this process agree."""
    if "sitecustomize" in sys.modules and hasattr(sys.modules["sitecustomize"], "refuse_network"):
        return
    spec = importlib.util.spec_from_file_location("sitecustomize", GUARD / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def pytest_configure() -> None:
    """Refuse every connection beyond loopback, here (collection too) and in child processes."""
    _load_guard()
    paths = [str(GUARD), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Fail the test if the guard is not in place: no test may run without it."""
    assert hasattr(sys.modules["sitecustomize"], "refuse_network")


def shared_folder(name: str) -> Path:
    """The folder ``name`` of the data named by the environment; skip without it, fail in CI."""
    root = os.environ.get(DATA_VARIABLE)
    folder = Path(root) / name if root else None
    if folder is not None and folder.is_dir():
        return folder
    why = f"{DATA_VARIABLE} names no folder with {name}/ in it (it is {root!r})"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}; CI needs it", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def seed_dir() -> Path:
    """The folder of the specification whose code blocks must run."""
    return shared_folder("seed")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the evaluation data; never part of this repository."""
    return shared_folder("data")
