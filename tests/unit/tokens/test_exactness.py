"""Counts are those of tiktoken on the whole text, and take work in proportion to any text."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest
from hypothesis import given

from context_manager.errors import TokenizerError
from context_manager.tokens import TokenCounter, cutting
from context_manager.tokens.boundaries import LIMIT
from context_manager.tokens.encodings import SPECS, byte_pair_tokenizer
from context_manager.tokens.ranks import checksum, pack, tiktoken_file, unpack
from support.token_texts import Recorder, each_counter, valid_any_text

HUGE = 1_000_000

# Token ids by tiktoken itself with its own definitions of the encodings.
IDS = {
    "hello world": ([15339, 1917], [24912, 2375]),
    "It's 2026: I'LL pay $1,234.50!": (
        [2181, 596, 220, 2366, 21, 25, 358, 6, 4178, 2343, 400, 16, 11, 11727, 13, 1135, 0],
        [15834, 220, 1323, 21, 25, 3413, 7454, 2777, 548, 16, 11, 20771, 13, 1434, 0],
    ),
    "don't  stop\n\n\tnow": (
        [15357, 956, 220, 3009, 271, 82022],
        [91418, 220, 5666, 279, 188861],
    ),
    "東京で会いましょう。": (
        [14276, 109, 47653, 16556, 38093, 16995, 17129, 15024, 3484, 229, 30297, 1811],
        [108713, 4344, 6016, 3826, 5042, 103554, 788],
    ),
    "👩\u200d🚀🚀": (
        [9468, 239, 102, 378, 235, 9468, 248, 222, 9468, 248, 222],
        [28823, 102, 2524, 112927, 222, 112927, 222],
    ),
    "<|endoftext|>": ([27, 91, 8862, 728, 428, 91, 29], [27, 91, 419, 1440, 919, 91, 29]),
    "x/\n/y HTTPServer": ([87, 6018, 27589, 10339, 5592], [87, 66186, 88, 21929, 6444]),
}


@pytest.mark.parametrize("text", IDS)
@pytest.mark.parametrize("encoding", [0, 1], ids=["cl100k_base", "o200k_base"])
def test_counts_are_those_of_the_published_encodings(text: str, encoding: int) -> None:
    name = ["cl100k_base", "o200k_base"][encoding]
    assert TokenCounter(name).count_tokens(text) == len(IDS[text][encoding])
    assert byte_pair_tokenizer(name)._encoding.encode_ordinary(text) == IDS[text][encoding]


@pytest.mark.parametrize("name", SPECS)
@given(text=valid_any_text)
def test_long_text_counts_as_tiktoken_counts_the_whole(name: str, text: str) -> None:
    """Many copies make the text longer than one part; line ends between them keep it ordinary."""
    long = (text + "\nThen she said: ") * (2 * LIMIT // (len(text) + 16) + 1)
    assert TokenCounter(name)(long) == len(
        byte_pair_tokenizer(name)._encoding.encode_ordinary(long)
    )


@each_counter
@pytest.mark.parametrize(
    ("piece", "times"),
    [("a", HUGE), (" ", HUGE), ("^", HUGE)]
    + [(piece, HUGE // 10) for piece in ("\n", "中", "😀", "\x00", "1", "a\u0301", " \n")],
    ids=ascii,
)
def test_a_million_of_one_character_are_counted(model: str, piece: str, times: int) -> None:
    """tiktoken alone raises a BaseException for some of these, depending on its version."""
    assert times / 200 <= TokenCounter(model)(piece * times) <= 4 * times


@pytest.mark.parametrize("text", ["a" * HUGE, "word " * (HUGE // 5), "\n" * HUGE], ids=len)
def test_the_work_is_in_proportion_to_the_text(text: str) -> None:
    """Each character reaches the tokenizer once, in parts of bounded size."""
    recorder = Recorder()
    assert cutting.count(text, recorder) == len(text)
    assert sum(recorder.sizes) == len(text)
    assert max(recorder.sizes) <= LIMIT


def test_a_lone_surrogate_counts_as_the_replacement_character() -> None:
    for model in ("gpt-4", "gpt-4o", "other"):
        counter = TokenCounter(model)
        assert counter("a\ud800b\udfff") == counter("a\ufffdb\ufffd")


@pytest.mark.parametrize("name", SPECS)
def test_text_that_looks_like_a_special_token_is_ordinary(name: str) -> None:
    counter = TokenCounter(name)
    for special in ("<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>"):
        assert counter(special) > 1


@pytest.mark.parametrize("name", SPECS)
def test_the_bundled_ranks_are_those_that_tiktoken_pins(name: str) -> None:
    data = resources.files("context_manager.tokens").joinpath("data", f"{name}.xz").read_bytes()
    ranks = unpack(data, SPECS[name].unpacked)
    assert hashlib.sha256(tiktoken_file(ranks)).hexdigest() == SPECS[name].sha256


def test_packed_ranks_come_back_in_order_and_are_checked() -> None:
    tokens = [b"a", b"b", b"\x00\xff", b"ab" * 60]
    right = checksum(tokens)
    assert list(unpack(pack(tokens), right).items()) == [(t, r) for r, t in enumerate(tokens)]
    for damaged in (pack(tokens[::-1]), pack(tokens)[:-9], b""):
        with pytest.raises(TokenizerError, match=r"bundled token ranks"):
            unpack(damaged, right)
