"""Bad vectors cost quality only, any text is kept exactly, and limits are errors that say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager import Config, ContextManager, MemoryConfig, Message
from context_manager.embedding import EmbeddingProvider
from context_manager.errors import ConfigError, ContextManagerError, InputError
from context_manager.manager.checking import METADATA_BYTES, METADATA_DEPTH
from context_manager.records.message import clean_text
from context_manager.store.protocol import EntryFilter
from context_manager.testing.embedders import HashEmbedder
from support.histories import any_character

DIMENSION = 8


def manager(**memory: Any) -> ContextManager:
    cm = ContextManager(Config(memory=MemoryConfig(**memory)))
    cm.embedding_provider = HashEmbedder(DIMENSION)
    return cm


# --- vectors -------------------------------------------------------------------------------------

GOOD = [1.0, *[0.0] * (DIMENSION - 1)]
BAD: dict[str, Any] = {
    "too short": lambda texts: [[1.0] * 3 for _ in texts],
    "too long": lambda texts: [[1.0] * 99 for _ in texts],
    "not a number": lambda texts: [[float("nan"), *GOOD[1:]] for _ in texts],
    "infinite": lambda texts: [[float("inf"), *GOOD[1:]] for _ in texts],
    "zero": lambda texts: [[0.0] * DIMENSION for _ in texts],
    "huge": lambda texts: [[1e30] * DIMENSION for _ in texts],
    "text": lambda texts: [["x"] * DIMENSION for _ in texts],
    "one too few": lambda texts: [GOOD for _ in texts][:-1],
    "one too many": lambda texts: [GOOD for _ in [*texts, ""]],
    "none": lambda texts: [],
    "nothing at all": lambda texts: None,
    "ragged": lambda texts: [GOOD[: 1 + place % DIMENSION] for place, _ in enumerate(texts)],
    "raising": lambda texts: 1 / 0,
}


class Misbehaving(HashEmbedder):
    """An embedder that claims a dimension and does not keep to it."""

    def __init__(self, answer: Any) -> None:
        super().__init__(DIMENSION)
        self.answer = answer

    def embed(self, texts: Any) -> Any:
        return self.answer(texts)


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_a_broken_embedder_costs_neither_the_turn_nor_the_call(answer: Any) -> None:
    """Words still find it, the result says so, and vectors come when the embedder is mended."""
    cm = manager()
    cm.embedding_provider = EmbeddingProvider(Misbehaving(answer), cache_size=0)
    earlier = cm.scoped(session_id="earlier")
    earlier.observe("The spare key hangs in the shed", "I will remember")
    earlier.observe("We had soup", "Nice")
    built = cm.build("where is the spare key?")
    assert "hangs in the shed" in built.text
    if answer is not BAD["huge"]:  # scaled to unit length it is a vector like any other
        assert built.degraded == ("embedding",)
        assert cm.archive.store.models(cm.scope.partition) == {}
    cm.embedding_provider = HashEmbedder(DIMENSION)
    mended = cm.build("where is the spare key?")
    assert mended.degraded == ()
    assert "hangs in the shed" in mended.text
    assert cm.archive.store.pending(cm.scope.partition, cm.model(), 10) == []


def test_one_bad_vector_does_not_keep_the_others_from_being_found() -> None:
    """Vectors are compared only where they are sound; nothing ranks above all by accident."""
    cm = manager()
    for number in range(20):
        cm.scoped(session_id="a").observe(f"Thing {number} is in box {number}", "Noted")
    cm.build("box")
    scores = [hit.score for hit in cm.search("Thing 7", k=40)]
    assert all(np.isfinite(scores))
    assert max(scores) <= 1
    assert min(scores) >= 0


# --- texts ---------------------------------------------------------------------------------------

NASTY = {
    "blank": " \t\r\n ",
    "nul": "a\0b",
    "lone surrogate": "a\ud800b",
    "byte order mark": "\ufeffhello",
    "line ends": "a\r\nb\rc\nd",
    "joined emoji": "\U0001f9d1\u200d\U0001f680 and \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "combining": "e" + "\u0301" * 10_000,
    "right to left": "\u202eevil\u202c",
    "hidden tags": "hi \U000e0068\U000e0069\U000e0068\U000e0069",
    "zero width": "a\u200bb\u2060c",
    "operators": '" * NEAR(a b) AND OR NOT -x (( )) ^ : {columns} ?1 :p',
    "sql": "'; DROP TABLE entries; --",
    "template": "{text} %s ${x} {{y}} <%= z %>",
    "one long word": "a" * 100_000,
    "many words": "word " * 20_000,
    "han": "\u6f22" * 50_000,
    "brackets": "(" * 50_000,
    "lines": "\n" * 50_000 + "x",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_any_text_is_kept_asked_and_shown(text: str) -> None:
    """It comes back as it was, NUL and lone surrogates replaced; as a question it never fails."""
    cm = manager()
    cm.scoped(session_id="earlier").observe("something else", "entirely")
    cm.observe(text, "ok")
    kept = [e.text for _, e in cm.archive.store.find(cm.scope.partition, EntryFilter())]
    if text.strip():
        assert clean_text(text) in kept
    assert cm.search(text, k=5) is not None
    asked = clean_text(text)
    assert cm.build(text, budget=300_000).text.endswith(asked)


def test_hidden_tags_are_marked() -> None:
    turn = manager().observe(NASTY["hidden tags"], "ok")
    assert turn.messages[0].metadata == {"flags": ["hidden-text"]}


@pytest.mark.soak
def test_ten_megabytes_in_one_message_are_kept() -> None:
    text = "A line of a long report, number seventeen. " * 240_000
    cm = manager()
    cm.observe(text, "long")
    assert cm.build("seventeen", budget=4_000).tokens <= 4_000
    assert cm.archive.store.find(cm.scope.partition, EntryFilter())[0][1].text == text


@given(st.lists(st.text(any_character, min_size=1, max_size=30), min_size=1, max_size=4))
def test_texts_survive_a_round_trip(texts: list[str]) -> None:
    cm = manager()
    texts = [text for text in texts if text.strip()]
    if not texts:
        return
    turn = cm.observe_messages([Message("user", text) for text in texts])
    assert [message.text for message in turn.messages] == [clean_text(text) for text in texts]
    assert [cm.get(message.id).text for message in turn.messages] == [
        clean_text(text) for text in texts
    ]


# --- limits --------------------------------------------------------------------------------------


def nested(levels: int) -> dict[str, Any]:
    value: Any = "deep"
    for _ in range(levels):
        value = {"x": value}
    return value  # type: ignore[no-any-return]


def test_metadata_up_to_the_limits_are_kept() -> None:
    cm = manager()
    fits = {"x": "y" * (METADATA_BYTES - len('{"x": ""}'))}
    assert cm.observe("a", "b", metadata=fits).metadata == fits
    deep = nested(METADATA_DEPTH)
    assert cm.observe("a", "b", metadata=deep).metadata == deep


@pytest.mark.parametrize(
    "metadata",
    [
        {"x": "y" * METADATA_BYTES},
        nested(METADATA_DEPTH + 1),
        nested(100_000),
        {"x": float("nan")},
        {"x": object()},
        {("a", "b"): 1},
    ],
    ids=["long", "deep", "very deep", "nan", "object", "key"],
)
def test_metadata_beyond_the_limits_are_refused(metadata: dict[str, Any]) -> None:
    cm = manager()
    for refused in (
        lambda: cm.observe("a", "b", metadata=metadata),
        lambda: cm.add_memory("a", metadata),
        lambda: cm.ingest_text("a", metadata=metadata),
        lambda: cm.observe_messages([Message("user", "a", metadata=metadata)]),
    ):
        with pytest.raises(InputError, match="metadata"):
            refused()
    assert cm.archive.store.partitions() == []


# --- paths ---------------------------------------------------------------------------------------

WITH_PATHS = {
    "open": lambda cm, path: ContextManager.open(path),
    "save": lambda cm, path: cm.save(path),
    "load": lambda cm, path: ContextManager.load(path),
    "ingest_file": lambda cm, path: cm.ingest_file(path),
    "ingest_directory": lambda cm, path: cm.ingest_directory(path),
    "export": lambda cm, path: cm.export(path),
    "import_export": lambda cm, path: cm.import_export(path),
}


@pytest.mark.parametrize("path", ["a\0b", "", "x" * 300, "x/" * 5_000], ids=repr)
@pytest.mark.parametrize("use", WITH_PATHS.values(), ids=WITH_PATHS)
def test_a_path_that_nothing_can_have_is_an_error_of_ours(use: Any, path: str) -> None:
    with pytest.raises(ContextManagerError):
        use(manager(), path)


@pytest.mark.parametrize("use", [w for n, w in WITH_PATHS.items() if n != "open"])
@pytest.mark.parametrize("path", [7, None, ["a"]])
def test_what_is_no_path_is_refused(use: Any, path: object) -> None:
    with pytest.raises(InputError, match="a path must be"):
        use(manager(), path)


def test_a_manager_that_cannot_be_made_leaves_no_file_that_is_half_made_or_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memory.db"
    with pytest.raises(ConfigError):
        ContextManager.open(path, Config(memory=MemoryConfig(recent_k=-1)))
    assert not path.exists()
    with pytest.raises(TypeError):
        ContextManager.open(path, ranker=None)
    assert [file.name for file in tmp_path.iterdir()] == ["memory.db"], "SQLite's own are gone"


@pytest.mark.parametrize(
    "glob", ["", ".", "..", "/etc/*", "../*", "a/../../*", "**x", "*.md/**x", "a\0*", None, 7]
)
def test_a_glob_that_cannot_be_or_leads_out_is_refused(tmp_path: Path, glob: Any) -> None:
    (tmp_path.parent / "outside.md").write_text("not asked for")
    cm = manager()
    with pytest.raises(InputError, match="glob"):
        cm.ingest_directory(tmp_path, glob=glob)
    assert cm.archive.store.partitions() == []


def test_globs_find_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a.md", "below/b.md", "c[1].txt"):
        (tmp_path / name).write_text("text")
    found = {
        glob: sorted(Path(p).name for p in manager().ingest_directory(tmp_path, glob=glob))
        for glob in ("**/*", "*.md", "**/*.md", "c[[]1].txt", "[")
    }
    assert found == {
        "**/*": ["a.md", "b.md", "c[1].txt"],
        "*.md": ["a.md"],
        "**/*.md": ["a.md", "b.md"],
        "c[[]1].txt": ["c[1].txt"],
        "[": [],
    }
