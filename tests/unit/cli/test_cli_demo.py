"""`demo`: what it says it found is what the prompts hold."""

from __future__ import annotations

from context_manager.cli.demo_questions import Clue, Question, findings, load_questions
from context_manager.cli.demo_view import Asked, Remembered, totals
from context_manager.records import Context, Slot
from support.program import Program

QUESTION = Question("Where is the key?", "Under the pot", (Clue(3, "blue pot"), Clue(9, "garden")))


def slot(entry_id: str, text: str) -> Slot:
    return Slot("memory", text, 5, "ranked 1", entry_id=entry_id)


def context(*slots: Slot, covered: bool = True) -> Context:
    return Context("x", 5 * len(slots), 50, slots, covered=covered)


LINES = {"a": 3, "b": 9, "c": 4}


def test_a_clue_counts_only_where_its_message_and_its_phrase_are_shown() -> None:
    built = context(
        slot("a", "User: It is under the\nBLUE pot."),
        slot("b", "User: It is in the gar"),
        slot("c", "Assistant: in the garden"),
    )
    pot, garden = findings(QUESTION, built, LINES.get)
    assert pot.slot is built.slots[0]
    assert garden.slot is None


def test_the_sums_are_those_of_the_questions() -> None:
    remembered = Remembered(4, 1, 0.0, 9.0, 100, 1.0, 10, costs=((1, 30), (3, 30), (9, 30)))
    found = findings(QUESTION, context(slot("a", "the blue pot")), LINES.get)
    asked = [
        Asked(QUESTION, context(slot("a", "the blue pot"), covered=False), found, 0.2, 10.0),
        Asked(Question("Who?", None, ()), context(covered=False), (), 0.1, 10.0),
        Asked(Question("When?", None, ()), context(covered=True), (), 0.3, 10.0),
    ]
    data = totals(remembered, asked, asked[:1], 60)
    assert (data["clues_found"], data["clues"]) == (1, 2)
    assert (data["answerable_complete"], data["answerable"], data["answerable_marked"]) == (0, 1, 1)
    assert data["answerable_marked_incomplete"] == 1, "it lacks the garden"
    assert (data["unanswerable_marked"], data["unanswerable"]) == (1, 2)
    assert (data["wider_budget"], data["wider_clues_found"]) == (50, 1)
    assert data["clues_in_window"] == 2
    assert data["tokens_most"] == 5
    assert data["build_seconds_median"] == 0.2


def test_the_demo_tells_of_every_question_and_stays_within_its_budget(program: Program) -> None:
    data = program("demo", "--budget", 400, "--json").data
    questions = load_questions()
    assert [each["question"] for each in data["asked"]] == [each.text for each in questions]
    assert data["tokens_most"] <= 400
    for each in data["asked"]:
        for clue in each["clues"]:
            if clue["found"]:
                assert (
                    " ".join(clue["phrase"].split()).casefold()
                    in " ".join(each["prompt"].split()).casefold()
                )


def test_the_demo_shows_a_bar_and_a_verdict_for_each_question(program: Program) -> None:
    ended = program("demo")
    assert ended.code == 0
    questions = load_questions()
    assert ended.out.count("■ free") == len(questions)
    verdicts = ended.out.count("✔") + ended.out.count("✘")
    unanswerable = sum(each.answer is None for each in questions)
    assert verdicts == sum(len(each.clues) for each in questions) + unanswerable
    assert "all together" in ended.out
