"""After a fork, and while several threads load at once, embedding works and never hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading

import pytest

from context_manager.embedding.processes import PerProcess

FORKING = """
    import os, sys, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # we fork with threads on purpose
    import numpy as np
    from context_manager.embedding import EmbeddingProvider

    provider = EmbeddingProvider({name!r}, cache_size=4)
    texts = ["one text", "another text", "a third text that is a little longer"]
    expected = provider.embed(texts)
    held = provider.cache._lock()
    held.acquire()  # as another thread might hold it at the moment of the fork
    child = os.fork()
    if child == 0:
        try:
            fresh = [text + "!" for text in texts]
            same = np.array_equal(provider.embed(texts), expected)
            ok = same and np.isfinite(provider.embed(fresh)).all()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            ok = False
        if {leave!r} == "quietly":
            os._exit(0 if ok else 1)
        sys.exit(0 if ok else 1)
    held.release()
    _, status = os.waitpid(child, 0)
    assert np.array_equal(provider.embed(texts), expected)
    sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("leave", ["quietly", "with the interpreter's whole end"])
@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "static"])
def test_a_forked_child_embeds_like_its_parent(name, leave):
    script = textwrap.dedent(FORKING).format(name=name, leave=leave)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_many_threads_at_first_use_make_the_value_once():
    made: list[object] = []
    barrier = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    value = PerProcess(make)
    seen: list[object] = []

    def use() -> None:
        barrier.wait()
        seen.append(value())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert {id(one) for one in seen} == {id(made[0])}


def test_a_failed_attempt_is_tried_again():
    outcomes = iter([OSError("not yet"), "ready"])

    def make() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    value = PerProcess(make)
    with pytest.raises(OSError, match="not yet"):
        value()
    assert value() == "ready"


QUIET = """
    import sys
    seen = []
    sys.addaudithook(lambda event, args: event.startswith("socket.") and seen.append(event))
    from context_manager.embedding import EmbeddingProvider
    for name in ("all-MiniLM-L6-v2", "static"):
        EmbeddingProvider(name).embed(["one text", "another"])
    assert not seen, seen
    assert "huggingface_hub" not in sys.modules
"""


def test_embedding_opens_no_socket_and_reports_nothing_to_anyone(tmp_path):
    """The runtime's own reporting is native code that no hook sees, but it leaves its files.

    It is silent where a variable tells of a CI run, so the child gets none.
    """
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    usual = {**kept, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(QUIET)], env=usual, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []
