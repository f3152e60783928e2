"""The embedder that the rest of the package uses: named, lazy, checked and cached.

Decides how a name, a function or an object becomes an embedder, and that nothing reaches a caller
unchecked. It must not know how any model computes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import getattr_static
from typing import Any, TypeGuard

import numpy as np

from context_manager.embedding.cache import VectorCache
from context_manager.embedding.callable import CallableEmbedder
from context_manager.embedding.door import unit_rows
from context_manager.embedding.processes import PerProcess
from context_manager.embedding.protocol import Embedder, EmbedFunction, Vectors
from context_manager.errors import ConfigError, ContextManagerError, EmbeddingError, InputError
from context_manager.registry import Registry

DEFAULT_MODEL = "all-MiniLM-L6-v2"
CACHE_SIZE = 2048

embedders: Registry[Embedder] = Registry(
    "context_manager.embedders",
    {
        DEFAULT_MODEL: "context_manager.embedding.onnx:OnnxEmbedder",
        "default": "context_manager.embedding.onnx:OnnxEmbedder",
        "static": "context_manager.embedding.static:StaticEmbedder",
        "openai": "context_manager.embedding.endpoint:openai_embedder",
        "sentence-transformers": (
            "context_manager.embedding.sentence_transformers:sentence_transformers_embedder"
        ),
        "hash": "context_manager.testing.embedders:HashEmbedder",
    },
)
"""Embedders by name; add one with ``embedders.register(name, factory)``."""


class EmbeddingProvider:
    """Turns texts into unit vectors, with a cache. Making one loads no model.

    It is an `Embedder` itself, safe between threads and after a fork. Any error of the model
    comes out as EmbeddingError.

    Args:
        model_name: A name in `embedders` ("all-MiniLM-L6-v2", "static", "openai", ...), a name
            with a model behind a colon ("openai:text-embedding-3-large"), an embedder, or any
            function from a list of texts to rows of numbers.
        threads: CPU threads of one call; None lets the embedder decide.
        cache_size: Most vectors remembered; 0 remembers none.
        options: Further keywords for the named embedder.

    Raises:
        ConfigError: No such name, or keywords that the embedder does not take.

    Example:
        >>> provider = EmbeddingProvider(lambda texts: [[len(text), 1.0] for text in texts])
        >>> provider.embed_single("abc").shape
        (2,)
    """

    def __init__(
        self,
        model_name: str | Embedder | EmbedFunction = DEFAULT_MODEL,
        *,
        threads: int | None = None,
        cache_size: int = CACHE_SIZE,
        **options: Any,
    ) -> None:
        if threads is not None:
            options["threads"] = threads
        self.model_name = model_name if isinstance(model_name, str) else type(model_name).__name__
        self.embedder = _made(model_name, options)
        self.cache = VectorCache(cache_size)

    @property
    def dimension(self) -> int:
        """Numbers per vector."""
        with _ours(self.model_name):
            return self.embedder.dimension

    @property
    def fingerprint(self) -> str:
        """Names the space of the vectors."""
        with _ours(self.model_name):
            return self.embedder.fingerprint

    def get_dimension(self) -> int:
        """Numbers per vector."""
        return self.dimension

    def embed_single(self, text: str) -> Vectors:
        """float32 [dimension], of unit length.

        Raises:
            InputError: Not a text.
            EmbeddingError: The model failed or gave no usable vector.
        """
        row: Vectors = self.embed([text])[0]
        return row

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, dimension], unit rows in the order of the texts; yours to change.

        Raises:
            InputError: Something else than a sequence of texts; names the item.
            EmbeddingError: The model failed or gave no usable vectors; ``item`` names the text.
        """
        _check_texts(texts)
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        rows = {text: self.cache.get(text) for text in texts}
        missing = [text for text, row in rows.items() if row is None]
        if missing:
            fresh = self._fresh(missing, texts)
            for text, row in zip(missing, fresh, strict=True):
                rows[text] = row
                self.cache.put(text, row)
            if len(missing) == len(texts):
                return fresh
        return np.stack([row for row in map(rows.__getitem__, texts) if row is not None])

    def _fresh(self, missing: list[str], texts: Sequence[str]) -> Vectors:
        try:
            with _ours(self.model_name):
                vectors, dimension = self.embedder.embed(missing), self.embedder.dimension
            return unit_rows(vectors, len(missing), dimension)
        except EmbeddingError as error:
            if error.item is not None:
                error.item = list(texts).index(missing[error.item])
            raise


@contextmanager
def _ours(name: str) -> Iterator[None]:
    """Errors of a stranger's model become ours, without their words, which may hold a text."""
    try:
        yield
    except ContextManagerError:
        raise
    except Exception as error:
        raise EmbeddingError(f"{name} failed with {type(error).__name__}") from error


def as_embedder(thing: Any, dimension: int | None = None) -> Embedder:
    """What the package can use of anything that embeds; the same thing gives the same object.

    Args:
        thing: An `EmbeddingProvider`, an embedder, an object with ``embed`` or ``embed_single``
            and perhaps ``dimension``, a function, or a name.
        dimension: Numbers per vector where the thing does not tell.

    Raises:
        ConfigError: Nothing of that.
    """
    if isinstance(thing, EmbeddingProvider):
        return thing
    key = thing if isinstance(thing, str) else id(thing)  # the provider keeps the thing alive
    with _lock():
        provider = _providers.get(key)
        if provider is None:
            provider = _providers[key] = EmbeddingProvider(_adapted(thing, dimension))
        _providers.move_to_end(key)
        while len(_providers) > _MOST_PROVIDERS:
            _providers.popitem(last=False)
    return provider


_MOST_PROVIDERS = 16
_providers: OrderedDict[str | int, EmbeddingProvider] = OrderedDict()
_lock = PerProcess(threading.Lock)


def _adapted(thing: Any, dimension: int | None) -> str | Embedder:
    """A name, or an embedder made of what the thing has."""
    if isinstance(thing, str):
        return thing
    if _is_embedder(thing):
        return thing
    dimension = getattr(thing, "dimension", dimension)
    if hasattr(thing, "embed"):
        return CallableEmbedder(thing.embed, dimension=dimension, name=type(thing).__name__)
    if hasattr(thing, "embed_single"):

        def one_by_one(texts: list[str]) -> list[Any]:
            return [thing.embed_single(text) for text in texts]

        return CallableEmbedder(one_by_one, dimension=dimension, name=type(thing).__name__)
    if callable(thing):
        return CallableEmbedder(thing, dimension=dimension)
    raise ConfigError(
        f"{type(thing).__name__} is no embedder: give a registered name, a function from texts to "
        "vectors, or an object with dimension, fingerprint and embed(texts)"
    )


def _is_embedder(thing: Any) -> TypeGuard[Embedder]:
    """Whether it has all three members; asking must not compute them, which may call a model."""
    missing = object()
    names = ("dimension", "fingerprint", "embed")
    return all(getattr_static(thing, name, missing) is not missing for name in names)


def _made(model: str | Embedder | EmbedFunction, options: dict[str, Any]) -> Embedder:
    """The embedder meant, with its options."""
    if not isinstance(model, str):
        model = _adapted(model, options.pop("dimension", None))
    if not isinstance(model, str):
        if options:
            raise ConfigError(f"{', '.join(options)}: options go with a name, not with an object")
        return model
    name, colon, rest = model.partition(":")
    if colon and model not in embedders:
        options["model"], model = rest, name
    try:
        return embedders.create(model, **options)
    except TypeError as error:
        raise ConfigError(f"embedder {model!r} does not take these options: {error}") from error


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str | bytes):
        raise InputError("embed takes a list of texts; for one text use embed_single")
    for item, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"texts[{item}] is {type(text).__name__}, expected text")
