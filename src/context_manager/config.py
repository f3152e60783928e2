"""All settings of a manager, as plain mutable dataclasses read anew at each call.

This file decides names, defaults and ranges. Only the manager reads it: every other part takes
plain arguments. `check()` runs at each use, so a value assigned at run time is checked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from context_manager.errors import ConfigError
from context_manager.records.number import is_finite

MAX_BUDGET = 10_000_000
MAX_LIMIT = 10**15


@dataclass
class LLMConfig:
    """Which language model writes summaries; with "none" they are extractive.

    Args:
        provider: "none", "openai", "anthropic", or any registered or custom name.
        model: The provider's name of the model; None takes the provider's default.
        api_key: None lets the provider's own environment variable decide.
        max_tokens: Longest answer, in tokens.
        temperature: Sampling temperature, 0 to 2.
        options: Further keywords for the adapter, e.g. ``{"base_url": ...}``.
    """

    provider: str = "none"
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    max_tokens: int = 1000
    temperature: float = 0.7
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class SpendConfig:
    """What the language model may take of what the manager asks it; None is no limit.

    A call that could exceed a limit is not made, and what it was for is done without a model.
    Limits per hour and in total are for all users together; those per user and in total count
    from the start of the process.

    Args:
        calls_per_turn, calls_per_hour, calls_per_user, calls_in_total: Most calls.
        tokens_per_turn, tokens_per_hour, tokens_per_user, tokens_in_total: Most tokens, prompt
            and answer together. "Turn" is the work that one `observe` sets off.
        prices: By model name, the price of a million prompt tokens and of a million answer
            tokens, in any currency, for the ledger.
    """

    calls_per_turn: int | None = None
    tokens_per_turn: int | None = None
    calls_per_hour: int | None = None
    tokens_per_hour: int | None = 2_000_000
    calls_per_user: int | None = None
    tokens_per_user: int | None = None
    calls_in_total: int | None = None
    tokens_in_total: int | None = None
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class EmbeddingConfig:
    """Which model turns text into vectors.

    Args:
        model: "all-MiniLM-L6-v2" (in the package), "static" (smaller), or a registered name.
        threads: CPU threads of one call; None lets the runtime decide.
        options: Further keywords for the embedder.
        deadline: Seconds that a build or a search waits for the embedder, and likewise for what is
            pending to get its vectors; then words alone rank. None waits for as long as it takes.
        redis_url: Where processes on the same store share the vectors of questions, as
            "redis://host:6379/0" (extra ``redis``); "" shares none. Read when a manager is made.
    """

    model: str = "all-MiniLM-L6-v2"
    threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    deadline: float | None = 10.0
    redis_url: str = field(default="", repr=False)


@dataclass
class VectorStoreConfig:
    """What finds the nearest vectors of a user's memory.

    Args:
        provider: "numpy" (exact up to 50,000 passages of a user; beyond, bits choose 3,000 whose
            cosine is exact), "faiss" (extra ``faiss``: less memory), or a registered name; all
            these in this process. "pgvector" (memory in PostgreSQL) asks the database about large
            memories, and is "numpy" for all others.
        options: Further keywords for it; for "faiss" ``{"kind": "flat" | "sq8" | "ivf"}``, for
            "pgvector" ``{"above": 50_000}``, the entries of a user above which memory is large.
    """

    provider: str = "numpy"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class MemoryConfig:
    """What is kept at hand, what is looked up, and how much of it is shown.

    Args:
        stm_capacity: Tokens that short-term memory holds; older turns leave it (and stay in
            long-term memory).
        chunk_size: Tokens of turns that left short-term memory before they are summarised.
        recent_k: Recent turns shown verbatim; up to twice as many, or somewhat fewer where they are
            long, so that prompts keep their beginning (`context.window`).
        ltm_hits_k: Memories shown at least, as far as the budget permits; without `fill_budget`
            also at most.
        prompt_token_budget: Most tokens of the finished prompt, the input included.
        summary_compression_ratio: Length of a summary as a share of its sources, in (0, 1].
        fill_budget: Fill what is left of the budget with further memories by relevance per token,
            whether or not one seems to answer the input (`Context.covered`).
        recency_weight: Weight of recency in ranking, 0 to 1.
        recency_half_life_days: Age at which recency counts half.
        importance_weight: Weight of importance in ranking, 0 to 1.
        recall: How far a query looks: "user" (all sessions), "session" or "task".
        input_overflow: When the input alone exceeds the budget: "error" raises `BudgetError`,
            "middle_cut" shows head and tail with a visible mark.
        drop_echoes: Take text of our own prompts out of what is observed, so that nothing is
            remembered because it was remembered.
        summaries: Show summaries of what left short-term memory.
        stm_eviction: "fifo", "lru" or "priority".
        tool_output_tokens: Tokens of a tool's output that are shown among the recent turns; of a
            longer one head and tail are, around a mark that names the id under which `get` gives
            all of it. 0 shows any output whole.
    """

    stm_capacity: int = 8000
    chunk_size: int = 2000
    recent_k: int = 5
    ltm_hits_k: int = 7
    prompt_token_budget: int = 12000
    summary_compression_ratio: float = 0.3
    fill_budget: bool = True
    recency_weight: float = 0.0
    recency_half_life_days: float = 30.0
    importance_weight: float = 0.1
    recall: Literal["user", "session", "task"] = "user"
    input_overflow: Literal["error", "middle_cut"] = "error"
    drop_echoes: bool = True
    summaries: bool = True
    stm_eviction: str = "fifo"
    tool_output_tokens: int = 2000


@dataclass(frozen=True)
class Retention:
    """How long `sweep` lets memory live. The first rule that fits an entry decides.

    Pinned entries stay whatever a rule says. What a summary was made from takes the summary with
    it; the summary is made anew from what remains.

    Args:
        kinds: Only these kinds of entries; None means all.
        tenant_id, user_id, agent_id, session_id, task_id: Only of this scope; None means any.
        days: Age at which it goes, counted from its timestamp; None means never.
        half_life_days: Age at which its importance counts half; None means it does not fade.
        least: It goes when its importance has faded below this, in [0, 1].
    """

    kinds: tuple[str, ...] | None = None
    tenant_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    task_id: str | None = None
    days: float | None = None
    half_life_days: float | None = None
    least: float = 0.05

    def check(self) -> None:
        """Raise for a value that cannot work.

        Raises:
            ConfigError: Names the field and its range.
        """
        for name in ("days", "half_life_days"):
            value = getattr(self, name)
            if value is not None and not (is_finite(value) and value > 0):
                raise ConfigError(f"retention {name} must be a positive number, got {value!r}")
        if not 0 <= self.least <= 1:
            raise ConfigError(f"retention least must lie in [0, 1], got {self.least!r}")


@dataclass
class Config:
    """Settings of a `ContextManager`; every field may be assigned at run time.

    What is made of a setting (the models, the counter, the working sets) is made anew at the next
    use, unless another one was assigned to the manager. ``durability`` is read when a store is
    opened, ``embedding.redis_url`` when a manager is made.

    Args:
        llm: The language model.
        memory: Capacities, budget and ranking.
        embedding: The embedding model.
        spend: What the language model may take.
        vector_store: What finds the nearest vectors; holds for memories that are read from then on.
        facts: Whether statements about people become facts that replace each other: "off",
            "rules" (English, without a model) or "llm" (rules at once, the model when turns
            leave short-term memory).
        token_model: Model or encoding whose tokens are counted.
        multi_user: True makes a call without `scoped(user_id=...)` an error.
        secrets: What is done about keys, passwords, e-mail addresses, card and telephone numbers
            in what is to be remembered: "off" keeps them, "redact" stores a mark in their place,
            "reject" raises `SecretError`. Models see what is stored; so do questions to the
            embedding model.
        secret_kinds: Only these kinds (names in `screening.KINDS`); None means all.
        screening: What is done about text that looks like an order to the model: "off", "tag"
            marks it in its metadata, "quarantine" also keeps such text of tools and documents out
            of prompts until `release`.
        retention: How long `sweep` lets memory live, by kind and scope.
        record: Write down how each prompt was built, so that `replay` can rebuild it by its id:
            references to memory, not the texts again.
        recorded: Recorded prompts kept of each user; `sweep` drops older ones.
        background: Who does what may follow later (vectors, summaries, facts by a model): "here",
            this process, or "workers", processes of `context-manager worker` on the same store.
        durability: "full" survives power loss, "normal" survives a killed process only.
    """

    llm: LLMConfig = field(default_factory=LLMConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    spend: SpendConfig = field(default_factory=SpendConfig)
    vector_store: VectorStoreConfig = field(default_factory=VectorStoreConfig)
    facts: Literal["off", "rules", "llm"] = "off"
    token_model: str = "gpt-4"  # noqa: S105 - tokens of a model, not a secret
    multi_user: bool = False
    secrets: Literal["off", "redact", "reject"] = "off"
    secret_kinds: tuple[str, ...] | None = None
    screening: Literal["off", "tag", "quarantine"] = "tag"
    retention: tuple[Retention, ...] = ()
    record: bool = False
    recorded: int = 10_000
    background: Literal["here", "workers"] = "here"
    durability: Literal["full", "normal"] = "full"

    def check(self) -> None:
        """Raise for the first value that cannot work.

        Raises:
            ConfigError: Names the setting, its value and its range.
        """
        for path, low, high in _RANGES:
            value = self._read(path)
            if value is None and path in _OPTIONAL:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigError(f"{path} must be a number, got {value!r}")
            if path in _COUNTS and not isinstance(value, int):
                raise ConfigError(f"{path} must be a whole number, got {value!r}")
            if not is_finite(value) or not low <= value <= high:
                raise ConfigError(f"{path} must lie in [{low}, {high}], got {value!r}")
        for rule in self.retention:
            rule.check()
        for path, allowed in _CHOICES:
            value = self._read(path)
            if value not in allowed:
                raise ConfigError(f"{path} must be one of {', '.join(allowed)}, got {value!r}")

    def _read(self, path: str) -> Any:
        value: Any = self
        for name in path.split("."):
            value = getattr(value, name)
        return value


_SPENDING = tuple(
    f"spend.{what}_{window}"
    for what in ("calls", "tokens")
    for window in ("per_turn", "per_hour", "per_user", "in_total")
)
_OPTIONAL = (*_SPENDING, "embedding.deadline")
_COUNTS = frozenset(
    {
        "memory.stm_capacity",
        "memory.chunk_size",
        "memory.recent_k",
        "memory.ltm_hits_k",
        "memory.prompt_token_budget",
        "memory.tool_output_tokens",
        "llm.max_tokens",
        "recorded",
    }
)
_RANGES: tuple[tuple[str, float, float], ...] = (
    ("memory.stm_capacity", 0, MAX_BUDGET),
    ("memory.chunk_size", 1, MAX_BUDGET),
    ("memory.recent_k", 0, 10_000),
    ("memory.ltm_hits_k", 0, 10_000),
    ("memory.prompt_token_budget", 0, MAX_BUDGET),
    ("memory.tool_output_tokens", 0, MAX_BUDGET),
    ("memory.summary_compression_ratio", 0.01, 1),
    ("memory.recency_weight", 0, 1),
    ("memory.recency_half_life_days", 0.0001, 1_000_000),
    ("memory.importance_weight", 0, 1),
    ("recorded", 0, MAX_BUDGET),
    ("embedding.deadline", 0.001, MAX_LIMIT),
    ("llm.max_tokens", 1, MAX_BUDGET),
    ("llm.temperature", 0, 2),
    *((path, 0, MAX_LIMIT) for path in _SPENDING),
)
_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("memory.recall", ("user", "session", "task")),
    ("memory.input_overflow", ("error", "middle_cut")),
    ("background", ("here", "workers")),
    ("durability", ("full", "normal")),
    ("secrets", ("off", "redact", "reject")),
    ("screening", ("off", "tag", "quarantine")),
    ("facts", ("off", "rules", "llm")),
)
