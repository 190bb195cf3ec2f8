"""Is this answered at all?"""

from __future__ import annotations

import math

import pytest

from indexer.records import BlockKind, Point, Verdict
from indexer.retrieval.confidence import (
    ANSWERED_ABOVE,
    SURE_ABOVE,
    Signs,
    _ahead,
    _is_inflected,
    bounds_of,
    confidence,
    effects_of,
    length_of,
    verdict,
)
from indexer.retrieval.languages import function_terms
from indexer.retrieval.names_asked import names_unknown
from indexer.retrieval.question import Question
from indexer.retrieval.ranking import Ranking
from indexer.store.records import NoteInfo, StoredPoint
from indexer.text.terms import terms_of

GOOD = Signs(cosine=0.7, words=0.6, pieces=0.6, coverage=0.6, length=7, chance=0.23)
POOR = Signs(cosine=0.3, words=0.2, pieces=0.25, coverage=0.1, length=7, chance=0.23)


def test_it_is_a_probability_on_both_sides_of_the_limit() -> None:
    assert 0 < confidence(POOR) < ANSWERED_ABOVE < confidence(GOOD) < 1


@pytest.mark.parametrize("sign", [{"cosine": 0.9}, {"pieces": 0.8}, {"length": 12}])
def test_each_sign_speaks_for_an_answer(sign: dict[str, float]) -> None:
    assert confidence(GOOD._replace(**sign)) > confidence(GOOD)


def test_what_nothing_matches_speaks_against() -> None:
    assert confidence(GOOD._replace(coverage=0.2)) < confidence(GOOD)


def test_what_any_question_would_get_is_taken_off() -> None:
    near_to_all = GOOD._replace(cosine=0.8, pieces=0.7, chance=0.33)
    assert confidence(near_to_all) == pytest.approx(confidence(GOOD))


def test_words_alone_are_judged_by_words() -> None:
    assert confidence(Signs(None, 0.0)) < ANSWERED_ABOVE < confidence(Signs(None, 0.5))
    assert confidence(Signs(0.9, 0.1)) == confidence(Signs(None, 0.1))  # a model without pieces


def test_long_questions_do_not_run_away() -> None:
    assert confidence(POOR._replace(length=24)) == confidence(POOR._replace(length=2_000))


def test_short_question_with_all_its_words_in_the_first_hit_is_answered() -> None:
    assert confidence(POOR._replace(exact=True)) >= ANSWERED_ABOVE > confidence(POOR)
    assert confidence(GOOD._replace(exact=True)) == confidence(GOOD)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (("врач",), True),  # врачом
        (("пятница", "врач"), True),
        (("врач", "лампочка"), False),
        (("meet",), False),  # English words are cut to stems
        ((), False),
    ],
)
def test_other_forms_of_words_the_model_does_not_know_are_words_of_the_notes(
    terms: tuple[str, ...], *, found: bool
) -> None:
    note = NoteInfo("ru.md", "Meetings", None, (), (), (), "")
    point = Point("Встреча с врачом в пятницу.", BlockKind.ITEM, 3, 3)
    assert _is_inflected(StoredPoint(1, 0, note, point), terms) == found


def test_rules_after_the_fit_are_named_with_the_confidence_after_each() -> None:
    assert bounds_of(GOOD) == []
    assert bounds_of(POOR._replace(exact=True)) == [("all words are in the first hit", 0.5)]
    ((rule, after),) = bounds_of(GOOD._replace(gibberish=True))
    assert (rule, after) == ("no word is known", confidence(GOOD._replace(gibberish=True)))
    signs = POOR._replace(exact=True, ahead=1.0)
    assert bounds_of(signs)[-1][1] == confidence(signs) > 0.5
    assert math.isclose(
        sum(effect for _, _, effect in effects_of(GOOD)),
        math.log(confidence(GOOD) / (1 - confidence(GOOD))),
    )


def test_critique_that_stands_out_is_close_to_an_answer() -> None:
    poor = POOR._replace(cosine=0.35, coverage=0.2)
    assert confidence(poor) < ANSWERED_ABOVE < confidence(poor._replace(ahead=0.8)) < SURE_ABOVE
    assert confidence(poor._replace(ahead=0.1)) < ANSWERED_ABOVE
    assert confidence(GOOD._replace(ahead=0.8)) == confidence(GOOD)
    for lacking in ({"no_number": True}, {"unknown_name": True}, {"gibberish": True}):
        signs = poor._replace(ahead=0.8, **lacking)
        assert confidence(signs) < ANSWERED_ABOVE


@pytest.mark.parametrize(
    ("question", "title", "found"),
    [
        ("was the pace ok?", "Review of the course", True),
        ("do they start on time?", "Review of the course", True),
        ("how was the wine?", "Review of the course", True),
        ("any hidden fees?", "Review of the course", True),
        ("was the pace ok?", "Notes of the course", False),
        ("what is a median?", "Review of the course", False),
        ("how many lessons are there?", "Review of the course", False),
    ],
)
def test_only_a_review_answers_for_an_opinion(question: str, title: str, *, found: bool) -> None:
    note = NoteInfo("a.md", title, None, (), (), (), "")
    points = {
        i: StoredPoint(i, i, note, Point(f"point {i}", BlockKind.ITEM, i, i)) for i in range(1, 13)
    }
    scores = {i: 3.0 - 0.1 * i for i in points}
    ahead = _ahead(Ranking([*points], scores, {}, points), question)
    assert ahead == (pytest.approx(scores[1] - scores[9]) if found else None)


@pytest.mark.parametrize(
    ("asked", "found"), [("מפתח", True), ("גנן", True), ("פתח", False), ("מכתב", False)]
)
def test_hebrew_words_are_known_without_their_article(asked: str, *, found: bool) -> None:
    note = NoteInfo("he.md", "Home", None, (), (), (), "")
    point = Point("המפתח אצל הגנן", BlockKind.ITEM, 3, 3)
    assert _is_inflected(StoredPoint(1, 0, note, point), (asked,)) == found


def test_a_question_in_another_language_needs_less() -> None:
    assert confidence(GOOD) < confidence(GOOD._replace(foreign=True)) < 1


ENGLISH_TEXT = "The chain is oiled once a month and the bell is on the left."
GERMAN_TEXT = "Die Kette wird einmal im Monat geölt und die Klingel ist links."


@pytest.mark.parametrize(
    ("question", "found", "length"),
    [
        ("Wie oft muss ich die Fahrradkette ölen?", ENGLISH_TEXT, 8),  # seven words
        ("Wie oft muss ich die Fahrradkette ölen?", GERMAN_TEXT, 16),
        ("Wie oft muss ich die Fahrradkette ölen?", "chain, bell", 16),
        ("How often is the chain to be oiled?", GERMAN_TEXT, 16),
        ("Fahrradkette", ENGLISH_TEXT, 16),  # nothing says which language it is
    ],
)
def test_a_question_does_not_gain_from_the_pieces_of_another_language(
    question: str, found: str, length: int
) -> None:
    assert length_of(question, 16, found) == length


@pytest.mark.parametrize("sign", ["unknown_name", "no_number"])
def test_what_the_notes_lack_speaks_against_an_answer(sign: str) -> None:
    lacking = GOOD._replace(cosine=0.5, pieces=0.35, coverage=0.4, **{sign: True})  # type: ignore[arg-type]
    assert (
        confidence(lacking)
        < ANSWERED_ABOVE
        < confidence(GOOD._replace(cosine=0.5, pieces=0.35, coverage=0.4))
    )


class Words:
    """A view of notes with a few terms."""

    def term_counts(self, terms: set[str]) -> dict[str, int]:
        return {term: 1 for term in terms if term in {"kiln", "gpu", "cnns"}}


def unknown(text: str, reads: tuple[tuple[str, str], ...] = ()) -> bool:
    """Return whether a question names something that the notes lack."""
    view = Words()
    missing = set(terms_of(text)) - {*view.term_counts(set(terms_of(text)))}
    return names_unknown(Question(text, (), reads), missing, view)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["how do I fire it in Limoges?", "is the Kiln from Limoges?", "MSE of the cone", "ask TPUs?"],
)
def test_name_that_no_note_has_is_unknown(text: str) -> None:
    assert unknown(text)


@pytest.mark.parametrize(
    "text",
    [
        "where is the Kiln?",
        "how many GPUs?",  # the notes have "GPU"
        "what is a CNN?",  # the notes have "CNNs"
        "how do I fire it in limoges?",  # written like any other word
        "Limoges plates",  # the first word always has a capital
        "How Do I Fire It In Limoges?",  # a title
        "what is plan B?",
        "is there Wi-Fi or a T-shirt?",  # written in several ways
        "what did I do on Sundays in May 2024?",  # may be dates
    ],
)
def test_other_words_are_no_unknown_names(text: str) -> None:
    assert not unknown(text)


def test_acronym_is_known_if_its_phrase_is() -> None:
    assert not unknown("what is MSE (mean squared error)?", (("MSE", "mean squared error"),))


def test_words_that_say_nothing_are_known_in_each_language() -> None:
    assert {"que", "es", "la"} <= function_terms("es")
    assert "relu" not in function_terms("es")
    assert function_terms(None) == frozenset()


def test_gibberish_is_never_answered() -> None:
    assert confidence(GOOD._replace(gibberish=True)) < ANSWERED_ABOVE


@pytest.mark.parametrize(
    ("answered", "probability", "said"),
    [
        (True, SURE_ABOVE, Verdict.ANSWERED),
        (True, ANSWERED_ABOVE, Verdict.MAYBE),
        (False, ANSWERED_ABOVE - 0.01, Verdict.NOT_THERE),
        (False, 0.9, Verdict.NOT_THERE),  # nothing was found
    ],
)
def test_verdict_goes_with_answered(answered: bool, probability: float, said: Verdict) -> None:
    assert verdict(answered, probability) is said
