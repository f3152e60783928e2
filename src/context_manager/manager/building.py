"""The read path: from an input to a finished prompt.

Decides which candidates are gathered and with which settings. Choosing among them, rendering and
counting are pure and live in `context`; ranking lives in `retrieval`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from context_manager.config import Config, MemoryConfig
from context_manager.context import (
    Dialogue,
    Packed,
    Piece,
    Plan,
    account,
    choose,
    input_piece,
    memory_pieces,
    missed,
    pack,
)
from context_manager.context.fence import HEADINGS
from context_manager.errors import BudgetError, InputError
from context_manager.manager import annotating, beginning, guarding, recording
from context_manager.manager.checking import checked_as_of, checked_time
from context_manager.manager.hearing import QUARANTINED
from context_manager.manager.hooks import Watch
from context_manager.memory.ask import Ask, Found
from context_manager.memory.drafting import label
from context_manager.memory.long_term import LongTermMemory
from context_manager.memory.short_term import ShortTermMemory
from context_manager.records import Context, Hit, MemoryEntry
from context_manager.records.hits import Hits
from context_manager.records.message import clean_text
from context_manager.retrieval import Settings
from context_manager.tokens import as_counter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0

RANKED_KINDS = ("message", "fact", "note", "document")
"""What competes for the memory section. Summaries have a section of their own, and what they stand
for is searchable verbatim."""

LEAST_LINE = 12
"""Tokens below which hardly a message lies: bounds how many candidates a budget can hold."""

MOST_CANDIDATES = 1000

TRIES = 3
"""How often a prompt to be recorded is built, while others forget what it may show."""

CUT_MARK = "\n[... the middle of this input is not shown ...]\n"


def build(
    cm: ContextManager,
    user_input: str,
    budget: int | None,
    now: float | None,
    as_of: float | None,
    watch: Watch,
) -> Context:
    """Build the prompt for an input; see `ContextManager.build`."""
    settings = cm.settings()
    if not settings.record:
        context, packed = _built(cm, settings, user_input, budget, now, as_of, watch)
        cm.engine.echoes.show(cm.scope.partition, packed)
        return context
    for _ in range(TRIES):
        epoch = cm.archive.store.version(cm.scope.partition).epoch
        context, packed = _built(cm, settings, user_input, budget, now, as_of, watch)
        kept = recording.kept(cm, packed, context, epoch)
        watch.lap("record")
        if kept is not None:
            break
    context = kept or recording.unrecorded(context)
    watch.degraded = context.degraded
    cm.engine.echoes.show(cm.scope.partition, packed)
    return context


def _built(
    cm: ContextManager,
    settings: Config,
    user_input: str,
    budget: int | None,
    now: float | None,
    as_of: float | None,
    watch: Watch,
) -> tuple[Context, Packed]:
    limit = settings.memory.prompt_token_budget if budget is None else _checked_budget(budget)
    moment = cm.clock() if now is None else checked_time(now)
    as_of = checked_as_of(as_of)
    given = clean_text(user_input)
    working_set = cm.short_term_memory
    found = search(cm, given, limit, moment, watch.lap, as_of)
    plan = planned(cm, given, limit, moment, found, working_set)
    plan = annotating.with_changes(cm, annotating.until(plan, as_of), as_of)
    watch.lap("plan")
    packed = packed_plan(cm, plan, limit)
    context = Context.accounted(
        partial(account, packed),
        text="".join(packed.parts),
        tokens=packed.totals[-1],
        budget=limit,
        answerability=found.answerability,
        covered=found.covered,
        degraded=(*found.degraded, *guarding.degraded(cm)),
        input=given,
        arranged=Dialogue(packed.pieces, limit, as_counter(cm.token_counter)),
    )
    watch.lap("pack")
    _report(watch, context, packed, working_set, found)
    return context, packed


def _report(
    watch: Watch, context: Context, packed: Packed, working_set: ShortTermMemory, found: Found
) -> None:
    """Tell the hooks about a context."""
    watch.degraded = context.degraded
    if not watch.heeded:
        return
    watch.show(text=context.text)
    watch.note(
        input_chars=len(context.input),
        chars=len(context.text),
        tokens=context.tokens,
        budget=context.budget,
        slots=len(packed.pieces),
        near_misses=len(missed(packed)),
        covered=int(context.covered),
        entries=found.entries,
        stm_turns=len(working_set),
    )


def planned(
    cm: ContextManager,
    given: str,
    limit: int,
    now: float,
    found: Found,
    working_set: ShortTermMemory,
) -> Plan:
    """All candidates for a prompt of so many tokens."""
    memory = cm.config.memory
    shown = _fitted_input(cm, given, memory, limit)
    return beginning.planned(
        cm,
        Plan(
            input=input_piece(shown)._replace(cut=shown != given),
            memories=_memories(cm, found, memory),
        ),
        working_set.get_recent_turns(2 * memory.recent_k),
        limit,
        now,
    )


def packed_plan(cm: ContextManager, plan: Plan, limit: int) -> Packed:
    """A plan cut to its budget, counted with the manager's counter."""
    return pack(plan, limit, as_counter(cm.token_counter).trial_counts(), choose)


def _checked_budget(budget: object) -> int:
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 0:
        raise InputError(f"a budget must be a whole number of tokens, 0 or more, got {budget!r}")
    return budget


def ranking_settings(memory: MemoryConfig) -> Settings:
    """The weights of ranking."""
    return Settings(
        recency_weight=memory.recency_weight,
        half_life=memory.recency_half_life_days * DAY_SECONDS,
        importance_weight=memory.importance_weight,
    )


def _fitted_input(cm: ContextManager, given: str, memory: MemoryConfig, limit: int) -> str:
    """The input as it is shown: whole, or with a marked cut where that policy is set."""
    needed = cm.count(f"{HEADINGS['input']} {given}")
    if needed <= limit:
        return given
    if memory.input_overflow == "error":
        raise BudgetError(limit, needed)
    smallest = cm.count(f"{HEADINGS['input']} {CUT_MARK}")
    counter = as_counter(cm.token_counter)
    room = limit
    while room >= cm.count(CUT_MARK):
        cut = counter.truncate_middle(given, room, CUT_MARK)
        total = cm.count(f"{HEADINGS['input']} {cut}")
        if total <= limit and cut != given:
            return cut
        room -= max(1, total - limit)
    raise BudgetError(limit, smallest)


def search(
    cm: ContextManager,
    given: str,
    limit: int,
    now: float,
    lap: Callable[[str], object],
    as_of: float | None = None,
) -> Found:
    """What long-term memory offers a prompt of so many tokens, as known at a time."""
    memory = cm.config.memory
    most = min(MOST_CANDIDATES, max(memory.ltm_hits_k, limit // LEAST_LINE))
    ask = Ask(
        given,
        cm.scope,
        now,
        most=most,
        recall=memory.recall,
        patience=cm.config.embedding.deadline,
        kinds=RANKED_KINDS,
        as_of=as_of,
        settings=ranking_settings(memory),
        rerank=cm.reranker,
        tokens=max(limit, memory.ltm_hits_k * LEAST_LINE),
    )
    found = cm.archive.search(ask, lap)
    try:
        own = _own_hits(cm, given, memory.ltm_hits_k)
    except Exception as error:  # noqa: BLE001 - a user's own memory, called like a hook
        _log.warning("own long-term memory failed with %s", type(error).__name__)
        return replace(found, degraded=(*found.degraded, "long_term_memory"))
    if not own:
        return found
    return replace(found, hits=Hits.of([*own, *found.hits]), covered=True)


def _own_hits(cm: ContextManager, given: str, k: int) -> list[Hit]:
    """What a long-term memory of the user's own finds; the built-in one is asked directly."""
    memory = cm.long_term_memory
    if is_built_in(memory) and memory.archive is cm.archive:
        return []
    return [
        Hit(entry, float(score), {"own": float(score)}) for entry, score in memory.search(given, k)
    ]


def is_built_in(memory: object) -> bool:
    """Whether a long-term memory is ours, unaltered: then it is asked through the archive."""
    return isinstance(memory, LongTermMemory) and type(memory).search is LongTermMemory.search


def _memories(cm: ContextManager, found: Found, memory: MemoryConfig) -> tuple[Piece, ...]:
    fill = memory.fill_budget
    return memory_pieces(found.hits, _label, cm.count, None if fill else memory.ltm_hits_k)


def _label(entry: MemoryEntry) -> str | None:
    """What stands before an entry; None where it is kept out of prompts."""
    return None if QUARANTINED in entry.metadata else label(entry)
