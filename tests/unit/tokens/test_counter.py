"""`TokenCounter`: names become encodings, lists add up, nothing loads early, bad input is named."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from context_manager.errors import InputError, TokenizerError
from context_manager.tokens import as_counter
from context_manager.tokens.encodings import SPECS
from context_manager.tokens.models import encoding_for
from context_manager.tokens.ranks import tiktoken_file, unpack
from context_manager.utils.token_counter import TokenCounter

ENCODINGS = {
    "cl100k_base": [
        *[
            "gpt-4",
            "gpt-4-turbo",
            "gpt-4-0613",
            "GPT-4",
            "openai/gpt-4",
            "ft:gpt-4:acme",
            "gpt-3.5",
        ],
        *["gpt-3.5-turbo-16k", "gpt-35-turbo", "text-embedding-3-small", "cl100k_base"],
    ],
    "o200k_base": [
        *[
            "gpt-4o",
            "gpt-4o-mini-2024-07-18",
            "gpt-4.1-nano",
            "gpt-4.5-preview",
            "gpt-5",
            "gpt-5.1",
        ],
        *["gpt-5-mini", "gpt-oss-20b", "o1", "o1-pro", "o3-mini", "o4-mini", "chatgpt-4o-latest"],
        *["openrouter/openai/gpt-4o", "ft:gpt-4o-mini:acme", "o200k_base", "o200k_harmony"],
    ],
    "approximate": [
        *["claude-sonnet", "llama-3.1-8b", "gemini-pro", "mistral", "gpt-4x", "gpt-6", "o10", ""],
        *["openai/", "text-davinci-003", "approximate", "my/gpt-4"],
    ],
}


@pytest.mark.parametrize(
    ("model", "encoding"), [(model, name) for name, models in ENCODINGS.items() for model in models]
)
def test_a_model_counts_by_its_encoding(model: str, encoding: str) -> None:
    assert encoding_for(model) == encoding
    assert TokenCounter(model).encoding == encoding
    assert TokenCounter(model).exact is (encoding != "approximate")


def test_the_default_is_the_specified_model() -> None:
    assert TokenCounter().encoding == TokenCounter("gpt-4").encoding
    assert repr(TokenCounter()) == "TokenCounter(model='gpt-4', encoding='cl100k_base')"


def test_a_list_of_texts_counts_the_sum() -> None:
    counter = TokenCounter("gpt-4")
    assert counter.count_tokens(["hello world", "", "hello world"]) == 4
    assert counter.count_tokens(text for text in ["hello world"]) == 2
    assert counter.count_tokens([]) == 0


def test_messages_cost_their_frames_too() -> None:
    """3 for each message, 1 for a name, 3 for the reply that is to come."""
    counter = TokenCounter("gpt-4")
    message = {"role": "user", "content": "hello world"}
    assert counter.count_tokens([message]) == 3 + 1 + 2 + 3
    assert counter.count_tokens([message, message]) == 2 * (3 + 1 + 2) + 3
    assert counter.count_tokens([message | {"name": "user"}]) == 3 + 1 + 2 + (1 + 1) + 3
    parts = {"role": "user", "content": [{"type": "text", "text": "hello world"}]}
    assert counter.count_tokens([parts]) == counter.count_tokens([message])


def test_images_are_taken_at_the_most_that_is_charged() -> None:
    counter = TokenCounter("gpt-4")
    shown = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    small = {"type": "image_url", "image_url": {"url": "https://example.org/a", "detail": "low"}}
    inside = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image"}]}
    assert counter.count_tokens([{"role": "user", "content": [shown]}]) == 3 + 1 + 1600 + 3
    assert counter.count_tokens([{"role": "user", "content": [small]}]) == 3 + 1 + 85 + 3
    assert counter.count_tokens([{"role": "user", "content": [inside]}]) > 1600


def test_blocks_of_calls_and_results_are_counted_as_json() -> None:
    counter = TokenCounter("gpt-4")
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {"n": 1}}
    told = '{"type":"tool_use","id":"t1","name":"look","input":{"n":1}}'
    assert (
        counter.count_tokens([{"role": "assistant", "content": [call]}])
        == 3 + 1 + counter(told) + 3
    )


def test_what_else_a_message_holds_is_counted_as_json() -> None:
    counter = TokenCounter("gpt-4")
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "args": {"n": 1}}]}
    assert counter.count_tokens([call]) == 3 + 1 + counter('[{"id":"c1","args":{"n":1}}]') + 3


@pytest.mark.parametrize(
    "bad",
    [
        *[None, 7, b"bytes", {"role": "user", "content": "x"}, ["x", 7], [b"x"]],
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}],
    ],
    ids=repr,
)
def test_what_cannot_be_counted_is_named(bad: object) -> None:
    with pytest.raises(InputError, match=r"give a text|can be counted"):
        TokenCounter("gpt-4").count_tokens(bad)  # type: ignore[arg-type]


def test_limits_out_of_range_are_refused() -> None:
    counter = TokenCounter("gpt-4")
    with pytest.raises(InputError, match=r"-1; it must be 0 or more"):
        counter.truncate_to_tokens("x", -1)
    with pytest.raises(InputError, match=r"-1; it must be 0 or more"):
        counter.truncate_middle("x", -1)
    with pytest.raises(InputError, match=r"head_share is 1\.5"):
        counter.truncate_middle("x", 5, head_share=1.5)


def test_a_counter_of_the_user_counts_instead() -> None:
    counter = TokenCounter("mine", counter=lambda text: len(text.split()))
    assert (counter.encoding, counter.exact) == ("custom", True)
    assert counter.count_tokens("one two three") == 3
    assert counter.truncate_to_tokens("one two three", 2).split() == ["one", "two"]
    assert TokenCounter("outer", counter=TokenCounter("gpt-4"))("hello world") == 2


@pytest.mark.parametrize("said", [None, 1.5, "3", -1], ids=repr)
def test_a_counter_that_gives_no_count_is_named(said: object) -> None:
    counter = TokenCounter("mine", counter=lambda _: said)  # type: ignore[arg-type,return-value]
    with pytest.raises(TokenizerError, match=r"'mine' returned .*; it must return an int"):
        counter("x")


def test_what_a_counter_of_the_user_raises_comes_through() -> None:
    def broken(text: str) -> int:
        raise ZeroDivisionError(text)

    with pytest.raises(ZeroDivisionError):
        TokenCounter("mine", counter=broken)("x")


def test_a_counter_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(TokenCounter("gpt-4o")))("hello world") == 2  # noqa: S301


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_making_a_counter_loads_nothing_and_counting_connects_nowhere() -> None:
    """A fresh process: no tiktoken before the first count, and none of its downloader after."""
    out = run_python(
        "import sys\n"
        "from context_manager.utils.token_counter import TokenCounter\n"
        "counter = TokenCounter('gpt-4o')\n"
        "print('tiktoken' in sys.modules, counter('hello world'), 'requests' in sys.modules)\n"
    )
    assert out == "False 2 False"


def test_threads_that_start_together_agree() -> None:
    """In a fresh process, so that the threads race for the loading."""
    out = run_python(
        "import threading\n"
        "from context_manager.tokens import TokenCounter\n"
        "gate, seen = threading.Barrier(6), []\n"
        "def work():\n"
        "    counter = TokenCounter('gpt-4')\n"
        "    gate.wait()\n"
        "    seen.append((counter('hello world' * 50), id(counter.tokenizer)))\n"
        "threads = [threading.Thread(target=work) for _ in range(6)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "print(len(seen), len(set(seen)))\n"
    )
    assert out == "6 1"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_fork_while_another_thread_holds_the_lock_does_not_hang_the_child() -> None:
    out = run_python(
        "import os, threading\n"
        "from context_manager.tokens import TokenCounter, encodings\n"
        "encodings._loaded._lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(TokenCounter('gpt-4')('hello world'))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert out == "2"


def test_the_build_tool_checks_the_blobs_against_a_wheel(tmp_path: Path) -> None:
    """A wheel of our own making, with the rank files under names of no meaning."""
    root = Path(__file__).parents[3]
    data = root / "src" / "context_manager" / "tokens" / "data"
    wheel = tmp_path / "carrier-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for number, spec in enumerate(SPECS.values()):
            ranks = unpack((data / f"{spec.name}.xz").read_bytes(), spec.unpacked)
            archive.writestr(f"carrier/{number}.bin", tiktoken_file(ranks))
    tool = [sys.executable, str(root / "tools" / "build_token_ranks.py"), "--check"]
    assert subprocess.run([*tool, str(wheel)], check=False).returncode == 0

    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("carrier/0.bin", b"x" * 2_000_000)
    empty = subprocess.run([*tool, str(wheel)], check=False, capture_output=True, text=True)
    assert empty.returncode == 1
    assert "does not hold the ranks of cl100k_base, o200k_base" in empty.stdout


class Characters(TokenCounter):
    """A subclass that counts by a rule of its own in one method only."""

    def count_tokens(self, text: object) -> int:
        return len(str(text))


def test_whatever_counts_can_do_all_that_a_counter_can() -> None:
    ours = TokenCounter("gpt-4")
    assert as_counter(ours) is ours
    for counter in (as_counter(Characters()), as_counter(SimpleNamespace(count_tokens=len))):
        assert counter.prefix_counts(["ab", "cde"]) == [2, 5]
        assert counter.truncate_middle("abcdefgh", 5, "..") == "ab..h"
