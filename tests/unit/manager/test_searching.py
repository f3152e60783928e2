"""What a manager's own search finds, and what it refuses."""

from __future__ import annotations

import pytest

from context_manager import Config, ContextManager, MemoryConfig
from context_manager.errors import InputError
from context_manager.memory.long_term import LongTermMemory
from context_manager.testing.embedders import HashEmbedder


def manager() -> ContextManager:
    cm = ContextManager()
    cm.embedding_provider = HashEmbedder()
    return cm


def test_a_query_finds_what_was_said_and_what_a_memory_of_the_users_own_holds():
    cm = manager()
    cm.long_term_memory = LongTermMemory(64, HashEmbedder())
    cm.observe("The mango tree stands behind the shed.", "Noted.")
    cm.add_memory("Mango chutney needs vinegar.")
    found = [text for text, _ in cm.query_memory("mango", k=2)]
    assert sorted(found) == [
        "Mango chutney needs vinegar.",
        "The mango tree stands behind the shed.",
    ]
    assert len(cm.query_memory("mango", k=1)) == 1


def test_what_is_unpinned_is_what_it_was():
    cm = manager()
    message = cm.observe("I have a cat.", "Noted.").messages[0].id
    cm.unpin(message)
    assert cm.get(message).kind == "message"
    cm.pin(message)
    cm.unpin(message)
    assert [hit.entry.id for hit in cm.search("cat", 1, kinds=["message"])] == [message]


def test_a_summary_gives_way_to_the_messages_it_was_made_from():
    cm = ContextManager(Config(memory=MemoryConfig(stm_capacity=40, chunk_size=30)))
    cm.embedding_provider = HashEmbedder()
    for number in range(40):
        cm.observe(f"Shelf {number} holds {number + 7} jars of plums.", "Counted.")
    levels = [e.metadata["level"] for e in cm.long_term_memory.entries if e.kind == "summary"]
    assert {"chunk", "session"} <= set(levels)

    found = [hit.entry.kind for hit in cm.search("How many jars are on shelf 3?", 5)]
    assert found == ["message"] * 5
    assert cm.search("How many jars are on shelf 3?", 5, kinds=["summary"])


def test_a_pinned_message_that_is_recent_is_shown_once_with_its_speaker():
    cm = manager()
    turn = cm.observe_messages(
        [
            {"role": "user", "content": "Never paint the east wall.", "name": "Ilse"},
            {"role": "assistant", "content": "I will leave it as it is."},
        ]
    )
    cm.pin(turn.messages[0].id)
    text = cm.build_context("What now?")
    assert text.count("Never paint the east wall.") == 1
    assert "Always remember:\nIlse: Never paint the east wall." in text
    assert "Assistant: I will leave it as it is." in text

    cm.pin("Be brief.")
    assert "\nBe brief.\n" in cm.build_context("What now?")


@pytest.mark.parametrize(
    ("query", "kinds"), [(None, None), (5, None), ("cat", "message"), ("cat", ["messages"])]
)
def test_a_query_that_cannot_be_answered_is_refused(query, kinds):
    with pytest.raises(InputError):
        manager().search(query, kinds=kinds)
