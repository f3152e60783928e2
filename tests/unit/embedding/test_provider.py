"""The provider: names, laziness, checks of what comes in, and errors of others made ours."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from context_manager.embedding import CallableEmbedder, EmbeddingProvider, as_embedder, embedders
from context_manager.embedding import provider as module
from context_manager.errors import ConfigError, EmbeddingError, InputError
from context_manager.llm.embeddings import EmbeddingProvider as PublicProvider
from context_manager.testing.embedders import HashEmbedder


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_public_path_is_the_same_class():
    assert PublicProvider is EmbeddingProvider


def test_making_a_provider_and_asking_who_it_is_loads_nothing():
    loaded = run(
        "import sys, json\n"
        "from context_manager.llm.embeddings import EmbeddingProvider\n"
        "for name in ('all-MiniLM-L6-v2', 'static', 'openai'):\n"
        "    p = EmbeddingProvider(name); p.dimension, p.get_dimension()\n"
        "EmbeddingProvider('sentence-transformers')\n"
        "EmbeddingProvider().fingerprint, EmbeddingProvider('static').fingerprint\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    heavy = {"onnxruntime", "tokenizers", "huggingface_hub", "torch", "sentence_transformers"}
    assert not heavy & set(json.loads(loaded))


def test_embedding_prints_nothing():
    assert (
        run(
            "from context_manager.embedding import EmbeddingProvider as P\n"
            "P().embed(['one', 'two']); P('static').embed(['one', 'two'])"
        )
        == ""
    )


@pytest.mark.parametrize(
    ("name", "dimension"),
    [("all-MiniLM-L6-v2", 384), ("default", 384), ("static", 256), ("hash", 64)],
)
def test_a_named_embedder_gives_unit_rows_of_its_dimension(name, dimension):
    provider = EmbeddingProvider(name)
    assert provider.dimension == provider.get_dimension() == dimension
    assert provider.embed_single("a text").shape == (dimension,)
    assert provider.embed_single("a text").dtype == np.float32


def test_spaces_have_different_fingerprints():
    names = ["all-MiniLM-L6-v2", "static", "hash"]
    assert len({EmbeddingProvider(name).fingerprint for name in names}) == 3
    assert EmbeddingProvider().fingerprint == EmbeddingProvider("default", threads=1).fingerprint


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"glove.*all-MiniLM-L6-v2.*static"):
        EmbeddingProvider("glove")


def test_a_model_may_stand_behind_a_colon():
    provider = EmbeddingProvider("openai:text-embedding-3-large")
    assert provider.dimension == 3072


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("static", {"temperature": 1}),
        ("all-MiniLM-L6-v2", {"threads": 0}),
        ("openai", {"base_url": "localhost:11434"}),
        ("openai", {"window": 10}),
        (HashEmbedder(), {"threads": 2}),
        (object(), {}),
        (42, {}),
    ],
)
def test_options_that_cannot_work_are_refused_at_once(name, options):
    with pytest.raises(ConfigError):
        EmbeddingProvider(name, **options)


@pytest.mark.parametrize("texts", ["one text", b"bytes"])
def test_a_single_text_in_place_of_a_list_is_refused(texts):
    with pytest.raises(InputError, match="embed_single"):
        EmbeddingProvider("hash").embed(texts)


@pytest.mark.parametrize("wrong", [None, 3, b"bytes", ["nested"]])
def test_an_item_that_is_no_text_is_named(wrong):
    with pytest.raises(InputError, match=r"texts\[1\]"):
        EmbeddingProvider("hash").embed(["fine", wrong])


def test_rows_are_the_callers_to_change():
    provider = EmbeddingProvider("hash")
    provider.embed_single("x")[:] = 0
    assert np.isclose(np.linalg.norm(provider.embed_single("x")), 1)


def test_each_distinct_text_is_sent_once_and_remembered():
    sent: list[list[str]] = []

    def function(texts):
        sent.append(list(texts))
        return HashEmbedder(8).embed(texts)

    provider = EmbeddingProvider(function)
    first = provider.embed(["a", "b", "a"])
    second = provider.embed(["b", "c", "a"])
    assert sent == [["a", "b"], ["c"]]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(second[0], first[1])


@pytest.mark.parametrize("error", [ValueError("secret text"), OSError(5, "x"), KeyError("k")])
def test_any_error_of_a_model_becomes_ours_without_its_words(error):
    def broken(texts):
        raise error

    provider = EmbeddingProvider(CallableEmbedder(broken, dimension=3))
    with pytest.raises(EmbeddingError, match=type(error).__name__) as caught:
        provider.embed(["x"])
    assert caught.value.__cause__ is error
    assert "secret" not in str(caught.value)
    with pytest.raises(EmbeddingError):
        _ = provider.fingerprint


class OnlySingle:
    def embed_single(self, text):
        return [len(text), 1.0]


class Bare:
    dimension = 2

    def embed(self, texts):
        return [[len(text), 1.0] for text in texts]


def pair(texts):
    return [[len(text), 1.0] for text in texts]


@pytest.mark.parametrize(
    "thing", [OnlySingle(), Bare(), pair, CallableEmbedder(pair)], ids=lambda t: type(t).__name__
)
def test_anything_that_embeds_becomes_an_embedder_once(thing):
    embedder = as_embedder(thing)
    assert as_embedder(thing) is embedder
    assert embedder.dimension == 2
    assert np.allclose(embedder.embed(["abc"]), np.array([[3, 1]]) / np.sqrt(10))
    assert embedder.fingerprint == embedder.fingerprint


def test_a_provider_is_an_embedder_as_it_is():
    provider = EmbeddingProvider("hash")
    assert as_embedder(provider) is provider


def test_few_adapted_things_are_kept_alive():
    things = [Bare() for _ in range(50)]
    made = [as_embedder(thing) for thing in things]
    assert len({id(embedder) for embedder in made}) == 50
    assert len(module._providers) <= 16


def test_a_registered_name_works():
    embedders.register("tiny-test", lambda size=3: HashEmbedder(size))
    assert EmbeddingProvider("tiny-test", size=5).dimension == 5
