"""What comes first, and why: each stage of ranking by itself."""

import numpy as np
import pytest

from context_manager.retrieval import Settings, parse, rank

from .corpora import KEY, SMALL_TALK, Said, ask, corpus_of


def test_a_message_near_the_matching_one_beats_one_far_away() -> None:
    """Answers follow the message that resembles the question."""
    talk = [*SMALL_TALK, Said("Did the parcel from Oslo come?", session=1), Said("Yes", session=1)]
    ranking = ask("the parcel from Oslo", talk)

    assert ranking.entries[:2].tolist() == [6, 7]


def test_scores_do_not_cross_sessions() -> None:
    talk = [Said("Did the parcel come?", session=1), Said("Yes", session=2), *SMALL_TALK]
    ranking = ask("parcel", talk)
    of_next = ranking.entries.tolist().index(1)

    assert ranking.explain(of_next)["words"] <= 0


def test_words_said_around_complete_each_other_but_do_not_add_up() -> None:
    """Two different words nearby are worth more than the same word twice."""
    both = [Said("The harbour", session=1), Said("and the lighthouse", session=1)]
    twice = [Said("The harbour", session=2), Said("and the harbour", session=2)]
    ranking = ask("harbour lighthouse", [*SMALL_TALK, *twice, *both])

    assert set(ranking.entries[:2].tolist()) == {8, 9}


def test_the_named_speaker_comes_before_others() -> None:
    talk = [
        Said("I adopted a dog last spring", "Ilse"),
        Said("I adopted a dog last spring", "Tomas", session=1),
        *SMALL_TALK,
    ]

    assert ask("Which pet did Tomas adopt?", talk).entries[0] == 1
    assert ask("Which pet did Ilse adopt?", talk).entries[0] == 0


def test_what_the_user_said_comes_before_the_same_said_by_the_assistant() -> None:
    talk = [
        Said("The tent weighs two kilos", role="assistant"),
        Said("The tent weighs two kilos", session=1),
        *SMALL_TALK,
    ]

    assert ask("weight of my tent", talk).entries[0] == 1


def test_a_question_for_a_time_prefers_messages_that_speak_of_time() -> None:
    talk = [Said("I sold the piano"), Said("I sold the piano last Tuesday", session=1), *SMALL_TALK]

    assert ask("When did I sell the piano?", talk).entries[0] == 1


def test_a_standing_wish_serves_requests_on_its_subject() -> None:
    talk = [
        Said("We looked at recipes with lentils"),
        Said("Always give recipes in metric units", session=1),
        *SMALL_TALK,
    ]

    assert ask("Show me recipes", talk).entries[0] == 1


def test_the_vector_finds_what_no_word_finds() -> None:
    talk = [Said(s.text, vector=(0.0, 1.0)) for s in SMALL_TALK]
    talk.append(Said("Our spaniel is ill", session=1, vector=(1.0, 0.0)))

    assert ask("dog", talk, vector=(1.0, 0.0)).entries[0] == 6


def test_a_pending_vector_is_neither_near_nor_far() -> None:
    """It counts as the mean of the others until it is known."""
    talk = [
        Said("one", vector=(1.0, 0.0)),
        Said("two", session=1),
        Said("three", session=2, vector=(0.0, 1.0)),
    ]

    assert ask("zero", talk, vector=(1.0, 0.0)).entries.tolist() == [0, 1, 2]


def test_relevance_falls_with_the_score_and_stays_in_bounds() -> None:
    ranking = ask("bicycle chain", SMALL_TALK)

    assert (np.diff(ranking.scores) <= 0).all()
    assert (np.diff(ranking.relevance) <= 0).all()
    assert ((ranking.relevance >= 0) & (ranking.relevance <= 1)).all()


def test_what_the_stages_added_is_the_score() -> None:
    ranking = ask("When did we go to the market?", SMALL_TALK)
    for place in range(len(ranking)):
        total = sum(ranking.explain(place).values())
        assert total == pytest.approx(float(ranking.scores[place]), abs=1e-5)


def test_only_eligible_entries_are_returned_but_all_count_as_surroundings() -> None:
    corpus = corpus_of(SMALL_TALK)
    mask = np.array([False, True, False, True, False, False])
    ranking = rank(corpus, parse("bicycle", key=KEY), eligible=mask)

    assert ranking.entries.tolist() == [3, 1]


def test_no_more_entries_than_asked_for() -> None:
    corpus = corpus_of(SMALL_TALK)

    assert len(rank(corpus, parse("film", key=KEY), Settings(most=2))) == 2
    assert len(rank(corpus, parse("film", key=KEY), Settings(most=0))) == 0


def test_recency_and_importance_weigh_as_the_caller_sets() -> None:
    talk = [Said("The code is blue", time=1e9), Said("The code is red", time=2e9, session=1)]
    query = parse("code", key=KEY, now=2e9)
    newest = rank(corpus_of(talk), query, Settings(recency_weight=1.0))

    assert newest.entries[0] == 1


def test_an_empty_corpus_has_nothing_and_covers_nothing() -> None:
    ranking = ask("anything", [])

    assert len(ranking) == 0
    assert not ranking.covered


def test_a_reranker_decides_the_order() -> None:
    corpus = corpus_of(SMALL_TALK)
    ranking = rank(corpus, parse("film", key=KEY), rerank=lambda _, rows, *__: -rows.astype("f4"))

    assert ranking.entries.tolist() == [0, 1, 2, 3, 4, 5]
    assert ranking.explain(0)["rerank"] == 0


def test_a_long_message_points_at_its_best_passage() -> None:
    filler = "Then we spoke of other things for a while. " * 30
    talk = [Said(filler + "\n\nThe password hint is walrus.\n\n" + filler), *SMALL_TALK]
    corpus = corpus_of(talk)
    ranking = rank(corpus, parse("walrus", key=KEY))
    row = ranking.passages[0]

    assert ranking.entries[0] == 0
    assert corpus.entry[row] == 0
    assert row != corpus.first[0]
