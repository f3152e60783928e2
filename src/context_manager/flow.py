"""One piece of work that needs a model's answers, written once and run sync or async.

This file decides how such a piece of work, a *flow*, is driven. A flow is a generator: it yields
an `LLMRequest`, receives the answer's text, and returns its result. An error of the model is
thrown into the flow at the ``yield``, so that the flow itself chooses to fall back or to fail.
It must not know providers, retries or cost: the driver is handed a function that answers. Beside
the drivers stands `within`, for a call that may not take long.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

Question = TypeVar("Question")
Reply = TypeVar("Reply")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """One question to a model.

    Args:
        prompt: The whole prompt.
        max_tokens: Longest answer wanted, in tokens.
        temperature: Sampling temperature, 0 to 2.
        purpose: What it is for ("summary.chunk", ...), for the ledger of spending.
    """

    prompt: str
    max_tokens: int = 1000
    temperature: float = 0.3
    purpose: str = ""


Flow: TypeAlias = Generator[LLMRequest, str, T]


def run(flow: Generator[Question, Reply, T], answer: Callable[[Question], Reply]) -> T:
    """Drive a flow, or any generator of its kind, to its end with a function that answers.

    Returns:
        What the flow returns.

    Raises:
        Exception: What the flow lets through.
    """
    try:
        request = next(flow)
        while True:
            try:
                reply = answer(request)
            except Exception as error:  # noqa: BLE001 - the flow decides what each error means
                request = flow.throw(error)
            else:
                request = flow.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


async def run_async(
    flow: Generator[Question, Reply, T], answer: Callable[[Question], Awaitable[Reply]]
) -> T:
    """Drive a flow like `run`, awaiting each answer; a cancelled task closes the flow."""
    try:
        request = next(flow)
        while True:
            try:
                reply = await answer(request)
            except Exception as error:  # noqa: BLE001 - the flow decides what each error means
                request = flow.throw(error)
            else:
                request = flow.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


def within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result. It runs in a thread of its own, which cannot be ended.

    Raises:
        TimeoutError: It takes longer; what it still does is not waited for.
        Exception: What the call raises.
    """
    outcome: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            outcome.put((None, error))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="bounded-call", daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return cast("T", result)
