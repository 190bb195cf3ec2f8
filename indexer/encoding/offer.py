"""Advice for notes or a question in a language that the English model does not understand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from indexer.config import DEFAULT_MODEL
from indexer.text.language import NAMES, foreign_language, guess_language

if TYPE_CHECKING:
    from indexer.records import Answer

_OFFERED = "multilingual"
_TELLING = 3  # hits that say in which language the notes answer


def offer_for_notes(texts: Iterable[str], model: str) -> str:
    """Return advice for notes the English model does not understand; empty for other notes.

    :param texts: points of the notes.
    :param model: name of the model that encoded them.
    """
    language = foreign_language(texts) if model == DEFAULT_MODEL else ""
    if not language:
        return ""
    return (
        f"many of these notes are in {NAMES[language]}, which {model} does not understand: "
        f"run `notepoint setup multilingual`, then "
        f"`notepoint build --model {_OFFERED} --rebuild`"
    )


def offer_for_question(question: str, answer: Answer) -> str:
    """Return advice for a question the English model does not understand; else empty.

    There is no advice if the notes answer in the language of the question.

    :param question: as the user wrote it.
    :param answer: its answer.
    """
    model = answer.index.model
    language = guess_language(question) if model == DEFAULT_MODEL else "en"
    if language in ("", "en"):
        return ""
    found = " ".join(hit.text for hit in answer.hits[:_TELLING])
    if answer.answered and guess_language(found) == language:
        return ""
    return (
        f"the question seems to be in {NAMES[language]}, which {model} does not understand; "
        f"an index built with `--model {_OFFERED}` would: run `notepoint setup multilingual`, "
        f"then `notepoint build --model {_OFFERED} --rebuild`"
    )
