"""What a manager's own search finds, and what it refuses."""

from __future__ import annotations

import pytest

from context_manager import ContextManager
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


@pytest.mark.parametrize(
    ("query", "kinds"), [(None, None), (5, None), ("cat", "message"), ("cat", ["messages"])]
)
def test_a_query_that_cannot_be_answered_is_refused(query, kinds):
    with pytest.raises(InputError):
        manager().search(query, kinds=kinds)
