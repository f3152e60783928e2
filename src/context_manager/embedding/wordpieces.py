"""Text to token ids of the packaged models, in time linear in the text.

Decides how text is handed to the tokenizer; knows no window and no vector.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from context_manager.embedding.packaged import TOKENIZER, verified
from context_manager.embedding.processes import PerProcess
from context_manager.embedding.spans import chunks, readable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN, START, END = 100, 101, 102
"""Ids of [UNK], [CLS] and [SEP]."""
MOST_CHARACTERS = 131_072
"""Characters of one text that are read whole."""

_CHUNK = 8_192  # the tokenizer's own work per call grows with the text; this keeps it small


def token_ids(text: str) -> list[int]:
    """The word pieces of a text, without the marks of its start and end; may be empty."""
    encode = partial(_tokenizer().encode, add_special_tokens=False)
    ids: list[int] = []
    for part in chunks(readable(text, MOST_CHARACTERS), _CHUNK):
        ids += encode(part).ids
    return ids


def _load() -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(verified(TOKENIZER)))
    tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
    return tokenizer


_tokenizer = PerProcess(_load)
