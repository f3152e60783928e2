"""Many questions in parallel, answers in the order of the questions.

`Executor.map` keeps the order of its input, whichever finishes first.
"""

from concurrent.futures import ThreadPoolExecutor

from context_manager import ContextManager

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
    cm = ContextManager()
    for note in NOTES:
        cm.add_memory(note, {"topic": "garden"})

    with ThreadPoolExecutor(max_workers=4) as pool:
        contexts = list(pool.map(cm.build_context, QUESTIONS))
        found = list(pool.map(lambda question: cm.query_memory(question, k=1), QUESTIONS))

    for question, context, results in zip(QUESTIONS, contexts, found, strict=True):
        text, score = results[0]
        print(f"{question:35} {score:.2f}  {text}")
        assert context.endswith(question)
        assert QUESTIONS[question] in context


if __name__ == "__main__":
    main()
