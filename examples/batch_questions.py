"""Many questions in one call: answers in their order, one embedding call, failures by themselves.

One question below exceeds the token budget. It costs the others nothing: `BatchError` names it and
holds their prompts.
"""

from context_manager import BatchContextManager, BatchError, Config, MemoryConfig

NOTES = [
    "The greenhouse is heated to fourteen degrees at night.",
    "Seedlings are pricked out when they have two true leaves.",
    "The compost is turned on the first of each month.",
    "Rosa waters the greenhouse at weekends.",
]
QUESTIONS = {
    "Who looks after the watering?": "Rosa",
    "How warm must the greenhouse be?": "fourteen",
    "When is the compost turned?": "first of each month",
    "When are seedlings moved?": "two true leaves",
}


def main() -> None:
    cm = BatchContextManager(Config(memory=MemoryConfig(prompt_token_budget=1000)), max_workers=2)
    cm.add_memory_batch([(note, {"topic": "garden"}) for note in NOTES])

    contexts = cm.build_context_batch(QUESTIONS, progress=lambda done: print(f"built {done}"))
    found = cm.query_memory_batch(QUESTIONS, k=1)
    for question, context, results in zip(QUESTIONS, contexts, found, strict=True):
        text, score = results[0]
        print(f"{question:35} {score:.2f}  {text}")
        assert context.endswith(question)
        assert QUESTIONS[question] in context

    try:
        cm.build_context_batch(["Who waters?", "Why? " * 1000, "When?"])
    except BatchError as error:
        print(error)
        assert list(error.errors) == [1]
        assert error.results[2].endswith("When?")


if __name__ == "__main__":
    main()
