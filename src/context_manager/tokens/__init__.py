"""Exact, offline token counts: count, cut and split text by the tokens of a model.

Nothing here touches the network. The ranks of OpenAI's encodings lie beside the code and are read
on the first count; for models whose tokenizer is unknown there is a stated, conservative rule
(`approximate`), or the caller's own counter.
"""

from context_manager.tokens.counter import TokenCounter, as_counter
from context_manager.tokens.protocol import Counter, Tokenizer

__all__ = ["Counter", "TokenCounter", "Tokenizer", "as_counter"]
