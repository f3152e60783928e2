"""Forgotten means gone: by every way of reading, in every file and process, with a receipt."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from context_manager import Config, ContextManager, MemoryConfig, Message, Trust
from context_manager.errors import ConflictError, InputError, NotFoundError
from context_manager.memory.summarizer import HierarchicalSummarizer
from context_manager.records import Hit
from context_manager.store.protocol import Change, EntryFilter, LedgerDraft
from context_manager.testing.embedders import HashEmbedder
from support.read_paths import Asked, everything_shown, raw_bytes, uncovered

CANARIES = 200
SMALL = MemoryConfig(stm_capacity=120, chunk_size=60)


class Canaries:
    """Words that nothing else holds, each put somewhere and later looked for everywhere."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def new(self) -> str:
        """The next one."""
        self.words.append(f"zq{len(self.words):03}xkcanary")
        return self.words[-1]

    def in_text(self, text: str, of: list[str] | None = None) -> set[str]:
        """Those that a text holds, in any case."""
        found = set(re.findall(r"zq\d{3}xkcanary", text.casefold()))
        return found & set(self.words if of is None else of)

    def in_files(self, directory: Path) -> set[str]:
        """Those in the bytes of the files below a directory, in UTF-8 or UTF-16."""
        found: set[str] = set()
        for data in raw_bytes(directory).values():
            for encoded in (data, data.replace(b"\0", b"")):
                found |= self.in_text(encoded.decode("latin-1"))
        return found


def opened(path: Path, memory: MemoryConfig = SMALL) -> ContextManager:
    cm = ContextManager.open(path, Config(memory=memory, record=True))
    cm.embedding_provider = HashEmbedder()
    return cm


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for the store, with the temporary files of this process in it too."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def cm(place: Path) -> Iterator[ContextManager]:
    with opened(place / "memory.db") as made:
        yield made


def summaries(cm: ContextManager) -> list[str]:
    found = cm.archive.store.find(cm.scope.partition, EntryFilter(kinds=("summary",)))
    return [entry.id for _, entry in found]


# --- canaries ------------------------------------------------------------------------------------


def test_every_way_of_reading_is_known() -> None:
    """A new public name fails here until the tables say what it shows."""
    assert uncovered() == set()


def test_nothing_forgotten_is_found_by_any_reader_or_in_any_file(place: Path) -> None:
    """200 canaries in texts, names, metadata, documents, pinned rules and summaries."""
    canaries, kept = Canaries(), Canaries()
    path = place / "memory.db"
    with opened(path) as cm, opened(path) as other:
        ids, doomed = fill(cm, canaries, stop=CANARIES)
        cm.observe("My colleague keeps bees", "How lovely")
        kept.words = canaries.words[CANARIES:]
        before = canaries.in_text(everything_shown(other, Asked("canary", ids)))
        assert before == set(canaries.words), "the readers must have seen them all"
        cm.archive.embed_pending(cm.scope.partition)

        receipt = cm.forget(doomed)
        assert receipt.bytes_scrubbed
        assert receipt.entries >= CANARIES // 2

        gone = canaries.words[:CANARIES]
        for reader in (cm, other):
            assert (
                canaries.in_text(everything_shown(reader, Asked("canary bees", ids)), gone) == set()
            )
        assert canaries.in_files(place) & set(gone) == set()
        assert "bees" in everything_shown(cm, Asked("bees"))
        saved = place / "saved.db"
        cm.save(saved)
    with opened(saved) as again:
        assert canaries.in_text(everything_shown(again, Asked("canary", ids)), gone) == set()
    assert canaries.in_files(place) & set(gone) == set()


def fill(cm: ContextManager, canaries: Canaries, stop: int) -> tuple[tuple[str, ...], list[str]]:
    """Put canaries everywhere; all ids to ask for, and those to forget."""
    ids: list[str] = []
    while len(canaries.words) < stop:
        word = canaries.new
        said = f"I saw {word()} today"
        cm.build(said)  # recorded with its input, before it is remembered
        turn = cm.observe_messages(
            [
                Message("user", said, name=f"Ann {word()}"),
                Message("assistant", f"Tell me about {word()}"),
            ],
            metadata={"topic": word(), word(): {"nested": [word()]}},
        )
        ids += [turn.id, *(message.id for message in turn.messages)]
        ids.append(cm.add_memory(f"A note of {word()}", {"tag": word()}))
        ids.append(cm.add_memory(f"A fact of {word()}", kind="fact", trust=Trust.ASSISTANT))
        ids.append(cm.pin(f"Always {word()}"))
        ids += cm.ingest_text(f"{word()} reads a book. " * 200, source=f"/{word()}.txt")
    assert summaries(cm), "some turns must have been summarised"
    return (*ids, *summaries(cm)), ids


def test_erasing_a_user_leaves_a_receipt_and_nothing_else(place: Path) -> None:
    """Session names go too; a second erasure is a no-op; a new start inherits nothing."""
    canaries = Canaries()
    path = place / "memory.db"
    with opened(path) as root, opened(path) as other:
        ann, bob = root.scoped(user_id="ann"), root.scoped(user_id="bob")
        here = ann.scoped(session_id=f"{canaries.new()} on monday")
        ids, _ = fill(here, canaries, stop=100)
        bob.observe("Bob likes chess", "Noted")
        bobs = bob.archive.store.find(bob.scope.partition, EntryFilter())
        other.scoped(user_id="ann").build_context("canary")

        receipt = ann.forget(everything=True)
        assert (receipt.asked, receipt.number, receipt.bytes_scrubbed) == ("everything", 1, True)
        assert receipt.entries == sum(receipt.kinds.values()) > 50
        assert receipt.turns == 9
        again = ann.forget(everything=True)
        assert (again.entries, again.number) == (0, 0)

        for reader in (ann, ann.scoped(session_id="new"), other.scoped(user_id="ann")):
            shown = everything_shown(reader, Asked("canary", ids))
            assert canaries.in_text(shown) == set()
        assert canaries.in_files(place) == set()
        assert bob.archive.store.find(bob.scope.partition, EntryFilter()) == bobs

        ann.observe("Hello, I am new here", "Welcome")
        assert [turn.seq for turn in ann.archive.store.turns(ann.scope)] == [0]
        assert ann.build("what do you know about me?").text.count("new here") == 1


def test_a_long_term_memory_that_is_cleared_by_itself_leaves_nothing_behind(place: Path) -> None:
    """No byte and no quote; and what was exported before or is exported after brings nothing."""
    canaries = Canaries()
    with opened(place / "memory.db") as cm:
        here = cm.scoped(session_id="one")
        for _ in range(5):
            here.observe(f"My key lies under {canaries.new()}", "Noted")
        here.build(f"Is my key under {canaries.words[1]}?")
        cm.export(place / "before.jsonl")
        cm.long_term_memory.clear()
        new = cm.scoped(session_id="two")
        new.observe("The key is lost", "Oh")
        assert canaries.in_text(everything_shown(new, Asked("key"))) == set()
        cm.import_export(place / "before.jsonl")
        (place / "before.jsonl").unlink()
        assert canaries.in_text(everything_shown(new, Asked("key"))) == set()
        assert canaries.in_files(place) == set()
        here.observe("I found it", "Good")
        cm.export(place / "after.jsonl")
        again = ContextManager()
        assert again.import_export(place / "after.jsonl").turns == 2


def test_an_in_memory_manager_forgets_as_well() -> None:
    canaries = Canaries()
    cm = ContextManager(Config(memory=SMALL))
    cm.embedding_provider = HashEmbedder()
    ids, doomed = fill(cm, canaries, stop=80)
    assert canaries.in_text(everything_shown(cm, Asked("canary", ids))) == set(canaries.words)
    receipt = cm.forget(doomed)
    assert receipt.bytes_scrubbed
    assert canaries.in_text(everything_shown(cm, Asked("canary", ids))) == set()


# --- what is derived -----------------------------------------------------------------------------


def test_a_summary_is_made_anew_from_what_remains(cm: ContextManager) -> None:
    """Ten turns, three of them forgotten: its successors know the seven only."""
    turns = [cm.observe(f"Fruit number {n} is a plum{n}", f"Plum{n} noted") for n in range(30)]
    before = set(summaries(cm))
    receipt = cm.forget([turns[1].id, turns[3].messages[0].id, turns[5].id])
    after = summaries(cm)
    assert receipt.rederived == len(before - set(after)) > 0
    assert receipt.dropped == 0
    for identifier in after:
        entry = cm.get(identifier)
        assert not re.search(r"plum[15]\b|is a plum3\b", entry.text)
        sources = [cm.get(source) for source in entry.source_ids]
        assert sources, "a summary points at its sources"
        assert entry.trust <= min(source.trust for source in sources)
        assert entry.superseded_by is None or cm.get(entry.superseded_by)


def test_a_summary_of_nothing_is_dropped(cm: ContextManager) -> None:
    turns = [cm.observe(f"Fruit number {n} is a plum", "Noted") for n in range(20)]
    assert summaries(cm)
    receipt = cm.forget([turn.id for turn in turns])
    assert summaries(cm) == []
    assert receipt.dropped == receipt.kinds["summary"] > 0


def test_a_fact_goes_with_its_source(cm: ContextManager) -> None:
    """It cannot be made anew without a model, so it is never left."""
    turn = cm.observe("I was born in Arles", "A fine town")
    fact = cm.archive.store.entries(cm.scope.partition, [cm.add_memory("Born in Arles")])[0]
    draft = cm.archive.drafter.entry(
        type(fact)(
            "fact", fact.text, kind="fact", scope=cm.scope, source_ids=(turn.messages[0].id,)
        )
    )
    cm.archive.apply(cm.scope.partition, Change(entries=(draft,)))
    receipt = cm.forget(turn.messages[0].id)
    assert (receipt.entries, receipt.dropped) == (1, 1)
    with pytest.raises(NotFoundError):
        cm.get("fact")


def test_words_a_summarizer_put_into_metadata_do_not_survive(place: Path) -> None:
    class Tagging(HierarchicalSummarizer):
        def create_summary_metadata(self, turns, summary):
            made = super().create_summary_metadata(turns, summary)
            return {**made, "keywords": [turn.user_input for turn in turns]}

    with opened(place / "memory.db") as cm:
        cm.summarizer = Tagging()
        turns = [cm.observe(f"My cat is called Biscuit{n}", "Noted") for n in range(20)]
        assert "biscuit1'" in everything_shown(cm, Asked("x", tuple(summaries(cm)))).casefold()
        cm.forget(turns[1].id)
        shown = everything_shown(cm, Asked("x", tuple(summaries(cm)))).casefold()
        assert not re.search(r"biscuit1\b", shown)


def test_turns_whose_summary_is_forgotten_are_summarised_again(cm: ContextManager) -> None:
    for n in range(20):
        cm.observe(f"Fruit number {n} is a plum", "Noted")
    first = summaries(cm)[0]
    sources = cm.get(first).source_ids
    turns = {cm.get(source).turn_id for source in sources}
    cm.forget(first)
    waiting = {turn.id for turn in cm.archive.store.unconsolidated(cm.scope)}
    assert turns <= waiting
    for n in range(20):
        cm.observe(f"Herb number {n} is sage", "Noted")
    covered = {source for identifier in summaries(cm) for source in cm.get(identifier).source_ids}
    assert set(sources) <= covered


def test_what_was_merged_stands_again_when_the_merged_summary_is_forgotten(
    cm: ContextManager,
) -> None:
    for n in range(40):
        cm.observe(f"Fruit number {n} is a plum", "Noted")
    merged = [i for i in summaries(cm) if cm.get(i).metadata["level"] == "session"]
    assert merged
    cm.forget(merged)
    left = [cm.get(identifier) for identifier in summaries(cm)]
    assert left
    assert all(entry.superseded_by is None for entry in left)


def test_a_turn_that_lost_a_message_tells_nothing_of_it(cm: ContextManager) -> None:
    turn = cm.observe("My pin is zq-4711", "I will not tell", metadata={"about": "pin zq-4711"})
    cm.forget(turn.messages[0].id)
    assert "zq-" not in everything_shown(cm, Asked("pin", (turn.id,)))
    assert "I will not tell" in cm.build_context("what did you say?")


# --- races ---------------------------------------------------------------------------------------


def test_a_summary_of_what_was_forgotten_meanwhile_is_refused(place: Path) -> None:
    """A model is slow; while it writes, one of its sources is forgotten by another process."""
    path = place / "memory.db"
    with opened(path) as cm, opened(path) as other:
        turns = [cm.observe(f"My cat is called Biscuit{n}", "Noted") for n in range(4)]

        class Slow(HierarchicalSummarizer):
            def summarize_chunk(self, turns):
                text = super().summarize_chunk(turns)
                if "Biscuit1" in text:
                    other.forget(told[0])
                return text

        told = [turns[1].id]
        cm.summarizer = Slow()
        for n in range(10, 20):
            cm.observe(f"The weather of day {n} is fine", "Good")
        for reader in (cm, other):
            assert (
                "Biscuit1 "
                not in everything_shown(reader, Asked("cat", tuple(summaries(cm)))) + " "
            )
        assert summaries(cm), "the others are summarised all the same"


def test_an_erasure_that_meets_another_starts_anew(cm: ContextManager) -> None:
    """Both are done, and the chain of receipts has no fork."""
    turns = [cm.observe(f"Fruit number {n} is a plum{n}", "Noted") for n in range(8)]
    store, partition = cm.archive.store, cm.scope.partition
    met = []
    issue = cm.archive.erasures.issue

    def meeting(last, receipt):
        if not met:
            met.append(True)
            cm.forget(turns[2].id)
        return issue(last, receipt)

    cm.archive.erasures.issue = meeting  # type: ignore[method-assign]
    cm.forget(turns[1].id)
    assert store.find(partition, EntryFilter(turn_id=turns[1].id)) == []
    assert store.find(partition, EntryFilter(turn_id=turns[2].id)) == []
    assert [receipt.number for receipt in cm.archive.erasures.receipts(partition)] == [1, 2]
    assert cm.archive.erasures.broken(partition) == []


def test_a_prompt_that_is_being_built_does_not_write_down_what_is_forgotten_meanwhile(
    place: Path,
) -> None:
    """Another process forgets what was found already: the prompt is built anew without it."""
    path, canaries = place / "memory.db", Canaries()
    with opened(path) as cm, opened(path) as other:
        doomed = [cm.observe(f"The safe opens with {canaries.new()}", "Noted").id]
        cm.observe("The safe stands in the hall", "Noted")

        def slow(query: str, hits: Sequence[Hit]) -> list[float]:
            if doomed:
                other.forget(doomed.pop())
            return [hit.score for hit in hits]

        cm.reranker = slow
        built = cm.scoped(session_id="new").build("How does the safe open?")
        assert canaries.in_text(built.text) == set()
        assert built.id in [name for name, _ in other.recorded()]
        assert "stands in the hall" in other.replay(built.id).text
        shown = everything_shown(other, Asked("safe"))
        assert canaries.in_text(shown) == set()
    assert canaries.in_files(place) == set()


def test_memory_that_never_stands_still_costs_the_record_only(place: Path) -> None:
    path = place / "memory.db"
    with opened(path) as cm, opened(path) as other:
        doomed = [cm.add_memory(f"Shelf {n} holds jam") for n in range(9)]

        def slow(query: str, hits: Sequence[Hit]) -> list[float]:
            other.forget(doomed.pop())
            return [hit.score for hit in hits]

        cm.reranker = slow
        built = cm.build("Where is the jam?")
        assert (built.id, built.degraded) == (None, ("record",))
        assert cm.recorded() == []


def test_a_prompt_recorded_while_its_input_is_forgotten_keeps_nothing_of_it(
    cm: ContextManager,
) -> None:
    cm.config.record = True
    told = cm.observe("My passport has the number 4711-0815", "Noted")
    issue, built = cm.archive.erasures.issue, []

    def late(last, receipt):
        if not built:
            built.append(cm.build("My passport has the number 4711-0815, you know"))
        return issue(last, receipt)

    cm.archive.erasures.issue = late  # type: ignore[method-assign]
    cm.forget(told.id)
    assert "4711-0815" not in cm.replay(built[0].id).text
    assert not [
        line
        for book in ("prompts", "quotes")
        for line in cm.archive.store.ledger(cm.scope.partition, book)
        if "4711-0815" in line.body
    ]


def test_what_was_derived_in_the_meantime_goes_as_well(cm: ContextManager) -> None:
    turn = cm.observe("My aunt lives in Graz", "Nice")
    apply = cm.archive.apply

    def late(partition, change):
        if change.remove_entries and not cm.archive.store.entries(partition, ["late"]):
            entry = cm.get(turn.messages[0].id)
            derived = type(entry)(
                "late", "Aunt: Graz", kind="fact", scope=cm.scope, source_ids=(entry.id,)
            )
            apply(partition, Change(entries=(cm.archive.drafter.entry(derived),)))
        return apply(partition, change)

    cm.archive.apply = late  # type: ignore[method-assign]
    receipt = cm.forget(turn.id)
    assert receipt.dropped == 1
    assert "Graz" not in everything_shown(cm, Asked("aunt", ("late",)))


# --- receipts and tombstones ---------------------------------------------------------------------


def test_receipts_form_a_chain_that_shows_tampering(cm: ContextManager) -> None:
    for n in range(3):
        cm.forget(cm.add_memory(f"Secret{n} of the house"))
    erasures, partition = cm.archive.erasures, cm.scope.partition
    receipts = erasures.receipts(partition)
    assert [receipt.number for receipt in receipts] == [1, 2, 3]
    assert [receipt.previous for receipt in receipts[1:]] == [r.digest for r in receipts[:2]]
    assert erasures.broken(partition) == []
    lines = cm.archive.store.ledger(partition, "receipts")
    forged = LedgerDraft("receipts", lines[1].name, lines[1].body.replace(":1", ":7"), replace=True)
    cm.archive.apply(partition, Change(ledger=(forged,)))
    assert 2 in [receipt.number for receipt in erasures.broken(partition)]
    cm.archive.apply(partition, Change(strike=(("receipts", lines[1].name),)))
    assert [receipt.number for receipt in erasures.broken(partition)] == [3]


def test_receipts_and_tombstones_hold_no_content(cm: ContextManager) -> None:
    identifier = cm.add_memory("The code of the safe is 8812-zq", {"room": "cellar"})
    cm.forget(identifier)
    shown = repr(
        [cm.archive.store.ledger(cm.scope.partition, book) for book in ("receipts", "tombstones")]
    )
    assert not re.search("8812-|-zq|safe|cellar", shown)
    assert identifier not in shown
    assert cm.archive.erasures.buried(cm.scope.partition, [identifier, "other"]) == {identifier}


def test_a_line_is_not_written_twice_when_nothing_was_there(cm: ContextManager) -> None:
    receipt = cm.forget("mem_unknown")
    assert (receipt.entries, receipt.number) == (0, 0)
    assert cm.archive.erasures.receipts(cm.scope.partition) == []


@pytest.mark.parametrize("wrong", [{}, {"ids": "x", "everything": True}], ids=["none", "two"])
def test_what_to_forget_must_be_said_once(cm: ContextManager, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="say what to forget"):
        cm.forget(**wrong)  # type: ignore[arg-type]


def test_nobody_forgets_for_another(place: Path) -> None:
    with opened(place / "memory.db") as root:
        ann, bob = root.scoped(user_id="ann"), root.scoped(user_id="bob")
        turn = ann.observe("Ann plays the flute", "Nice")
        for attempt in (turn.id, [message.id for message in turn.messages]):
            assert bob.forget(attempt).entries == 0
        bob.forget(where=EntryFilter())
        bob.clear_memory()
        assert "flute" in ann.build_context("what does Ann play?")


def test_an_erasure_that_is_always_met_gives_up_with_an_error(cm: ContextManager) -> None:
    turn = cm.observe("Hello there", "Hi")
    calls = []

    def refused(partition, change):
        calls.append(change)
        raise ConflictError("others write")

    cm.archive.apply = refused  # type: ignore[method-assign]
    with pytest.raises(ConflictError):
        cm.forget(turn.id)
    assert len(calls) > 1
    assert cm.get(turn.messages[0].id)
