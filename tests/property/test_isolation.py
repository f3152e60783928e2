"""Nobody reads another's memory, by any path, whatever happens in between.

A state machine over tenants, users, agents and sessions with hostile names, of one store file:
observing, adding, pinning, forgetting, building, crashing and opening again, held against a dict.
After each step every way of reading (found by introspection, see `support.read_paths`) is searched
for canaries of others and for forgotten ones. `make soak` takes 10,000 steps.
"""

from __future__ import annotations

import inspect
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from context_manager import Config, ContextManager, MemoryConfig, Scope
from context_manager.errors import NotFoundError, ScopeError
from context_manager.manager.observing import TurnInput
from context_manager.records import Message
from context_manager.store.protocol import EntryFilter, Store
from context_manager.testing.embedders import HashEmbedder
from support.read_paths import Asked, everything_shown, uncovered

HOSTILE = (
    "u1", "u10", "U1", "u1 ", "u%", "u_", "u*", "../u1", "u1'--", 'u"1', "{columns}", "u\u0308",
    "\u00fc", "u\u200b1", "$.u1", "default", "\U0001f642",
)  # fmt: skip
"""Names that a careless comparison takes for one another."""

names = st.sampled_from(HOSTILE)
scopes = st.builds(
    Scope,
    tenant_id=st.sampled_from(HOSTILE[:3]),
    user_id=names,
    agent_id=st.sampled_from(("default", "Default", "default ")),
    session_id=st.sampled_from(("s", "S", "s%")),
)
canary_in = re.compile(r"zq\d+xk")


class Memories(RuleBasedStateMachine):
    """A manager and what it should remember."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._path = Path(self._directory.name) / "memory.db"
        self._count = 0
        self._living: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._ids: list[str] = []
        self._last = Scope()
        self._open()

    def teardown(self) -> None:
        self.root.close()
        self._directory.cleanup()

    # --- what happens ------------------------------------------------------------------------

    @rule(scope=scopes, name=st.booleans())
    def observe(self, scope: Scope, name: bool) -> None:
        words = [self._canary() for _ in range(3)]
        turn = self._at(scope).observe_messages(
            [
                Message("user", f"I like {words[0]}", name="Ann" if name else None),
                Message("assistant", f"Noted {words[1]}"),
            ],
            metadata={"topic": words[2]},
        )
        said, answered = turn.messages
        self._lives(scope, said.id, words[0], words[2])
        self._lives(scope, answered.id, words[1], words[2])
        self._ids.append(turn.id)

    @rule(scope=scopes, size=st.integers(1, 12))
    def observe_many(self, scope: Scope, size: int) -> None:
        words = [self._canary() for _ in range(size)]
        turns = [TurnInput((Message("user", f"Then came {word}"),)) for word in words]
        for word, turn in zip(words, self._at(scope).observe_batch(turns), strict=True):
            self._lives(scope, turn.messages[0].id, word)

    @rule(scope=scopes, pinned=st.booleans())
    def remember(self, scope: Scope, pinned: bool) -> None:
        word = self._canary()
        cm = self._at(scope)
        text = f"A rule of {word}"
        self._lives(scope, cm.pin(text) if pinned else cm.add_memory(text), word)

    @rule(scope=scopes)
    def ingest(self, scope: Scope) -> None:
        word = self._canary()
        (part,) = self._at(scope).ingest_text(f"Chapter one tells of {word}", source="book")
        self._lives(scope, part, word)

    @rule(scope=scopes, data=st.data())
    def forget_an_entry(self, scope: Scope, data: st.DataObject) -> None:
        """By an id of anybody: only one's own is forgotten."""
        if not self._ids:
            return
        identifier = data.draw(st.sampled_from(self._ids))
        mine = self._of(scope)
        gone = [i for i in mine if i == identifier or i.rpartition(".")[0] == identifier]
        receipt = self._at(scope).forget(identifier)
        assert (receipt.entries > 0) == bool(gone)
        for entry_id in gone:
            self._dies(scope, entry_id)

    @rule(scope=scopes)
    def forget_everything(self, scope: Scope) -> None:
        self._at(scope).clear_memory()
        self._of(scope).clear()

    @rule(scope=scopes, question=st.sampled_from(("", "what do I like?", "zq rule chapter", "%")))
    def build(self, scope: Scope, question: str) -> None:
        self._at(scope).build_context(question)

    @rule(crash=st.booleans())
    def open_again(self, crash: bool) -> None:
        if crash:
            self.root.archive.store.close()  # whatever was waiting in the process is lost
        else:
            self.root.close()
        self._open()

    # --- what must hold -----------------------------------------------------------------------

    @invariant()
    def nobody_sees_what_is_not_theirs(self) -> None:
        """The one who acted last, and somebody else."""
        others = [Scope(*partition) for partition in self._living]
        for scope in (self._last, *others[self._count % max(1, len(others)) :][:1]):
            mine = {word for words in self._of(scope).values() for word in words}
            said = {words[0] for words in self._of(scope).values()}
            cm = self.root.scoped(
                tenant_id=scope.tenant_id, user_id=scope.user_id, agent_id=scope.agent_id
            ).scoped(session_id=scope.session_id)
            shown = set(canary_in.findall(everything_shown(cm, Asked("zq like", self._guesses()))))
            assert shown <= mine, f"{scope} sees what is not its own, or was forgotten"
            assert shown >= said, f"{scope} does not find what it should"

    @invariant()
    def entries_are_those_of_the_model(self) -> None:
        partition = self._last.partition
        found = self.root.archive.store.find(partition, EntryFilter())
        ids = {entry.id for _, entry in found if entry.kind != "summary"}
        assert ids == set(self._of(self._last))

    # --- the model ----------------------------------------------------------------------------

    def _open(self) -> None:
        memory = MemoryConfig(stm_capacity=60, chunk_size=30)
        config = Config(memory=memory, durability="normal", record=True)
        self.root = ContextManager.open(self._path, config)
        self.root.embedding_provider = HashEmbedder(8)

    def _at(self, scope: Scope) -> ContextManager:
        self._last = scope
        return self.root.scoped(
            tenant_id=scope.tenant_id,
            user_id=scope.user_id,
            agent_id=scope.agent_id,
            session_id=scope.session_id,
        )

    def _of(self, scope: Scope) -> dict[str, list[str]]:
        """What is remembered there: by id, the word in the text, then those in its turn."""
        return self._living.setdefault(tuple(scope.partition), {})

    def _canary(self) -> str:
        self._count += 1
        return f"zq{self._count}xk"

    def _guesses(self) -> tuple[str, ...]:
        return tuple(self._ids[-20:])

    def _lives(self, scope: Scope, identifier: str, *words: str) -> None:
        self._of(scope)[identifier] = list(words)
        self._ids.append(identifier)

    def _dies(self, scope: Scope, identifier: str) -> None:
        """Gone with its own words; a turn that loses a message loses its metadata."""
        mine = self._of(scope)
        del mine[identifier]
        turn = identifier.rpartition(".")[0]
        for other in mine:
            if turn and other.rpartition(".")[0] == turn:
                mine[other] = mine[other][:1]


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Memories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_way_of_reading_is_covered() -> None:
    assert uncovered() == set()


def test_memories_of_many_scopes_stay_apart() -> None:
    run(examples=6, steps=20)


@pytest.mark.soak
def test_memories_of_many_scopes_stay_apart_for_10_000_steps() -> None:
    run(examples=200, steps=50)


def test_the_scope_is_a_mandatory_argument_of_every_read() -> None:
    """What has no scope cannot be asked; `partitions`, for operators, names no memory."""
    free = {"apply", "close", "location", "partitions", "secret"}
    for name, method in inspect.getmembers(Store, inspect.isfunction):
        if name.startswith("_") or name in free:
            continue
        first = list(inspect.signature(method).parameters.values())[1]
        assert first.name in ("partition", "scope"), name
        assert first.default is inspect.Parameter.empty, name


@pytest.mark.parametrize(
    "wrong",
    [{"user_id": ""}, {"user_id": "a\0b"}, {"user_id": "\ud800"}, {"user_id": "x" * 257},
     {"user_id": ["u1"]}, {"tenant_id": {"$ne": None}}, {"session_id": 7}],
    ids=repr,
)  # fmt: skip
def test_a_name_that_cannot_be_compared_exactly_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ScopeError):
        ContextManager().scoped(**wrong)  # type: ignore[arg-type]


def test_where_several_users_share_an_installation_none_may_be_left_out() -> None:
    """A new public method that forgets to ask fails here."""
    cm = ContextManager(Config(multi_user=True))
    calls = {
        "add_memory": ("x",),
        "build": ("x",),
        "build_context": ("x",),
        "clear_memory": (),
        "expand": ("x",),
        "explain": ("x",),
        "forget": ("x",),
        "get": ("x",),
        "get_stats": (),
        "ingest_directory": (".",),
        "ingest_file": ("x",),
        "ingest_text": ("x",),
        "observe": ("x", "y"),
        "observe_batch": ([],),
        "observe_messages": ([{"role": "user", "content": "x"}],),
        "pin": ("x",),
        "query_memory": ("x",),
        "search": ("x",),
        "unpin": ("x",),
    }
    for name, arguments in calls.items():
        with pytest.raises(ScopeError):
            getattr(cm, name)(*arguments)


def test_recall_does_not_depend_on_what_others_remember() -> None:
    """A hundred times as much foreign memory changes neither order nor score."""
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder(16)
    mine = cm.scoped(user_id="mine")
    topics = ("cheese", "chess", "sailing", "bees", "pottery", "trains", "moss", "salt")
    for number in range(40):
        topic = topics[number % len(topics)]
        mine.observe(f"Day {number}: I read about {topic} in house {number}", "Good")
    before = [mine.search(f"what about {topic}?", 10, now=2e9) for topic in topics]
    for user in range(20):
        other = cm.scoped(user_id=f"mine{user}")
        other.observe_batch(
            [
                TurnInput((Message("user", f"Day {n}: {topics[n % 8]} again and again"),))
                for n in range(200)
            ]
        )
    assert [mine.search(f"what about {topic}?", 10, now=2e9) for topic in topics] == before


def test_an_id_of_another_is_answered_like_one_that_never_was() -> None:
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder(8)
    theirs = cm.scoped(user_id="theirs").add_memory("a secret")
    messages = []
    for identifier in (theirs, theirs[:-1] + "0"):
        with pytest.raises(NotFoundError) as raised:
            cm.scoped(user_id="mine").get(identifier)
        messages.append(str(raised.value).replace(identifier, "ID"))
    assert messages[0] == messages[1]
