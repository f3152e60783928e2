"""`with_memory`: any function that answers a user gets memory.

Decides what the function is handed in place of the user's words, and that its answer is observed.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar

from context_manager.errors import InputError
from context_manager.manager import ContextManager
from context_manager.records import Context

Agent = TypeVar("Agent", bound=Callable[..., Any])
Give = Literal["text", "openai", "anthropic", "context"]

_GIVEN: dict[str, Callable[[Context], Any]] = {
    "text": lambda context: context.text,
    "openai": lambda context: context.messages("openai"),
    "anthropic": lambda context: context.messages("anthropic"),
    "context": lambda context: context,
}


def with_memory(manager: ContextManager, *, give: Give = "text") -> Callable[[Agent], Agent]:
    """A decorator for a function, plain or async, that takes what a user says and answers.

    Args:
        manager: Whose memory it is; use `ContextManager.scoped` for each user and session.
        give: What the function gets in place of the user's words: the finished prompt as "text",
            a message list in the shape of "openai" or "anthropic", or the whole "context".

    Returns:
        A function that is called with the user's words and returns what the function returns; a
        text that is not blank is observed as the answer.

    Example:
        >>> cm = ContextManager()
        >>> @with_memory(cm)
        ... def agent(prompt: str) -> str:
        ...     return "Porto" if "Porto" in prompt else "I do not know."
        >>> agent("My sister Ana lives in Porto.")
        'Porto'
        >>> agent("Where does my sister live?")
        'Porto'
    """
    if give not in _GIVEN:
        raise InputError(f"give must be one of {', '.join(_GIVEN)}, got {give!r}")
    asked = _GIVEN[give]

    def remember(user_input: str, answer: Any) -> None:
        manager.observe(user_input, answer if isinstance(answer, str) else "")

    def decorate(agent: Agent) -> Agent:
        if inspect.iscoroutinefunction(agent):

            @wraps(agent)
            async def awaited(user_input: str, *args: Any, **kwargs: Any) -> Any:
                context = await manager.build_async(user_input)
                answer = await agent(asked(context), *args, **kwargs)
                await asyncio.to_thread(remember, user_input, answer)
                return answer

            return awaited  # type: ignore[return-value]

        @wraps(agent)
        def plain(user_input: str, *args: Any, **kwargs: Any) -> Any:
            answer = agent(asked(manager.build(user_input)), *args, **kwargs)
            remember(user_input, answer)
            return answer

        return plain  # type: ignore[return-value]

    return decorate
