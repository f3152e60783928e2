"""The one tree of errors. It imports nothing, so every layer may raise from it.

    ContextManagerError
    ├── ConfigError            a setting has a value that cannot work
    ├── InputError             a value handed to us cannot be used
    │   ├── BudgetError        the prompt cannot fit its token budget
    │   ├── ScopeError         a query without the scope that the setting asks for
    │   ├── SecretError        a text holds a secret, and the settings refuse those
    │   ├── ImportFormatError  a file that cannot be imported (names file and line)
    │   └── NotFoundError      no such entry, turn or prompt in this scope
    ├── StoreError             the store could not do what was asked
    │   ├── StoreBusyError     another process held the store for too long
    │   ├── StoreFullError     no space left; reads go on
    │   ├── ConflictError      what a change builds on was altered meanwhile
    │   ├── CorruptStoreError  the file is damaged (names what and where)
    │   └── SchemaError        the file was written by a newer version
    ├── EmbeddingError         an embedder failed or gave unusable vectors
    │   └── ModelMismatchError vectors of two models would be mixed
    ├── LLMError               a model call failed
    │   ├── LLMNotConfiguredError
    │   ├── LLMTimeoutError
    │   ├── LLMRateLimitError
    │   ├── LLMUnavailableError  unreachable, failing or answering nonsense; may pass
    │   └── SpendLimitError    the configured limit on calls or tokens is reached
    ├── BatchError             some items of a batch failed (holds the results of the others)
    ├── TokenizerError         a token counter gave no count, or its bundled data is damaged
    └── MissingExtraError      an optional dependency is not installed

Each driver's errors are mapped to these in one place of its back end, chained with ``from``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ContextManagerError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(ContextManagerError, ValueError):
    """A setting has a value that cannot work; the message names it and its range."""


class InputError(ContextManagerError, ValueError):
    """A value handed to us cannot be used; the message says which and how to mend it."""


class BudgetError(InputError):
    """The prompt cannot fit its token budget.

    Attributes:
        budget: The token budget that was asked for.
        needed: Tokens of the smallest prompt that holds everything that must not be cut.
    """

    def __init__(self, budget: int, needed: int) -> None:
        super().__init__(
            f"the current input alone needs {needed} tokens, the budget is {budget}; raise "
            "prompt_token_budget, shorten the input, or allow a marked cut with "
            'MemoryConfig(input_overflow="middle_cut")'
        )
        self.budget = budget
        self.needed = needed

    def __reduce__(self) -> tuple[type[BudgetError], tuple[int, int]]:
        return type(self), (self.budget, self.needed)


class ScopeError(InputError):
    """A call came without the scope that the setting asks for."""


class SecretError(InputError):
    """A text holds a secret, and the settings refuse those. It was not stored.

    Attributes:
        found: How many of each kind; what they are is told nowhere.
    """

    def __init__(self, found: dict[str, int]) -> None:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        super().__init__(
            f"the text holds what looks like a secret ({kinds}) and nothing was stored; remove it, "
            'or set Config(secrets="redact") to store marks in its place'
        )
        self.found = found

    def __reduce__(self) -> tuple[type[SecretError], tuple[dict[str, int]]]:
        return type(self), (self.found,)


class ImportFormatError(InputError):
    """A file cannot be imported; the message names the file, the line and the reason."""


class NotFoundError(InputError, LookupError):
    """Nothing with this id exists in this scope."""


class StoreError(ContextManagerError):
    """The store could not do what was asked; nothing was half done."""


class StoreBusyError(StoreError):
    """Another process held the store longer than the busy timeout; try again."""


class StoreFullError(StoreError):
    """No space left on the disk; nothing was written, and reads go on."""


class ConflictError(StoreError):
    """What a change builds on was altered or forgotten meanwhile; nothing was written.

    Read anew and decide again.
    """


class CorruptStoreError(StoreError):
    """The store is damaged; the message names what and where. Nothing is deleted."""


class SchemaError(StoreError):
    """The store's schema is newer than this version understands."""


class EmbeddingError(ContextManagerError):
    """An embedder failed, or gave vectors that cannot be used.

    Attributes:
        item: Which of the texts, counted from 0, where one is at fault; None otherwise.
    """

    def __init__(self, message: str, *, item: int | None = None) -> None:
        super().__init__(message)
        self.item = item

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.item is None else f"text {self.item}: {message}"


class ModelMismatchError(EmbeddingError):
    """The store holds vectors of another model; they are never compared with these."""


class LLMError(ContextManagerError):
    """A model call failed."""


class LLMNotConfiguredError(LLMError):
    """No LLM is configured; only calls that need one raise this."""


class LLMTimeoutError(LLMError):
    """The model did not answer in time."""


class LLMRateLimitError(LLMError):
    """The provider asked us to slow down."""


class LLMUnavailableError(LLMError):
    """The provider cannot be reached, fails, or answers something unreadable; it may pass."""


class SpendLimitError(LLMError):
    """The configured limit on LLM calls or tokens is reached."""


class TokenizerError(ContextManagerError):
    """A token counter gave no usable count, or the bundled data of an encoding is damaged."""


class BatchError(ContextManagerError):
    """Some items of a batch failed; the others are done.

    Attributes:
        results: What came of each item, in order; None in place of a failed one.
        errors: What each failed item raised, by its place from 0.
    """

    def __init__(self, results: Sequence[Any], errors: Mapping[int, BaseException]) -> None:
        super().__init__(_of_batch(len(results), errors))
        self.results = list(results)
        self.errors = dict(sorted(errors.items()))

    def __reduce__(self) -> tuple[type[BatchError], tuple[list[Any], dict[int, BaseException]]]:
        return type(self), (self.results, self.errors)


def _of_batch(size: int, errors: Mapping[int, BaseException]) -> str:
    shown = sorted(errors)[:_SHOWN]
    more = f" and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    kinds = ", ".join(f"{place} ({type(errors[place]).__name__})" for place in shown)
    return (
        f"{len(errors)} of {size} items failed: {kinds}{more}; the others are done and stand in "
        ".results"
    )


_SHOWN = 5


class MissingExtraError(ContextManagerError, ImportError):
    """An optional dependency is not installed; the message holds the command that installs it."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(
            f'{module!r} is not installed; run: pip install "context-manager[{extra}]"'
        )
        self.extra = extra
        self.module = module

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.extra, self.module)
