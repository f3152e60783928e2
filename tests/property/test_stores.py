"""Two back ends driven alike are alike, whatever is done to them, through closings and crashes.

The in-memory store is the model: after every step the other store must read the same for every
scope, and so must a copy of SQLite's files taken as a crash would leave them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from context_manager.errors import ContextManagerError
from context_manager.records import Scope
from context_manager.records.message import clean_text
from context_manager.store.memory import MemoryStore
from context_manager.store.postgres import PostgresStore
from context_manager.store.protocol import (
    Change,
    EntryDraft,
    EntryUpdate,
    LedgerDraft,
    Store,
    VectorUpdate,
)
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.store_contract import MODEL, exchange, note, vector
from support import postgres
from support.workload import picture

SCOPES = [
    Scope(user_id="u1"),
    Scope(user_id="u1", session_id="second", task_id="job"),
    Scope(user_id="u10"),
    Scope(user_id="U1", tenant_id="u1"),
    Scope(user_id="u%'--", session_id="../default"),
]

scopes = st.sampled_from(SCOPES)
numbers = st.integers(0, 30)
texts = st.text(max_size=60).map(clean_text)
metadata = st.dictionaries(
    st.text(max_size=5).map(clean_text),
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | texts,
    max_size=3,
)
directions = st.tuples(st.integers(1, 9), st.integers(-9, 9), st.integers(-9, 9))


class Twins(RuleBasedStateMachine):
    """The model and the store under test; small pools of ids, so that they often meet."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model = MemoryStore()
        self.store: Any = self.open()

    def open(self) -> Store:
        """The store under test, in this machine's folder."""
        raise NotImplementedError

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def apply(self, scope: Scope, change: Change) -> None:
        """Do it to both; both do it or both refuse it with the same error."""
        outcomes = [_outcome(store, scope, change) for store in (self.model, self.store)]
        assert outcomes[0] == outcomes[1]

    @initialize(scope=scopes)
    def begin(self, scope: Scope) -> None:
        self.apply(scope, Change(entries=(note("n0", scope=scope),)))

    @rule(scope=scopes, number=numbers, said=st.lists(texts, min_size=1, max_size=3))
    def observe(self, scope: Scope, number: int, said: list[str]) -> None:
        self.apply(scope, Change(turns=(exchange(f"t{number}", *said, scope=scope),)))

    @rule(
        scope=scopes,
        number=numbers,
        text=texts,
        metadata=metadata,
        sources=st.sets(numbers, max_size=2),
        direction=st.none() | directions,
    )
    def add(
        self,
        scope: Scope,
        number: int,
        text: str,
        metadata: dict[str, Any],
        sources: set[int],
        direction: tuple[int, int, int] | None,
    ) -> None:
        ids = tuple(f"n{source}" for source in sorted(sources))
        draft = note(f"n{number}", text, scope, metadata=metadata, source_ids=ids)
        if direction is not None:
            draft = replace(draft, vectors=(vector(*direction),), model=MODEL, digest=b"d")
        self.apply(scope, Change(entries=(draft,)))

    @rule(scope=scopes, number=numbers, direction=directions)
    def embed(self, scope: Scope, number: int, direction: tuple[int, int, int]) -> None:
        names = (f"n{number}", f"t{number}.0", f"t{number}.1")
        data = vector(*direction)
        updates = tuple(VectorUpdate(name, 0, data, MODEL) for name in names)
        self.apply(scope, Change(vectors=updates))

    @rule(scope=scopes, number=numbers, importance=st.floats(0, 1), other=numbers)
    def update(self, scope: Scope, number: int, importance: float, other: int) -> None:
        fields = {"importance": importance, "superseded_by": f"n{other}", "source_ids": ("n1",)}
        self.apply(scope, Change(updates=(EntryUpdate(f"n{number}", fields),)))

    @rule(scope=scopes, first=numbers, second=numbers)
    def forget(self, scope: Scope, first: int, second: int) -> None:
        ids = (f"n{first}", f"t{second}.0")
        self.apply(scope, Change(remove_entries=ids, remove_turns=(f"t{first}",)))

    @rule(scope=scopes, number=numbers, text=texts)
    def replace_one(self, scope: Scope, number: int, text: str) -> None:
        name = f"n{number}"
        self.apply(scope, Change(remove_entries=(name,), entries=(note(name, text, scope),)))

    @rule(scope=scopes, number=numbers, other=numbers)
    def consolidate(self, scope: Scope, number: int, other: int) -> None:
        turns = (f"t{number}",)
        self.apply(scope, Change(consolidated=turns, expect_turns=turns, reopened=(f"t{other}",)))

    @rule(scope=scopes, number=numbers, expected=numbers)
    def derive(self, scope: Scope, number: int, expected: int) -> None:
        source = f"n{expected}"
        draft = note(f"n{number}", "derived", scope, source_ids=(source,))
        self.apply(scope, Change(entries=(draft,), expect_entries=(source,)))

    @rule(scope=scopes, key=st.integers(0, 3), number=numbers)
    def once(self, scope: Scope, key: int, number: int) -> None:
        turns = (exchange(f"t{number}", "once", scope=scope),)
        self.apply(scope, Change(turns=turns, key=f"key {key}"))

    @rule(scope=scopes, name=st.integers(0, 3), over=st.booleans(), strike=st.booleans())
    def write_down(self, scope: Scope, name: int, over: bool, strike: bool) -> None:
        line = LedgerDraft("b", f"line {name}", "body", replace=over)
        struck = (("b", f"line {name + 1}"),) if strike else ()
        self.apply(scope, Change(ledger=(line,), strike=struck))

    @rule(scope=scopes)
    def drop_vectors(self, scope: Scope) -> None:
        self.apply(scope, Change(drop_model=MODEL))

    @precondition(lambda self: len(self.model.partitions()) > 2)
    @rule(scope=scopes)
    def erase(self, scope: Scope) -> None:
        self.apply(scope, Change(erase=True))

    @rule(scope=scopes, number=numbers, spoil=st.sampled_from(["surrogate", "scope", "vector"]))
    def refuse(self, scope: Scope, number: int, spoil: str) -> None:
        """A change whose last part is wrong leaves no trace of its first."""
        good = note(f"n{number}", scope=scope)
        self.apply(scope, Change(entries=(good, _spoilt(spoil))))

    @invariant()
    def they_are_alike(self) -> None:
        assert picture(self.store) == picture(self.model)


class SQLiteTwins(Twins):
    """A file, which may be copied at any moment."""

    def open(self) -> SQLiteStore:
        return SQLiteStore(self.folder / "memory.db", durability="normal")

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()

    @rule()
    def crash(self) -> None:
        """Go on with a copy of the files as they are now, as after a kill."""
        folder = Path(tempfile.mkdtemp())
        for path in self.folder.glob("memory.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, folder)
        self.store.close()
        shutil.rmtree(self.folder)
        self.folder = folder
        self.store = self.open()
        assert self.store.verify().damages == ()

    @rule()
    def scrub(self) -> None:
        assert self.store.scrub()


class PostgresTwins(Twins):
    """A schema of a database, which a store of another process could open at any moment."""

    def open(self) -> PostgresStore:
        return postgres.store_for(self.folder, pool_size=1)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()


def _outcome(store: Store, scope: Scope, change: Change) -> tuple[Any, ...]:
    try:
        applied = store.apply(scope.partition, change)
    except ContextManagerError as error:
        return type(error), str(error).partition(";")[0]
    return applied.version, applied.seqs, applied.removed


_SPOILT: dict[str, Callable[[], EntryDraft]] = {
    "surrogate": lambda: note("bad", "\ud800"),
    "scope": lambda: note("bad", scope=Scope(tenant_id="nobody's")),
    "vector": lambda: replace(note("bad"), vectors=(b"\0" * 12,), model=MODEL),
}


def _spoilt(how: str) -> EntryDraft:
    return _SPOILT[how]()


TestSQLiteTwins = SQLiteTwins.TestCase
TestSQLiteTwins.settings = settings(
    max_examples=settings().max_examples * 3 // 10, stateful_step_count=40
)
TestPostgresTwins = PostgresTwins.TestCase
TestPostgresTwins.settings = settings(
    max_examples=settings().max_examples // 20, stateful_step_count=30
)
