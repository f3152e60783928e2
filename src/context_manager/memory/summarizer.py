"""Summaries of turns, and summaries of summaries.

This file decides when a model is asked and when the extractive summary stands in. There is always
a summary: a model that is absent, fails, or answers with something that cannot be one costs
quality only. Which turns are summarised, and what becomes of the result, is not known here.

Each summary is one flow with a sync and an async driver. `summarize_chunk` and
`summarize_hierarchically` may be overridden; `summarize` and `merge`, which the manager calls,
and their async forms honour the override.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from context_manager.errors import ConfigError
from context_manager.flow import Flow, LLMRequest, run, run_async
from context_manager.llm.adapters import LLMAdapter
from context_manager.llm.local import NoLLMAdapter, as_adapter
from context_manager.memory.extractive import SMALLEST, Line, extract, lead
from context_manager.memory.fencing import transcript
from context_manager.memory.prompting import (
    DOMAINS,
    Level,
    Templates,
    builtin_templates,
    filled,
    likely_domain,
)
from context_manager.memory.summary import Summary, objection, without_thinking
from context_manager.memory.working_set import CountsTokens
from context_manager.records import Turn

T = TypeVar("T")

__all__ = ["DomainSpecificSummarizer", "HierarchicalSummarizer", "Summary"]

_log = logging.getLogger(__name__)
_HEADROOM = 32
"""Tokens a model may overrun, so that it can end its sentence; what is over is trimmed."""


class HierarchicalSummarizer:
    """Summarises turns, then summaries, by a model if there is one.

    Args:
        llm_adapter: The model, a function as a model, or None for extractive summaries.
        compression_ratio: Length of a summary as a share of its source, in tokens, in (0, 1].
            Up to 24 tokens are always allowed.
        token_counter: Counts tokens; the default counter when left out.

    Example:
        >>> summarizer = HierarchicalSummarizer()
        >>> summarizer.summarize_chunk([Turn("My cat is called Biscuit.", "Noted.", 12, 0.0)])
        '- User: My cat is called Biscuit.\\n- Assistant: Noted.'
    """

    def __init__(
        self,
        llm_adapter: LLMAdapter | Callable[..., str] | None = None,
        compression_ratio: float = 0.3,
        *,
        token_counter: CountsTokens | None = None,
    ) -> None:
        self.llm_adapter = llm_adapter
        self.compression_ratio = compression_ratio
        self._token_counter = token_counter

    def summarize_chunk(self, turns: Sequence[Turn]) -> str:
        """A summary of turns as text."""
        return run(self._chunk(turns), self._answer_sync).text

    def summarize_hierarchically(self, summaries: Sequence[str]) -> str:
        """One summary of several, given oldest first, as text; a single one stays as it is."""
        return run(self._whole(summaries), self._answer_sync).text

    def summarize(
        self, turns: Sequence[Turn], answer: Callable[[LLMRequest], str] | None = None
    ) -> Summary:
        """A summary of turns and how it came about; an overridden `summarize_chunk` makes it.

        Args:
            turns: In time order.
            answer: Asks the model; `llm_adapter` itself is asked when left out.
        """
        if _overridden(self.summarize_chunk):
            return self._own(self.summarize_chunk, turns, _lines(turns))
        return run(self._chunk(turns), answer or self._answer_sync)

    async def summarize_async(self, turns: Sequence[Turn]) -> Summary:
        """Like `summarize`; an overridden `summarize_chunk` runs in a thread."""
        if _overridden(self.summarize_chunk):
            return await _aside(self.summarize, turns)
        return await run_async(self._chunk(turns), self._answer)

    def merge(
        self, summaries: Sequence[str], answer: Callable[[LLMRequest], str] | None = None
    ) -> Summary:
        """One summary of several and how it came about; an override makes it.

        Args:
            summaries: Oldest first.
            answer: As for `summarize`.
        """
        if _overridden(self.summarize_hierarchically):
            return self._own(self.summarize_hierarchically, summaries, _summary_lines(summaries))
        return run(self._whole(summaries), answer or self._answer_sync)

    async def merge_async(self, summaries: Sequence[str]) -> Summary:
        """Like `merge`; an override runs in a thread."""
        if _overridden(self.summarize_hierarchically):
            return await _aside(self.merge, summaries)
        return await run_async(self._whole(summaries), self._answer)

    def extractive(self, turns: Sequence[Turn]) -> Summary:
        """The summary that needs no model."""
        return self._extract(_lines(turns))

    def create_summary_metadata(self, turns: Sequence[Turn], summary: str) -> dict[str, Any]:
        """What to store beside a summary of turns, JSON-ready.

        ``summary_length`` is in characters; ``compression_ratio`` is the share of the source's
        tokens that the summary has.
        """
        times = [turn.timestamp for turn in turns]
        source = self._count(_text(_lines(turns)))
        return {
            "type": "chunk_summary",
            "num_turns": len(turns),
            "start_timestamp": min(times, default=None),
            "end_timestamp": max(times, default=None),
            "summary_length": len(summary),
            "compression_ratio": round(self._count(summary) / source, 4) if source else 0.0,
        }

    def _templates(self, domain: str | None, source: str) -> Templates:
        return builtin_templates("general")

    def _chunk(self, turns: Sequence[Turn], domain: str | None = None) -> Flow[Summary]:
        source = transcript(message for turn in turns for message in turn.messages)
        return (yield from self._ask("chunk", source, _lines(turns), domain))

    def _whole(self, summaries: Sequence[str], domain: str | None = None) -> Flow[Summary]:
        if len(summaries) == 1:
            return Summary(summaries[0], "extractive")
        source = "\n\n".join(f"- {summary}" for summary in summaries)
        return (yield from self._ask("hierarchical", source, _summary_lines(summaries), domain))

    def _ask(
        self, level: Level, source: str, lines: Sequence[Line], domain: str | None
    ) -> Flow[Summary]:
        adapter = self.llm_adapter
        if adapter is None or isinstance(adapter, NoLLMAdapter) or not lines:
            return self._extract(lines)
        tokens = self._count(_text(lines))
        target = self._target(tokens)
        prompt = filled(self._templates(domain, source)[level], level, source, target)
        try:
            answer = yield LLMRequest(prompt, target + _HEADROOM, purpose=f"summary.{level}")
        except Exception as error:  # noqa: BLE001 - whatever a provider raises costs quality only
            return self._extract(lines, degraded=type(error).__name__)
        answer = without_thinking(answer)
        refused = objection(
            answer, source=source, source_tokens=tokens, prompt=prompt, count=self._count
        )
        if refused:
            return self._extract(lines, degraded=refused)
        text = lead(answer, target, self._count)
        return Summary(text, "llm", model=str(getattr(adapter, "model", "")))

    def _own(self, method: Callable[[Any], str], source: Any, lines: Sequence[Line]) -> Summary:
        """Call a subclass's own summary, which may fail or return anything."""
        try:
            text = method(source)
        except Exception as error:  # noqa: BLE001 - a subclass's own summary, called as a hook
            _log.warning("a summarizer's own method failed with %s", type(error).__name__)
            return self._extract(lines, degraded=type(error).__name__)
        if not isinstance(text, str) or not text.strip():
            return self._extract(lines, degraded="empty answer")
        return Summary(text, "custom")

    def _extract(self, lines: Sequence[Line], degraded: str = "") -> Summary:
        target = self._target(self._count(_text(lines)))
        text = extract(lines, target, self._count)
        return Summary(text, "extractive", degraded=bool(degraded), reason=degraded)

    def _target(self, tokens: int) -> int:
        if not 0 < self.compression_ratio <= 1:
            raise ConfigError(
                f"compression_ratio must lie in (0, 1], got {self.compression_ratio!r}"
            )
        return max(int(tokens * self.compression_ratio), SMALLEST)

    def _count(self, text: str) -> int:
        if self._token_counter is None:
            from context_manager.tokens import TokenCounter

            self._token_counter = TokenCounter()
        return self._token_counter.count_tokens(text)

    def _answer_sync(self, request: LLMRequest) -> str:
        return as_adapter(self.llm_adapter).answer_sync(request)

    async def _answer(self, request: LLMRequest) -> str:
        return await as_adapter(self.llm_adapter).answer(request)


class DomainSpecificSummarizer(HierarchicalSummarizer):
    """Summaries that look for what matters in a domain.

    Args:
        llm_adapter: As for `HierarchicalSummarizer`; without a model the domain has no effect.
        compression_ratio: As for `HierarchicalSummarizer`.
        domain: "technical", "business", "creative", "general", a domain of your own, or "auto"
            to choose one of the four by the words of each text.
        token_counter: As for `HierarchicalSummarizer`.

    Attributes:
        domain_prompts: Templates by domain and level ("chunk" with ``{text}``, "hierarchical"
            with ``{summaries}``). Add a domain by assigning to its name; a domain or level that
            is not there falls back to "general".
    """

    def __init__(
        self,
        llm_adapter: LLMAdapter | Callable[..., str] | None = None,
        compression_ratio: float = 0.3,
        domain: str = "general",
        *,
        token_counter: CountsTokens | None = None,
    ) -> None:
        super().__init__(llm_adapter, compression_ratio, token_counter=token_counter)
        self.domain = domain
        self.domain_prompts: dict[str, Templates] = {
            name: builtin_templates(name) for name in DOMAINS
        }

    def summarize_chunk(self, turns: Sequence[Turn], domain: str | None = None) -> str:
        """A summary of turns as text, by the prompts of ``domain`` if given."""
        return run(self._chunk(turns, domain), self._answer_sync).text

    def summarize_hierarchically(self, summaries: Sequence[str], domain: str | None = None) -> str:
        """One summary of several as text, by the prompts of ``domain`` if given."""
        return run(self._whole(summaries, domain), self._answer_sync).text

    def _templates(self, domain: str | None, source: str) -> Templates:
        name = domain or self.domain
        if name == "auto":
            name = likely_domain(source)
        return {**super()._templates(None, source), **self.domain_prompts.get(name, {})}


_OURS = {
    method
    for kind in (HierarchicalSummarizer, DomainSpecificSummarizer)
    for method in (kind.summarize_chunk, kind.summarize_hierarchically)
}


def _overridden(method: Callable[..., str]) -> bool:
    return not inspect.ismethod(method) or method.__func__ not in _OURS


async def _aside(work: Callable[[Sequence[T]], Summary], items: Sequence[T]) -> Summary:
    """What work in a thread gives."""
    import asyncio  # whoever awaits has it; nobody else needs it

    return await asyncio.to_thread(work, items)


def _lines(turns: Sequence[Turn]) -> list[Line]:
    return [
        Line(message.speaker, message.text)
        for turn in turns
        for message in turn.messages
        if message.text.strip()
    ]


def _summary_lines(summaries: Sequence[str]) -> list[Line]:
    return [Line("", line) for text in summaries for line in text.splitlines() if line.strip()]


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(
        f"{line.speaker}: {line.text}" if line.speaker else line.text for line in lines
    )
