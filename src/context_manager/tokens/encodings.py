"""Decides how OpenAI's encodings count: their patterns, their ranks, and when they are loaded.

tiktoken does the work, on data that lies in this package: its own registry, which downloads, is
never touched. Special tokens such as ``<|endoftext|>`` are left out, so text that looks like one
is always ordinary text. This file knows no models and no budgets.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from context_manager.tokens.search import longest_prefix

if TYPE_CHECKING:
    import tiktoken


@dataclass(frozen=True, slots=True)
class EncodingSpec:
    """What defines an encoding, apart from its ranks.

    Attributes:
        name: The name it has in tiktoken.
        pattern: The regular expression (tiktoken's dialect) that splits text into pieces.
        sha256: Checksum of its ``.tiktoken`` file, as pinned by tiktoken.
        unpacked: Checksum of its ranks as they stand in the package; see `ranks.checksum`.
    """

    name: str
    pattern: str
    sha256: str
    unpacked: str


_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

SPECS = {
    spec.name: spec
    for spec in (
        EncodingSpec(
            name="cl100k_base",
            pattern=r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
            sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            unpacked="79045c4dbf49c4e3b90893afbcbfd80cf94cf2b99256bd84b19ffcace49d9bd2",
        ),
        EncodingSpec(
            name="o200k_base",
            pattern=rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}"
            rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            unpacked="ba55b38e477b631966c2496061ecd7d10108501c7c47358222d9dc27c22f9422",
        ),
    )
}
"""The encodings whose ranks are bundled, by name."""


class BytePairTokenizer:
    """Counts exactly as tiktoken does with the same encoding.

    Args:
        spec: Which encoding.
        encoding: The loaded encoding.
    """

    exact = True
    separable = True

    def __init__(self, spec: EncodingSpec, encoding: tiktoken.Encoding) -> None:
        self.name = spec.name
        self._encoding = encoding

    def count(self, text: str) -> int:
        """Return the number of tokens of ``text``."""
        return len(self._encoding.encode_ordinary(text))

    def fit(self, text: str, limit: int) -> int:
        """Return the length, in characters, of a long prefix of at most ``limit`` tokens.

        The first ``limit`` tokens of the text almost always stay what they are when the rest is
        cut off; where they do not, the search goes on below.
        """
        tokens = self._encoding.encode_ordinary(text)
        if len(tokens) <= limit:
            return len(text)
        # Only the last character can be incomplete; leaving it out never breaks one.
        kept = self._encoding.decode_bytes(tokens[:limit]).decode("utf-8", "ignore")
        if self.count(kept) <= limit:
            return len(kept)
        return longest_prefix(kept, limit, self.count)


class _Loaded:
    """The encodings of this process, each built once, by the first thread that needs it."""

    def __init__(self) -> None:
        self._tokenizers: dict[str, BytePairTokenizer] = {}
        self.renew_lock()

    def renew_lock(self) -> None:
        """Forget a lock that another thread of the parent process may have held at a fork."""
        self._lock = threading.Lock()

    def get(self, name: str) -> BytePairTokenizer:
        found = self._tokenizers.get(name)
        if found is not None:
            return found
        with self._lock:
            if name not in self._tokenizers:
                self._tokenizers[name] = _build(SPECS[name])
            return self._tokenizers[name]


def _build(spec: EncodingSpec) -> BytePairTokenizer:
    import tiktoken

    from context_manager.tokens.ranks import unpack

    blob = files("context_manager.tokens").joinpath("data", f"{spec.name}.xz").read_bytes()
    encoding = tiktoken.Encoding(
        spec.name,
        pat_str=spec.pattern,
        mergeable_ranks=unpack(blob, spec.unpacked),
        special_tokens={},
    )
    return BytePairTokenizer(spec, encoding)


_loaded = _Loaded()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_loaded.renew_lock)


def byte_pair_tokenizer(name: str) -> BytePairTokenizer:
    """Return the tokenizer of a bundled encoding; the first call for each name loads it.

    Args:
        name: A key of `SPECS`.

    Raises:
        TokenizerError: The bundled ranks are damaged.
    """
    return _loaded.get(name)
