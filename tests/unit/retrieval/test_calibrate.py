"""What a score is worth, and when nothing answers."""

import numpy as np
import pytest

from context_manager.retrieval import Settings, knows, parse, rank
from context_manager.retrieval.calibrate import Evidence, answerability, relevance

from .corpora import KEY, SMALL_TALK, Said, ask, corpus_of

STRONG = Evidence(likeness=0.7, coverage=0.8, speaker_lead=0.0)
WEAK = Evidence(likeness=0.1, coverage=0.1, speaker_lead=0.0)


def test_more_evidence_means_more_likely_answered() -> None:
    assert answerability(WEAK) < 0.1 < 0.9 < answerability(STRONG)


def test_what_only_others_said_about_themselves_answers_less() -> None:
    """The named speaker's own words lead, or somebody else's do."""
    theirs = Evidence(likeness=0.5, coverage=0.5, speaker_lead=-0.4)
    own = Evidence(likeness=0.5, coverage=0.5, speaker_lead=0.4)

    assert answerability(theirs) < 0.5 < answerability(own)


def test_without_vectors_the_words_decide() -> None:
    assert answerability(Evidence(None, 0.05, 0.0)) < 0.5 < answerability(Evidence(None, 0.8, 0.0))


def test_the_best_of_many_irrelevant_entries_is_not_relevant() -> None:
    """Scores are standardised within a corpus; the evidence is not."""
    scores = np.array([9.0, 3.0, 1.0], np.float32)

    assert relevance(scores, scores, STRONG)[0] > 0.5 > relevance(scores, scores, WEAK)[0]


def test_entries_that_compete_share_their_relevance() -> None:
    alone = np.array([9.0, 0.0], np.float32)
    rivals = np.array([9.0, 9.0], np.float32)

    assert relevance(alone[:1], alone, STRONG)[0] > relevance(rivals[:1], rivals, STRONG)[0]


@pytest.mark.parametrize(
    ("question", "covered"),
    [("Does my bicycle need a new chain?", True), ("Who won the chess tournament?", False)],
)
def test_covered_says_whether_anything_answers(question: str, covered: bool) -> None:
    assert ask(question, SMALL_TALK).covered is covered


def test_a_short_talk_answers_as_well_as_the_same_talk_among_others() -> None:
    """In a short one no word is rare, and yet the constants were fitted on long ones."""
    short = [Said("The boat needs a new mast before June"), Said("Lunch was fish and rice again")]
    others = [Said(f"Parcel {n} went to depot {n} on time", session=n) for n in range(1, 400)]
    question = "When must the mast be ready?"

    alone, among = ask(question, short), ask(question, [*short, *others])

    assert alone.answerability == pytest.approx(among.answerability, abs=0.05)


def test_asking_one_speaker_for_what_the_other_did_is_less_covered() -> None:
    talk = [Said("I repaired the old radio", "Ilse"), Said("Well done", "Tomas"), *SMALL_TALK]
    own = ask("Which radio did Ilse repair?", talk)
    other = ask("Which radio did Tomas repair?", talk)

    assert other.answerability < own.answerability


def test_likeness_counts_only_where_the_cosines_of_the_model_are_known() -> None:
    """Another model's cosines lie elsewhere: its ranking stands, its relevance rests on words."""
    talk = [Said(said.text, vector=(1.0, 0.0)) for said in SMALL_TALK]
    query = parse("bicycle chain", key=KEY, vector=np.array([1.0, 0.0], np.float32))
    known, unknown, words = (
        rank(corpus_of(talk), query),
        rank(corpus_of(talk), query, Settings(cosines_known=False)),
        ask("bicycle chain", SMALL_TALK),
    )

    assert unknown.entries.tolist() == known.entries.tolist()
    assert unknown.answerability == pytest.approx(words.answerability)
    assert known.answerability > unknown.answerability


@pytest.mark.parametrize(
    ("model", "known"),
    [("onnx:all-MiniLM-L6-v2:384:7d27", True), ("static:all-MiniLM-L6-v2:256:f1ce", False)],
)
def test_only_the_model_of_the_fit_is_known(model: str, known: bool) -> None:
    assert knows(model) is known


def test_what_may_not_be_returned_is_no_evidence() -> None:
    """What expired, or was said in a session out of reach, does not make a question covered."""
    corpus = corpus_of([*SMALL_TALK, Said("The cello bow has new hair", session=1)])
    query = parse("Who put new hair on the cello bow?", key=KEY)
    others = np.arange(7) < 6

    assert rank(corpus, query).covered
    assert not rank(corpus, query, eligible=others).covered
    assert not len(rank(corpus, query, eligible=np.zeros(7, np.bool_)))
