"""LangGraph: its long-term store over one memory, and a hook that puts memory before the model.

Decides how an item is kept: as a note whose text is the value's JSON, found by its words; namespace
and key stand in its metadata. An item that is put again replaces the one before.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from context_manager.errors import MissingExtraError
from context_manager.integrations.exchange import memory_text
from context_manager.manager import ContextManager
from context_manager.records import MemoryEntry
from context_manager.store.protocol import EntryFilter

try:
    from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        InvalidNamespaceError,
        Item,
        ListNamespacesOp,
        MatchCondition,
        Op,
        PutOp,
        Result,
        SearchItem,
        SearchOp,
    )
except ImportError as error:
    raise MissingExtraError("langgraph", "langgraph") from error

NAMESPACE, KEY, CREATED, UNINDEXED = (
    "langgraph_namespace",
    "langgraph_key",
    "langgraph_created",
    "langgraph_unindexed",
)
MOST = 1000
"""Items that a query ranks at most."""


class MemoryStore(BaseStore):
    """A manager's memory as a LangGraph store.

    Items stay within the manager's user; searching with a query ranks them as memory is ranked.

    Args:
        manager: Whose memory it is.
    """

    def __init__(self, manager: ContextManager) -> None:
        self._manager = manager

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do the operations: reads see what was there before, of several puts the last counts."""
        listed = list(ops)
        for op in listed:
            _check_labels(op)
        results = [_READS[type(op)](self, op) if type(op) in _READS else None for op in listed]
        puts = {(op.namespace, op.key): op for op in listed if isinstance(op, PutOp)}
        for put in puts.values():
            self._put(put)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Like `batch`, in a thread."""
        return await self._manager.run_async(self.batch, list(ops))

    def _found(self, **where: Any) -> list[MemoryEntry]:
        store, partition = self._manager.archive.store, self._manager.scope.partition
        found = store.find(partition, EntryFilter(kinds=("note",), metadata=where))
        return [entry for _, entry in found if NAMESPACE in entry.metadata]

    def _entry(self, namespace: tuple[str, ...], key: str) -> MemoryEntry | None:
        found = self._found(**{NAMESPACE: list(namespace), KEY: key})
        return found[-1] if found else None

    def _put(self, op: PutOp) -> None:
        known = self._entry(op.namespace, op.key)
        if op.value is not None:
            now = self._manager.clock()
            created = known.metadata[CREATED] if known is not None else now
            metadata = {NAMESPACE: list(op.namespace), KEY: op.key, CREATED: created}
            if op.index is False:
                metadata[UNINDEXED] = True
            text = json.dumps(dict(op.value), ensure_ascii=False)
            self._manager.add_memory(text, metadata, timestamp=now)
        if known is not None:
            self._manager.forget(known.id)

    def _get(self, op: GetOp) -> Item | None:
        entry = self._entry(op.namespace, op.key)
        return None if entry is None else Item(**_fields(entry))

    def _search(self, op: SearchOp) -> list[SearchItem]:
        entries = [entry for entry in self._found() if _is_below(entry, op.namespace_prefix)]
        items = [(entry, SearchItem(**_fields(entry))) for entry in entries]
        fitting = {entry.id: item for entry, item in items if _fits(item.value, op.filter)}
        if op.query:
            scores = self._scores(op.query)
            for identifier, item in fitting.items():
                item.score = scores.get(identifier)
            ranked = sorted(fitting.values(), key=lambda item: -(item.score or -1.0))
        else:
            ranked = list(fitting.values())
        return ranked[op.offset : op.offset + op.limit]

    def _scores(self, query: str) -> dict[str, float]:
        hits = self._manager.search(query, MOST, kinds=("note",))
        return {hit.entry.id: hit.score for hit in hits if UNINDEXED not in hit.entry.metadata}

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        found = {_namespace(entry) for entry in self._found()}
        for condition in op.match_conditions or ():
            found = {namespace for namespace in found if _matches(condition, namespace)}
        cut = {namespace[: op.max_depth] for namespace in found}
        return sorted(cut)[op.offset : op.offset + op.limit]


_READS: Mapping[type, Callable[[MemoryStore, Any], Result]] = {
    GetOp: MemoryStore._get,
    SearchOp: MemoryStore._search,
    ListNamespacesOp: MemoryStore._namespaces,
}


def _check_labels(op: Op) -> None:
    """Refuse labels that LangGraph does not allow, for operations that its methods did not check.

    Raises:
        InvalidNamespaceError: A label is empty, no text, or holds a period.
    """
    labels = getattr(op, "namespace", getattr(op, "namespace_prefix", ()))
    for label in labels:
        if not isinstance(label, str) or not label or "." in label:
            raise InvalidNamespaceError(
                f"label {label!r} in {labels} must be a text without periods, and not empty"
            )


def _namespace(entry: MemoryEntry) -> tuple[str, ...]:
    return tuple(entry.metadata[NAMESPACE])


def _is_below(entry: MemoryEntry, prefix: Sequence[str]) -> bool:
    return _namespace(entry)[: len(prefix)] == tuple(prefix)


def _fields(entry: MemoryEntry) -> dict[str, Any]:
    return {
        "value": json.loads(entry.text),
        "key": entry.metadata[KEY],
        "namespace": _namespace(entry),
        "created_at": datetime.fromtimestamp(entry.metadata[CREATED], UTC),
        "updated_at": datetime.fromtimestamp(entry.timestamp, UTC),
    }


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": lambda value, bound: float(value) > float(bound),
    "$gte": lambda value, bound: float(value) >= float(bound),
    "$lt": lambda value, bound: float(value) < float(bound),
    "$lte": lambda value, bound: float(value) <= float(bound),
}


def _fits(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    return all(_agrees(value.get(key), bound) for key, bound in (wanted or {}).items())


def _agrees(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    if any(key.startswith("$") for key in wanted):
        return all(_COMPARE[name](value, bound) for name, bound in wanted.items())
    return isinstance(value, Mapping) and _fits(value, wanted)


def _matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    path = condition.path
    if len(path) > len(namespace):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[-len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))


def pre_model_hook(manager: ContextManager) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A hook for a LangGraph agent: memory that answers stands before the user's last message.

    Nothing is written into the graph's state: what is put in is for the model's call alone.

    Args:
        manager: Whose memory it is.

    Returns:
        A function from the graph's state to ``{"llm_input_messages": [...]}``.
    """

    def hook(state: Mapping[str, Any]) -> dict[str, Any]:
        messages: list[AnyMessage] = list(state["messages"])
        places = [n for n, message in enumerate(messages) if isinstance(message, HumanMessage)]
        if not places or not (asked := messages[places[-1]].text):
            return {"llm_input_messages": messages}
        earlier = [message.text for message in messages[: places[-1]] if message.text]
        memory = memory_text(manager.build(asked), earlier)
        if memory:
            messages.insert(places[-1], SystemMessage(memory))
        return {"llm_input_messages": messages}

    return hook
