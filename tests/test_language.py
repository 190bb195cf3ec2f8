"""The language of a text, and the advice for notes and questions that are not English."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.config import DEFAULT_MODEL, MULTILINGUAL_MODEL
from indexer.encoding.offer import offer_for_question
from indexer.notebook import Notebook
from indexer.records import Answer
from indexer.text.language import NAMES, foreign_language, guess_language

QUESTIONS = ROOT / "benchmarks/questions"


def questions(name: str) -> list[dict[str, str]]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_languages_of_the_judged_questions_are_told() -> None:
    asked = questions("corpus-languages") + questions("corpus-languages-held-out")
    right = Counter(row["kind"] for row in asked if guess_language(row["question"]) == row["kind"])
    assert sum(right.values()) >= 110  # 119 of 120 when it was written
    for row in asked:
        if guess_language(row["question"]) == "en":
            pytest.fail(f"taken for English: {row['question']}")


def test_english_questions_are_not_taken_for_another_language() -> None:
    rows = questions("corpus") + questions("corpus-held-out") + questions("near-misses")
    foreign = [q for row in rows if guess_language(q := row["question"]) not in ("", "en")]
    assert foreign == []


@pytest.mark.parametrize("text", ["", "AlexNet", "60M", "∑ = 5", "---"])
def test_text_that_tells_nothing_has_no_language(text: str) -> None:
    assert guess_language(text) == ""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (QUESTIONS / "vaults/german", "de"),
        (QUESTIONS / "vaults/japanese", "ja"),
        (ROOT / "corpus", ""),
    ],
)
def test_language_of_notes_is_told(folder: Path, expected: str) -> None:
    lines = [line for path in folder.glob("*.md") for line in path.read_text("utf-8").splitlines()]
    assert foreign_language(lines) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Arroser au pied, jamais sur les feuilles|Le compost est prêt|Acheter du terreau"),
        ("es", "El huerto necesita agua por la mañana|Comprar tierra|No regar las hojas"),
        ("pt", "A horta precisa de água|Plantar os tomates depois das geadas|Não regar as folhas"),
        ("it", "Piantare i pomodori dopo le gelate|Non bagnare le foglie|Il compost è pronto"),
        ("nl", "De tuin heeft water nodig|De slakken eten de sla|Ik heb een nieuwe schep gekocht"),
        ("pl", "Nie podlewać liści|Kompost jest gotowy, gdy nie pachnie|To się nie udało"),
        ("sv", "Vattna inte på bladen|Komposten är klar när den inte luktar|Jag har köpt en spade"),
        ("da", "Kompost er klar, når det ikke lugter|Jeg har købt en spade til haven"),
        ("ru", "Саду нужна вода утром|Не поливать листья"),
        ("zh", "花园早上需要浇水|不要浇叶子|堆肥好了"),
        ("ko", "정원은 아침에 물이 필요하다|퇴비가 준비되었다"),
    ],
)
def test_a_few_notes_tell_their_language(language: str, text: str) -> None:
    assert foreign_language(text.split("|") * 2) == language


@pytest.mark.parametrize(
    "text",
    [
        "The garden needs water|Crème brûlée: torch the sugar|La vie en rose|Los Angeles in May|"
        "Bonjour, comment ça va? is how she greets everyone|Read Das Kapital|We met in São Paulo|"
        "The word Weltschmerz has no translation|Der Kaiser was late|Pico de gallo|Buy soil",
        "der Hund - the dog|die Katze - the cat|ich bin müde - I am tired|nicht - not|und - and|"
        "the verb comes at the end of a clause|accusative is used for direct objects",
        "op amp gain is 1+R2/R1|SELECT de FROM t|docker run -d --name es elastic|vi ~/.bashrc|"
        "el = document.getElementById|the config is in /etc|do not run as root",
        "Let α be the angle|π r²|where μ is the mean|Δt is the time step|the sum of λ",
        "Groceries|Milk, eggs|Mac OS update|Los Angeles|van rental|Le Creuset pan|die cast car",
    ],
)
def test_english_notes_with_foreign_words_are_english(text: str) -> None:
    assert foreign_language(text.split("|")) == ""


@pytest.mark.parametrize(
    "question",
    [
        "Mac OS backup", "Rio de Janeiro trip", "El Niño effects", "op amp gain", "al dente pasta",
        "Leonardo da Vinci notebooks", "crème brûlée recipe", "Δx", "no such file",
        "pain au chocolat", "Das Kapital summary", "Los Angeles hotels", "MIT e-mail",
        "what does déjà vu mean",
    ],
)  # fmt: skip
def test_names_and_loans_in_a_short_question_tell_no_language(question: str) -> None:
    assert guess_language(question) in ("", "en")


@pytest.mark.parametrize(
    ("question", "found", "answered", "offered"),
    [
        ("Wie oft soll man gießen?", "water the plants every day", True, True),
        ("Wie oft soll man gießen?", "water the plants every day", False, True),
        ("Wie oft soll man gießen?", "das Gießen ist nicht jeden Tag nötig", True, False),
        ("Wie oft soll man gießen?", "das Gießen ist nicht jeden Tag nötig", False, True),
        ("how often do I water?", "das Gießen ist nicht jeden Tag nötig", False, False),
    ],
)
def test_question_gets_an_offer_unless_its_language_answers(
    question: str, found: str, answered: bool, offered: bool
) -> None:
    state = SimpleNamespace(model=DEFAULT_MODEL)
    answer = SimpleNamespace(answered=answered, index=state, hits=[SimpleNamespace(text=found)])
    offer = offer_for_question(question, cast(Answer, answer))
    assert ("German" in offer and offer.count("notepoint setup multilingual") == 1) is offered


def test_few_lines_tell_nothing() -> None:
    assert foreign_language(["das ist es"]) == ""
    assert set(NAMES) >= {"de", "ja", "en"}


def named(name: str) -> FakeEncoder:
    return FakeEncoder(name=name)


def test_first_build_offers_the_multilingual_model_once(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (QUESTIONS / "vaults/german/Garten.md").read_text("utf-8")
    folder = write_notes({"Garten.md": text})
    notebook = open_notebook(folder, encoder=named(DEFAULT_MODEL))
    offer = notebook.build().offer
    assert "German" in offer and "--model multilingual --rebuild" in offer
    (folder / "Garten.md").write_text(text + "\n- die Rosen sind nicht für die Nachbarin\n")
    assert notebook.build().offer == ""


def test_offer_looks_at_notes_of_the_whole_folder(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    english = {f"a{i:02}.md": "- this is one of the notes\n" * 20 for i in range(40)}
    german = {f"z{i:02}.md": "- das ist nicht die erste\n" * 20 for i in range(40)}
    folder = write_notes(english | german)
    assert "German" in open_notebook(folder, encoder=named(DEFAULT_MODEL)).build().offer


def test_english_notes_and_the_multilingual_model_get_no_offer(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    english = write_notes({"a.md": "- this is the first of the notes\n" * 8})
    assert open_notebook(english, encoder=named(DEFAULT_MODEL)).build().offer == ""


def test_index_is_asked_with_the_model_it_was_built_with(
    write_notes: WriteNotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_notes({"a.md": "- a point\n"})
    store = str(tmp_path / "index")
    with Notebook(folder, store=store, encoder=named(MULTILINGUAL_MODEL)) as notebook:
        notebook.build()
    assert Notebook(folder, store=store).settings.model == MULTILINGUAL_MODEL
    assert Notebook(folder, store=store, model=DEFAULT_MODEL).settings.model == DEFAULT_MODEL
    monkeypatch.setenv("NOTEPOINT_MODEL", DEFAULT_MODEL)
    assert Notebook(folder, store=store).settings.model == DEFAULT_MODEL
