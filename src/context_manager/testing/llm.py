"""A language model that answers from a script.

It decides nothing by itself: a test says what is answered, what fails and what is slow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from context_manager.errors import LLMError
from context_manager.llm.adapters import LLMAdapter

Answer: TypeAlias = str | Exception
Script: TypeAlias = Sequence[Answer] | Mapping[str, Answer] | Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One call as it came: the prompt and the keywords."""

    prompt: str
    kwargs: Mapping[str, Any]


class ScriptedLLM(LLMAdapter):
    """Answers from a script and records every call.

    Args:
        script: Answers in order (the last one repeats), or answers by a text that the prompt
            contains (the first that does; "" always does), or a function of the prompt. An
            exception in place of an answer is raised.
        fail: What to raise on the n-th call, counted from 1, whatever the script says.
        delay: Seconds to wait before the n-th call answers.
        sleep: What waits in a synchronous call.

    Example:
        >>> llm = ScriptedLLM({"name": "Ada", "": "I do not know"})
        >>> llm.generate_sync("What is my name?"), llm.generate_sync("Why?")
        ('Ada', 'I do not know')
        >>> llm.prompts
        ['What is my name?', 'Why?']
    """

    def __init__(
        self,
        script: Script = ("",),
        *,
        fail: Mapping[int, Exception] | None = None,
        delay: Mapping[int, float] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.calls: list[ScriptedCall] = []
        self._script = script
        self._fail = fail or {}
        self._delay = delay or {}
        self._sleep = sleep
        self._numbers = count(1)

    @property
    def prompts(self) -> list[str]:
        """Every prompt so far, in order."""
        return [call.prompt for call in self.calls]

    async def generate(self, prompt: str, **kwargs: Any) -> str:
        """The next answer of the script."""
        number = self._note(prompt, kwargs)
        await asyncio.sleep(self._delay.get(number, 0))
        return self._answer(number, prompt)

    def generate_sync(self, prompt: str, **kwargs: Any) -> str:
        """The next answer of the script."""
        number = self._note(prompt, kwargs)
        if number in self._delay:
            self._sleep(self._delay[number])
        return self._answer(number, prompt)

    def _note(self, prompt: str, kwargs: dict[str, Any]) -> int:
        self.calls.append(ScriptedCall(prompt, kwargs))
        return next(self._numbers)

    def _answer(self, number: int, prompt: str) -> str:
        answer = self._fail.get(number) or self._look_up(number, prompt)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _look_up(self, number: int, prompt: str) -> Answer:
        if callable(self._script):
            return self._script(prompt)
        if isinstance(self._script, Mapping):
            for part, answer in self._script.items():
                if part in prompt:
                    return answer
            return LLMError("the script has no answer for this prompt")
        if not self._script:
            return LLMError("the script is empty")
        return self._script[min(number, len(self._script)) - 1]
