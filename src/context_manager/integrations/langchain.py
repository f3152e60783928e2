"""LangChain: a chat message history and a retriever over one memory.

Decides how LangChain's messages become ours, through the shape of OpenAI's, which both know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from context_manager.context.providers import openai_message
from context_manager.errors import MissingExtraError
from context_manager.manager import ContextManager
from context_manager.records import Hit
from context_manager.records.provided import read_messages

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.documents import Document
    from langchain_core.messages import (
        BaseMessage,
        convert_to_messages,
        convert_to_openai_messages,
    )
    from langchain_core.retrievers import BaseRetriever
except ImportError as error:
    raise MissingExtraError("langchain", "langchain_core") from error


class MemoryHistory(BaseChatMessageHistory):
    """The session of a manager as a LangChain chat message history.

    Args:
        manager: Scoped to the session whose history it is.
    """

    def __init__(self, manager: ContextManager) -> None:
        self._manager = manager

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        """Everything said in the session, in order."""
        turns = self._manager.archive.store.turns(self._manager.scope)
        listed = [
            {"content": "", **openai_message(message)}
            for turn in turns
            for message in turn.messages
        ]
        return list(convert_to_messages(listed))

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Remember messages, as one turn; those that say nothing are left out."""
        given: Any = convert_to_openai_messages(list(messages))
        said = [message for message in read_messages(given) if message.text.strip()]
        if said:
            self._manager.observe_messages(said)

    def clear(self) -> None:
        """Forget the session."""
        self._manager.rewind()


class MemoryRetriever(BaseRetriever):
    """A manager's memory as a LangChain retriever.

    Args:
        manager: Whose memory it is.
        k: Documents at most.
    """

    manager: Any
    k: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [_document(hit) for hit in self.manager.search(query, self.k)]


def _document(hit: Hit) -> Document:
    entry = hit.entry
    metadata = {
        **entry.metadata,
        "score": hit.score,
        "kind": entry.kind,
        "timestamp": entry.timestamp,
        "trust": entry.trust.name.lower(),
    }
    return Document(id=entry.id, page_content=hit.passage, metadata=metadata)
