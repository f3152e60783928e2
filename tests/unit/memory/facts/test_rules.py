"""Facts by rules: what people plainly say of themselves, and nothing they merely mention."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_manager.memory.facts.extracting import extract_facts
from context_manager.memory.facts.fact import Fact
from context_manager.memory.facts.rules import SHAPES, rules
from context_manager.records import Message, Turn


def said(*texts: str, name: str | None = None, role: str = "user") -> list[Fact]:
    messages = tuple(Message(role, text, name=name) for text in texts)  # type: ignore[arg-type]
    return extract_facts([Turn("", "", 0, 100.0, messages=messages)])


def told(*texts: str) -> list[tuple[str, str]]:
    return [(fact.slot, ("not " if fact.negated else "") + fact.value) for fact in said(*texts)]


STATED = {
    "My name is Petra Vale.": [("name", "Petra Vale")],
    "Hi! Please call me Pip.": [("called", "Pip")],
    "I go by Kit these days": [("called", "Kit")],
    "I live in Aberystwyth now.": [("home", "Aberystwyth")],
    "Last month I moved from Leeds to New York City because of work": [("home", "New York City")],
    "i moved to porto last month": [("home", "Porto")],
    "We've settled in Nova Scotia.": [("home", "Nova Scotia")],
    "I no longer live in Leeds.": [("home", "not Leeds")],
    "I moved out of Leeds in May.": [("home", "not Leeds")],
    "We just moved to 14 Elm Street.": [("address", "14 Elm Street")],
    "I'm originally from Wales, but I live in Hull.": [("origin", "Wales"), ("home", "Hull")],
    "I grew up in Kerry": [("origin", "Kerry")],
    "I work as a night nurse at St. Mary's Hospital.": [("job", "night nurse")],
    "I'm a nurse at St. Mary's": [("job", "nurse"), ("employer", "St. Mary's")],
    "I recently became a head gardener!": [("job", "head gardener")],
    "I got a new job as a data analyst at Beta Labs": [
        ("job", "data analyst"),
        ("employer", "Beta Labs"),
    ],
    "Guess what, I started at Corvid Press!": [("employer", "Corvid Press")],
    "I don't work at Acme anymore": [("employer", "not Acme")],
    "I quit my job last week": [("employer", "not ")],
    "I got married in June!": [("relationship", "married")],
    "I'm divorced now": [("relationship", "divorced")],
    "I love sea swimming.": [("preference:sea swimming", "likes")],
    "I really enjoy climbing, sailing, and bad puns": [
        ("preference:climbing, sailing, and bad puns", "likes")
    ],
    "i like mutt quite a bit": [("preference:mutt", "likes")],
    "I don't like trams tho": [("preference:trams", "dislikes")],
    "I like oats just fine, I like rye better": [
        ("preference:oats", "likes"),
        ("preference:rye", "likes"),
    ],
    "I can't stand coriander": [("preference:coriander", "dislikes")],
    "I don't like olives any more": [("preference:olives", "dislikes")],
    "I'm not into jazz": [("preference:jazz", "dislikes")],
    "I prefer tea to coffee in the morning": [("choice of coffee or tea", "tea")],
    "I prefer coffee over tea": [("choice of coffee or tea", "coffee")],
    "I'm vegan now": [("diet", "vegan")],
    "I'm not vegetarian anymore": [("diet", "not vegetarian")],
    "I'm badly allergic to peanuts.": [("allergy", "peanuts")],
    "I like in the garden": [],
    "I prefer older cos of the smell": [],
    "I don't like the town's whole !centre": [],
    "We adopted a greyhound, well, a dog anyway": [],
    "We adopted a dog named Rex": [("pet", "dog")],
    "I speak fluent Welsh": [("language", "Welsh")],
    "I play the cello": [("instrument", "cello")],
    "I just turned 41": [("age", "41")],
    "I am 34 years old": [("age", "34")],
    "I have two daughters and a cat": [("pet", "cat"), ("children", "two daughters")],
    "My favorite colour is now teal.": [("favourite colour", "teal")],
    "my birthday is on 3 May": [("birthday", "3 May")],
    "My appointment has been moved to Friday at 3pm": [("appointment", "Friday at 3pm")],
    "my email is petra@example.org": [("email", "petra@example.org")],
    "My dentist is Dr. Quill": [("dentist's name", "Dr. Quill")],
    "Should I ask my supervisor, Ingrid Moss, about it?": [("supervisor's name", "Ingrid Moss")],
    "I had lunch with my old friend Zadie": [("one of friend", "Zadie")],
    "I live in Hull, can you find me a plumber?": [("home", "Hull")],
}


@pytest.mark.parametrize("text", STATED)
def test_what_is_plainly_stated_is_found(text: str) -> None:
    assert told(text) == STATED[text]


@pytest.mark.parametrize(
    "text",
    [
        "Do I live in Rome?",
        "Should I move to Rome, or stay?",
        "If I moved to Rome, I would learn Italian.",
        "I wish I lived in Rome. I'd love a dog.",
        "I would like to work at Acme",
        "I might move to Rome",
        "I used to live in Rome",
        "She said she lives in Rome",
        'The song goes "I live in Rome"',
        "Imagine I work as a spy",
        "I'm moving things around",
        "I live in a small flat",
        "I moved to the sofa",
        "i live in fear",
        "Call me crazy, but it works",
        "Call me later",
        "Call me on Monday",
        "I love it!",
        "I love that idea",
        "I like how you put it",
        "I like the second one",
        "I love stories that make me cry",
        "I'm a bit tired",
        "I'm a huge mess",
        "I'm from the other team",
        "I'm engaged in a long debate",
        "I left my job application at home",
        "My day is going well",
        "My sister is visiting",
        "My favourite part is the ending",
        "My meeting is boring",
        "I have a dog-eared book",
        "I prefer trying things before buying them to be safe",
        "You live in Rome",
        "The user lives in Rome",
        "",
        "?",
    ],
)
def test_what_is_not_a_statement_of_ones_own_is_left_alone(text: str) -> None:
    assert told(text) == []


def test_a_fact_stands_alone_and_knows_its_time_and_source() -> None:
    message = Message("user", "Also, I moved to Porto!", name="Nora", timestamp=7.0, id="m1")
    (fact,) = extract_facts([Turn("", "", 0, 100.0, messages=(message,))])
    assert fact == Fact("Nora", "home", "Porto", "Nora lives in Porto.", 7.0, ("m1",), 0.9)
    (fact,) = said("I moved to Porto")
    assert (fact.subject, fact.text) == ("The user", "The user lives in Porto.")
    assert fact.said_at == 100.0


def test_possessives_are_turned_to_the_third_person() -> None:
    (fact,) = said("I love hiking with my kids", name="Nora")
    assert fact.text == "Nora likes hiking with their kids."
    (friend,) = said("I had lunch with my friend Zadie")
    assert friend.text == "Zadie is the user's friend."


def test_a_relative_has_facts_of_their_own() -> None:
    home, name = said("My sister Ana lives in Faro now")
    assert (home.subject, home.slot, home.value) == ("The user's sister", "home", "Faro")
    assert (name.subject, name.value) == ("The user", "Ana")


@pytest.mark.parametrize(
    ("role", "name", "read"),
    [
        ("user", None, True),
        ("assistant", "Otto", True),
        ("assistant", None, False),
        ("tool", "search", False),
        ("system", None, False),
    ],
)
def test_only_people_are_believed_about_themselves(role: str, name: str | None, read: bool) -> None:
    assert bool(said("I live in Porto.", role=role, name=name)) is read


@pytest.mark.parametrize(
    "back",
    ["Scratch that.", "Sorry, I take that back!", "No, that was wrong.", "Forget what I just said"],
)
def test_what_is_taken_back_is_denied(back: str) -> None:
    assert told("My dentist is Dr. Quill.", back)[1] == ("dentist's name", "not Dr. Quill")


def test_what_was_meant_replaces_what_was_said() -> None:
    _, meant = said("I moved to Porto.", "Sorry, I meant Lisbon.")
    assert (meant.slot, meant.value, meant.text) == (
        "home",
        "Lisbon",
        "The user lives in Lisbon.",
    )


def test_a_second_thought_reaches_only_the_speakers_own_words() -> None:
    nora = Message("user", "I moved to Porto.", name="Nora")
    otto = Message("assistant", "Scratch that.", name="Otto")
    facts = extract_facts([Turn("", "", 0, 0.0, messages=(nora, otto))])
    assert [fact.value for fact in facts] == ["Porto"]


def test_every_rule_is_well_formed() -> None:
    for rule in rules():
        assert rule.shape in SHAPES
        assert "v" in rule.pattern.groupindex
        assert "{i}" not in rule.pattern.pattern
        rule.text.format(who="x", whose="x's", s="s", v="v")
        rule.slot.format(v="v", s="s", pair="p", head="h")


@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for fact in said(text, "Scratch that.", "I meant Rome."):
        assert fact.slot
        assert fact.text


HOSTILE = [
    "I moved from " + "a " * 200_000,
    "my favourite " + "x " * 200_000,
    "I, I, I, " * 50_000,
    "I love " + "a, " * 100_000,
    "so and but " * 50_000 + "I live in Rome",
    "my my my my " * 50_000,
    "A" * 500_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_long_hostile_text_is_read_to_its_end(text: str) -> None:
    """A pattern with a square law in it would take hours over these."""
    assert len(said(text)) <= 1
