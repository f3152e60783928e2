"""What is installed: the package under test, all its names, and nothing heavy at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import requires
from pathlib import Path

import context_manager

HEAVY = ("numpy", "onnxruntime", "tokenizers", "tiktoken", "apsw", "click", "rich", "openai")


def test_the_wheel_is_what_is_tested_when_it_should_be():
    """`make check` runs the tests against the built wheel; then nothing may come from src."""
    here = Path(context_manager.__file__)
    installed = here.is_relative_to(sysconfig.get_path("purelib"))
    assert installed == (os.environ.get("CONTEXT_MANAGER_TESTED") == "wheel"), here


def test_import_loads_nothing_heavy():
    """`import context_manager` stays under 0.3 s because these come with the first use."""
    code = "import json, sys, context_manager; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    loaded = {name.partition(".")[0] for name in json.loads(out)}
    assert not loaded & {*HEAVY}


def test_every_public_name_exists_and_is_listed():
    assert sorted(context_manager.__all__) == list(context_manager.__all__)
    for name in context_manager.__all__:
        assert getattr(context_manager, name) is not None
    assert {*context_manager.__all__} == {*context_manager._HOME, "__version__"}
    assert {*context_manager.__all__} <= {*dir(context_manager)}


def test_the_core_needs_no_large_framework():
    needed = [line for line in requires("context-manager") or [] if "extra ==" not in line]
    names = {line.partition(">")[0].partition("[")[0].strip().lower() for line in needed}
    assert names
    assert not names & {"torch", "transformers", "sentence-transformers", "litellm", "langchain"}


def test_types_are_shipped():
    assert (Path(context_manager.__file__).parent / "py.typed").is_file()
