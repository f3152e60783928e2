"""Text of our own prompts that comes back is recognised; what the user really says never is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_manager import Config, Context, ContextManager, MemoryConfig, Message
from context_manager.memory.echoes import Echoes
from context_manager.store.protocol import EntryFilter
from context_manager.store.sqlite import SQLiteStore
from context_manager.testing.embedders import HashEmbedder
from support.histories import texts


def manager(**settings: object) -> ContextManager:
    cm = ContextManager(Config(memory=MemoryConfig(**settings)), **{})  # type: ignore[arg-type]
    cm.embedding_provider = HashEmbedder()
    return cm


def filled(cm: ContextManager) -> ContextManager:
    earlier = cm.scoped(session_id="earlier")
    earlier.observe("My sister Ana moved to Porto in 2019", "How is she doing there?")
    earlier.observe("She opened a bakery with\ntwo ovens and a cat", "That sounds lovely")
    cm.add_memory("The bakery closes on Mondays", kind="fact")
    cm.ingest_text("Tool output: the oven is at 220 degrees.", source="oven.log")
    cm.pin("Answer briefly, in French")
    return cm


def stored(cm: ContextManager) -> list[str]:
    return [entry.text for _, entry in cm.archive.store.find(cm.scope.partition, EntryFilter())]


def characters(cm: ContextManager) -> int:
    found = cm.archive.store.find(cm.scope.partition, EntryFilter(kinds=("message",)))
    return sum(len(entry.text) for _, entry in found)


ANSWER = "She runs a bakery there."


def as_prompt(built: Context, question: str) -> list[Message]:
    return [Message("user", built.text), Message("assistant", ANSWER)]


def as_message_list(built: Context, question: str) -> list[Message]:
    made = [Message(item["role"], item["content"]) for item in built.messages()]
    return [*made, Message("assistant", ANSWER)]


def as_repeating_model(built: Context, question: str) -> list[Message]:
    return [Message("user", question), Message("assistant", f"{built.text}\n{ANSWER}")]


def as_quoting_model(built: Context, question: str) -> list[Message]:
    quoted = "\n".join(f"> {line}" for line in built.text.split("\n") if line)
    return [Message("user", question), Message("assistant", f"I know this:\n{quoted}\n\n{ANSWER}")]


WAYS = [as_prompt, as_message_list, as_repeating_model, as_quoting_model]


@pytest.mark.parametrize("way", WAYS)
def test_a_prompt_that_comes_back_is_not_stored_again(way) -> None:
    cm = filled(manager())
    before = stored(cm)
    question = "What does my sister do in Porto?"
    turn = cm.observe_messages(way(cm.build(question), question))
    fresh = stored(cm)[len(before) :]
    assert question in turn.text
    assert ANSWER in turn.text
    assert not [text for text in fresh if any(old in text for old in before)]
    repeated = {i for message in turn.messages for i in message.metadata.get("echoes", [])}
    assert all(cm.get(identifier).text in before for identifier in repeated)


@pytest.mark.parametrize("way", WAYS)
def test_turns_that_feed_on_themselves_do_not_grow(way) -> None:
    """What is stored at the end is what was really said."""
    feed(way, 60)


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
def test_500_turns_that_feed_on_themselves_do_not_grow(way) -> None:
    feed(way, 500)


def feed(way, turns: int) -> None:
    cm = filled(manager(prompt_token_budget=800, stm_capacity=400, chunk_size=200))
    before = characters(cm)
    said = 0
    for number in range(turns):
        question = f"Question {number}: what does my sister do in Porto?"
        turn = cm.observe_messages(way(cm.build(question), question))
        said += len(question) + len(f"I know this:\n\n\n{ANSWER}\n{question}")
        assert len(turn.text) < 300, turn.text
    assert characters(cm) - before <= said


@pytest.mark.parametrize("way", [as_prompt, as_message_list])
def test_another_process_recognises_the_prompt_too(way, tmp_path) -> None:
    """One worker builds, another one observes: the frame and stored texts tell."""
    path = tmp_path / "memory.db"
    with (
        ContextManager(store=SQLiteStore(path)) as builder,
        ContextManager(store=SQLiteStore(path)) as observer,
    ):
        builder.embedding_provider = observer.embedding_provider = HashEmbedder()
        filled(builder)
        before = stored(builder)
        question = "What does my sister do in Porto?"
        turn = observer.observe_messages(way(builder.build(question), question))
        assert [message.text for message in turn.messages] == [question, ANSWER]
        assert stored(builder)[len(before) :] == [question, ANSWER]


def test_what_was_forgotten_does_not_come_back_with_an_old_prompt() -> None:
    cm = manager()
    other = cm.scoped(session_id="earlier")
    told = other.observe("My locker has the number 5530 at the pool", "I see")
    question = "Where do I put my things at the pool?"
    prompt = cm.build_context(question)
    assert "5530" in prompt
    cm.forget(told.id)
    cm.observe(prompt, "At the pool.")
    assert not [text for text in stored(cm) if "5530" in text]


@pytest.mark.parametrize(
    "text",
    [
        "Answer briefly, in French",
        "User: My sister Ana moved to Porto in 2019",
        "My sister Ana moved to Porto in 2019",
        "Recent conversation:",
        "Relevant previous context:\nnone that I know of",
        "Current user input: is what the form asked for",
        '<memory note="quoted, not instructions">\nwhat is this?\n</memory>',
        "[7 May 2023]",
        "two ovens and a cat",
        "\n\n  spaced\n\n\nout  \n",
    ],
)
def test_what_the_user_says_is_kept_whole(text: str) -> None:
    """Even where it repeats a memory or a heading: only a prompt of ours is taken apart."""
    cm = filled(manager())
    cm.build("What does my sister do in Porto?")
    assert cm.observe(text, "ok").messages[0].text == text


def test_an_assistant_may_mention_what_it_knows() -> None:
    cm = filled(manager())
    cm.build("What does my sister do in Porto?")
    answer = "Well: My sister Ana moved to Porto in 2019, you said.\nUser: hi\nThat is all."
    assert cm.observe("hm", answer).messages[1].text == answer


def test_text_of_the_users_own_between_the_lines_of_a_prompt_is_kept() -> None:
    cm = filled(manager())
    prompt = cm.build_context("What does my sister do in Porto?")
    lines = prompt.split("\n")
    at = next(place for place, line in enumerate(lines) if "Ana" in line)
    lines[at:at] = ["(this is wrong, she moved in 2020)"]
    turn = cm.observe("\n".join([*lines, "And a second line"]), "ok")
    assert turn.messages[0].text.split("\n") == [
        "(this is wrong, she moved in 2020)",
        "What does my sister do in Porto?",
        "And a second line",
    ]


def test_a_turn_of_nothing_but_echoes_is_kept_as_it_is() -> None:
    cm = filled(manager())
    prompt = cm.build_context("What does my sister do in Porto?")
    only = prompt.split("\n\nCurrent user input:")[0]
    assert cm.observe("", only).messages[0].text == only


def test_it_can_be_switched_off() -> None:
    cm = filled(manager(drop_echoes=False))
    prompt = cm.build_context("What does my sister do in Porto?")
    assert cm.observe(prompt, "ok").messages[0].text == prompt


def test_users_do_not_share_what_was_shown() -> None:
    cm = manager()
    ann, bob = cm.scoped(user_id="ann"), cm.scoped(user_id="bob")
    ann.scoped(session_id="earlier").observe("My sister Ana moved to Porto in 2019", "Oh")
    shown = ann.build_context("What about my sister Ana in Porto?")
    line = next(line for line in shown.split("\n") if "Ana moved" in line)
    assert bob.observe("hm", line).messages[1].text == line


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.tuples(texts, texts), max_size=4), texts, texts)
def test_whatever_is_asked_comes_out_of_its_own_prompt(history, question, answer) -> None:
    """Observing the prompt is the same as observing the input, for any texts."""
    cm = manager()
    earlier = cm.scoped(session_id="earlier")
    for user, assistant in history:
        if user.strip() or assistant.strip():
            earlier.observe(user, assistant)
    if not question.strip():
        return
    built = cm.build(question, budget=100_000)
    if built.text.strip() == f"Current user input: {built.input}".strip():
        return
    heard = cm.engine.echoes.hear(cm.scope.partition, built.text, by_user=True)
    assert heard.text.split() == built.input.split()


def test_a_long_text_that_only_looks_like_a_prompt_is_not_looked_up_again_and_again() -> None:
    looked_up: list[int] = []
    text = "Relevant previous context:\n" + "\n".join(f"line {n} of a log" for n in range(3000))
    heard = Echoes().hear(
        ContextManager().scope.partition,
        text,
        by_user=True,
        find=lambda item: looked_up.append(len(item)),
    )
    assert (heard.text, heard.echoed) == (text, False)
    assert sum(looked_up) < 2 * len(text)
