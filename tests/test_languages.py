"""The language of a question."""

from __future__ import annotations

import pytest

from indexer.retrieval.baseline import EVERYDAY_QUESTIONS
from indexer.retrieval.languages import ENGLISH, EVERYDAY, language_of


@pytest.mark.parametrize("language", EVERYDAY)
def test_most_everyday_questions_are_told_by_their_own_words(language: str) -> None:
    found = [language_of(question) for question in EVERYDAY[language]]
    assert found.count(language) >= 8
    assert ENGLISH not in found


def test_english_is_taken_for_nothing_else() -> None:
    assert {language_of(question) for question in EVERYDAY_QUESTIONS} <= {ENGLISH, None}


@pytest.mark.parametrize("text", ["word embeddings de-biasing", "AlexNet", "", "🙂"])
def test_few_words_tell_no_language(text: str) -> None:
    assert language_of(text) is None
