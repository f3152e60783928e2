"""Adapters: made by name with nothing at hand, any function or class can be one."""

from __future__ import annotations

import asyncio
import builtins
import sys
from typing import Any

import pytest

from context_manager.errors import (
    ConfigError,
    LLMError,
    LLMNotConfiguredError,
    MissingExtraError,
)
from context_manager.flow import LLMRequest
from context_manager.llm.adapters import (
    ADAPTERS,
    LLMAdapter,
    create_llm_adapter,
    register_llm_adapter,
)
from context_manager.llm.local import CallableAdapter


class InTheSeedsManner(LLMAdapter):
    """Two methods, no call of ``super().__init__()``."""

    def __init__(self, api_key: str | None, model: str = "own-default", base_url: str = "") -> None:
        self.api_key, self.model, self.base_url = api_key, model, base_url

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        return f"async {prompt} {kwargs}"

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        return f"sync {prompt} {kwargs}"


@pytest.fixture
def registered(request: pytest.FixtureRequest) -> Any:
    """Registers a name for one test."""

    def register(name: str, factory: Any) -> None:
        register_llm_adapter(name, factory)
        request.addfinalizer(lambda: ADAPTERS._factories.pop(name, None))

    return register


async def collect(pieces: Any) -> list[str]:
    return [piece async for piece in pieces]


def test_an_adapter_needs_two_methods_and_gets_the_rest() -> None:
    adapter = InTheSeedsManner("key")
    request = LLMRequest("hi", max_tokens=5, temperature=0.1)
    expected = "hi {'max_tokens': 5, 'temperature': 0.1}"
    assert adapter.answer_sync(request) == f"sync {expected}"
    assert asyncio.run(adapter.answer(request)) == f"async {expected}"
    assert list(adapter.stream_sync("hi")) == ["sync hi {}"]
    assert asyncio.run(collect(adapter.stream("hi"))) == ["async hi {}"]


def test_a_registered_name_is_made_with_what_was_given(registered: Any) -> None:
    registered("mine", InTheSeedsManner)
    made = create_llm_adapter("mine", api_key="k", model="m", base_url="http://x")
    assert isinstance(made, InTheSeedsManner)
    assert (made.api_key, made.model, made.base_url) == ("k", "m", "http://x")
    assert create_llm_adapter("mine").model == "own-default"  # type: ignore[attr-defined]


def test_a_name_may_be_registered_after_its_adapter_was_made(registered: Any) -> None:
    adapter = create_llm_adapter("later", api_key="k")
    with pytest.raises(ConfigError, match="'later'"):
        adapter.generate_sync("hi")
    registered("later", InTheSeedsManner)
    assert adapter.generate_sync("hi") == "sync hi {}"
    assert asyncio.run(adapter.generate("hi")) == "async hi {}"


def test_a_name_may_stand_for_a_module_that_is_imported_when_needed(registered: Any) -> None:
    registered("lazily", "context_manager.llm.local:EchoAdapter")
    assert create_llm_adapter("lazily", api_key="k").generate_sync("hi") == "hi"


def test_without_a_model_only_the_call_fails() -> None:
    adapter = create_llm_adapter("none", api_key=None, model="whatever")
    with pytest.raises(LLMNotConfiguredError, match="no LLM is configured"):
        adapter.generate_sync("hi")
    with pytest.raises(LLMNotConfiguredError):
        asyncio.run(adapter.generate("hi"))


@pytest.mark.parametrize("provider", ["openai"])
def test_a_provider_whose_package_is_missing_is_made_and_names_it_when_used(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, provider, None)  # Python's own mark of "cannot be imported"
    adapter = create_llm_adapter(provider, api_key=None)
    with pytest.raises(MissingExtraError, match=rf"context-manager\[{provider}\]"):
        adapter.generate_sync("hi")
    with pytest.raises(MissingExtraError):
        asyncio.run(adapter.generate("hi"))


def plain(prompt: str) -> str:
    return prompt[::-1]


def with_limit(prompt: str, max_tokens: int = 0) -> str:
    return f"{prompt} {max_tokens}"


def with_anything(prompt: str, **kwargs: Any) -> str:
    return f"{prompt} {sorted(kwargs)}"


async def awaited(prompt: str, temperature: float = 0.0) -> str:
    await asyncio.sleep(0)
    return f"{prompt} {temperature}"


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (plain, "cba"),
        (with_limit, "abc 5"),
        (with_anything, "abc ['max_tokens', 'temperature']"),
        (awaited, "abc 0.5"),
        (lambda prompt: awaited(prompt), "abc 0.0"),
        (builtins.str, "abc"),
    ],
    ids=["plain", "max_tokens", "kwargs", "coroutine", "returns a coroutine", "built-in"],
)
def test_any_function_is_an_adapter(function: Any, answer: str) -> None:
    adapter = create_llm_adapter("callable", function=function)
    keywords = {"max_tokens": 5, "temperature": 0.5}
    assert adapter.generate_sync("abc", **keywords) == answer
    assert asyncio.run(adapter.generate("abc", **keywords)) == answer


def test_a_coroutine_function_can_be_asked_from_inside_a_running_loop() -> None:
    async def inside() -> str:
        return CallableAdapter(awaited).generate_sync("abc")

    assert asyncio.run(inside()) == "abc 0.0"


@pytest.mark.parametrize("answer", [None, b"bytes", ["list"]])
def test_an_answer_that_is_not_text_is_an_error(answer: object) -> None:
    adapter = CallableAdapter(lambda prompt: answer)  # type: ignore[arg-type,return-value]
    with pytest.raises(LLMError, match="must return str"):
        adapter.generate_sync("hi")
    with pytest.raises(LLMError, match="must return str"):
        asyncio.run(adapter.generate("hi"))
