"""The notes as the dictionary: typos, acronyms, and the weights of words."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest
from conftest import OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.errors import QueryError
from indexer.retrieval.question import (
    Question,
    check_question,
    is_gibberish,
    read_question,
    share_unknown,
    word_weights,
)
from indexer.retrieval.word_forms import in_known_numbers, in_two_words
from indexer.store.opening import open_store
from indexer.text.terms import terms_of

pytestmark = pytest.mark.every_store

NOTES = {
    "a.md": (
        "# Training\n\n"
        "- Batch normalization, before the activation\n  - keeps a running mean\n"
        "- Situation-Behavior-Impact: say what happened\n"
        "- the ethics of transfer learning\n- repetition helps\n- Repetition again\n"
        "- Intersection over Union (IoU)\n- a lone carrot\n- an error\n"
        "- chemical bonds\n- a photograph\n- philosophy of mind\n"
    ),
    "b.md": "# Batch normalization\n\n- sort of works\n\n# Situation-Behavior-Impact\n\n- fine\n",
}


class Spelling(FakeEncoder):
    """Knows a few words as one piece, as a model knows those of its language."""

    KNOWN = frozenset({"parrot", "what", "does", "at", "is", "in", "about", "the", "cards"})

    def count_tokens(self, texts):  # type: ignore[no-untyped-def]
        return [1 if text.lower() in self.KNOWN else 3 for text in texts]


@pytest.fixture
def read(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> Iterator[Callable[[str], Question]]:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    store = open_store(str(notebook.settings.store), read_only=True)

    def read_one(question: str) -> Question:
        with store.view() as view:
            return read_question(question, view, Spelling())

    yield read_one
    store.close()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("no discussion of ehtics", ("ehtics", "ethics")),
        ("spaced repitition cards", ("repitition", "repetition")),
        ("tranfer of ideas", ("tranfer", "transfer")),
        ("srot it", ("srot", "sort")),
        ("the eror", ("eror", "error")),
        ("the runing mean", ("runing", "running")),  # of a stem that is shorter: "run"
        ("before activaton", ("activaton", "activation")),
        ("batch normalisaton", ("normalisaton", "normalization")),
        ("ethicss", ("ethicss", "ethics")),  # a doubled letter is no other form
        ("kemical reactions", ("kemical", "chemical")),  # spelled as it sounds
        ("fotograph", ("fotograph", "photograph")),
        ("filosofy", ("filosofy", "philosophy")),
    ],
)
def test_typo_is_read_as_the_word_of_the_notes(
    read: Callable[[str], Question], typed: str, meant: tuple[str, str]
) -> None:
    question = read(typed)
    assert question.reads[0][0] == meant[0]
    assert question.reads[0][1].lower() == meant[1]
    assert meant[1] in question.text.lower()
    assert meant[0] not in question.text


@pytest.mark.parametrize(
    "typed",
    [
        "a parrot",  # a word of the language, near to "carrot"
        "xyzzyqwfp",  # near to no word
        "ethica",  # another form of "ethics", or another word: the last letter is seldom mistyped
        "ethics",  # unchanged
        "soft",  # short, and another word than "sort" rather than that mistyped
        "ünïcode",
    ],
)
def test_other_words_stay(read: Callable[[str], Question], typed: str) -> None:
    assert read(typed).reads == ()
    assert read(typed).text == typed


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("BN", "Batch normalization"),
        ("SBI", "Situation Behavior Impact"),
        ("IoU", "Intersection over Union"),
    ],
)
def test_acronym_is_spelled_out(read: Callable[[str], Question], short: str, long: str) -> None:
    question = read(f"What does {short} do?")
    assert question.reads == ((short, long),)
    assert question.text == f"What does {short} ({long}) do?"
    assert short.lower() in question.terms


def test_acronym_may_be_plural(read: Callable[[str], Question]) -> None:
    question = read("where are IOUs used?")
    assert question.reads == (("IOUs", "Intersection over Union"),)
    assert "iou" in question.own_terms


@pytest.mark.parametrize(
    ("typed", "as_read"),
    [
        ("why lstms?", "why lstm?"),
        ("which gpu is used?", "which gpus is used?"),
        ("menus of ports", "menu of ports"),
        ("plus a bus", "plus a bus"),
        ("the rnns and the lstms", "the rnns and the lstm"),
        ("LSTMs and GPUs", "LSTMs and GPUs"),
        ("what is a cnn", "what is a cnn"),
        ("css", "css"),
    ],
)
def test_word_is_read_in_the_number_of_the_notes(
    write_notes: WriteNotes, open_notebook: OpenNotebook, typed: str, as_read: str
) -> None:
    text = (
        "- an LSTM has gates\n- two gpus were rented\n- the rnns of rnn\n- cs is fun\n- the menu\n"
    )
    notebook = open_notebook(write_notes({"a.md": text}))
    notebook.build()
    with contextlib.closing(open_store(str(notebook.settings.store), read_only=True)) as store:
        with store.view() as view:
            assert in_known_numbers(typed, view) == as_read
            assert read_question(typed, view, Spelling()).reads == ()


@pytest.mark.parametrize(
    ("typed", "as_read"),
    [
        ("whystatue", ""),
        ("devset", "dev set"),
        ("devsets", "dev sets"),
        ("setdev", ""),
        ("theset", ""),
        ("crossvalidate", "cross validate"),
        ("a" * 40, ""),
    ],
)
def test_joined_words_are_read_as_those_next_to_each_other(
    write_notes: WriteNotes, open_notebook: OpenNotebook, typed: str, as_read: str
) -> None:
    text = "- why is a statue here\n- a larger dev set\n- hardly any cross validation\n"
    notebook = open_notebook(write_notes({"a.md": text}))
    notebook.build()
    with contextlib.closing(open_store(str(notebook.settings.store), read_only=True)) as store:
        with store.view() as view:
            assert in_two_words(typed, view) == as_read
            alone = read_question(f"a {typed}", view, Spelling())
            among = read_question(f"{typed} of a statue", view, Spelling())
    assert alone.reads == among.reads == (((typed, as_read),) if as_read else ())
    assert alone.text == f"a {as_read or typed}" and among.text == f"{typed} of a statue"
    assert set(terms_of(as_read)) <= set(among.own_terms)


@pytest.mark.parametrize("typed", ["what are LSTMs?", "lstms", "LSTM", "an lstm"])
def test_plural_of_an_acronym_finds_the_singular(
    write_notes: WriteNotes, open_notebook: OpenNotebook, typed: str
) -> None:
    notebook = open_notebook(write_notes({"a.md": "- an LSTM has gates\n- a boat has oars\n"}))
    notebook.build()
    assert notebook.search(typed, mode="lexical").hits[0].text == "an LSTM has gates"


def test_words_of_an_acronym_find_points_and_do_not_weigh_them(
    read: Callable[[str], Question],
) -> None:
    question = read("IoU eror")
    assert question.own_terms == ("iou", "error")
    assert {*question.terms} - {*question.own_terms} == {"intersect", "over", "union"}


def test_phrase_of_an_acronym_weighs_as_much_as_the_acronym() -> None:
    question = Question("what is BN (Batch normalization)", ("bn",), phrases=((8, 10, 32),))
    spans = ((0, 4), (5, 7), (8, 10), (11, 12), (12, 17), (18, 31), (31, 32))
    weights = word_weights(question, spans, {"bn": 1.0, "batch": 4.0, "normal": 4.0})
    assert weights[4] + weights[5] == pytest.approx(weights[2])


def test_heading_over_many_points_counts_once(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    many = "".join(f"- fact {number}\n" for number in range(9))
    notes = {
        "a.md": f"# Triplet Loss\n\n{many}",
        "b.md": "# Transfer learning\n\n- Transfer Learning, how\n- why transfer learning?\n",
        "c.md": "- $\\mathscr L$ is the cost\n- the Third Layer\n",
    }
    notebook = open_notebook(write_notes(notes))
    notebook.build()
    store = open_store(str(notebook.settings.store), read_only=True)
    with contextlib.closing(store), store.view() as view:
        assert read_question("what is TL?", view, Spelling()).reads == (
            ("TL", "Transfer learning"),
        )
        assert read_question("what is ML?", view, Spelling()).reads == ()


def test_phrase_that_stands_once_is_no_acronym(read: Callable[[str], Question]) -> None:
    assert read("What is an ALC?").reads == ()


def test_question_is_one_line_and_has_words() -> None:
    assert check_question("  what\n is  this ") == "what is this"
    with pytest.raises(QueryError, match="empty"):
        check_question(" \n ")


def test_long_question_ends_with_a_whole_word() -> None:
    assert check_question("seven words " * 1_000) == ("seven words " * 833).strip()
    assert check_question("x" * 10_001) == "x" * 10_000


def test_rare_words_weigh_more_and_stop_words_half() -> None:
    question = Question("is the rare word", ("rare", "word"))
    spans = ((0, 2), (3, 6), (7, 9), (9, 11), (12, 16))
    weights = word_weights(question, spans, {"is": 1.0, "the": 1.0, "rare": 5.0, "word": 1.0})
    assert sum(weights) == pytest.approx(1)
    assert weights[2] + weights[3] == pytest.approx(5 * weights[4])
    assert weights[0] == pytest.approx(weights[4] / 2)


def test_word_counts_once_however_many_pieces_it_has() -> None:
    question = Question("overfitting nets", ("overfit", "net"))
    spans = ((0, 4), (4, 7), (7, 11), (12, 16))
    weights = word_weights(question, spans, {"overfit": 2.0, "net": 2.0})
    assert weights == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_words_nobody_counts_weigh_nothing() -> None:
    assert word_weights(Question("?!", ()), ((0, 1), (1, 2)), {}) == [0.0, 0.0]


def test_number_of_unknown_words_that_are_compared_is_limited(
    read: Callable[[str], Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer.retrieval import question as module

    tried: list[str] = []
    monkeypatch.setattr(module, "_corrected", lambda word, *_: tried.append(word) or "")
    monkeypatch.setattr(module, "_spell_out", lambda word, _: tried.append(word) or "")
    read(" ".join(f"zq{'x' * (n % 7)}{chr(97 + n % 26)}word" for n in range(500)))
    read(" ".join(["QZX"] * 1_000))
    assert 0 < len(tried) <= 48


@pytest.mark.parametrize(
    ("word", "pieces", "known", "unknown"),
    [
        ("backpropagation", 4, (), 0.0),
        ("冰箱", 2, (True, True), 1.0),  # letter by letter
        ("冰箱葱油", 1, (False,), 1.0),  # not in the vocabulary
        ("冰箱葱油", 1, (True,), 0.0),  # a model that knows the word
        ("冰箱葱油冷", 4, (True,) * 4, 0.0),  # a model that has words of two letters
        ("врач", 4, (), 1.0),
        ("np", 2, (), 0.0),  # too short to decide
        ("2024", 1, (), 1.0),
    ],
)
def test_words_the_model_spells_are_unknown_to_it(
    word: str, pieces: int, known: tuple[bool, ...], unknown: float
) -> None:
    ends = [round(i * len(word) / pieces) for i in range(pieces + 1)]
    spans = list(itertools.pairwise(ends))
    found = share_unknown(Question(word, (word,)), spans, known, [1 / pieces] * pieces)
    assert found == pytest.approx(unknown)


def test_one_unknown_piece_for_several_words_is_unknown() -> None:
    family = Question("\U0001f468\u200d\U0001f469\u200d\U0001f467", ())
    assert share_unknown(family, [(0, 5)], [False], [0.0]) == 1.0
    assert share_unknown(family, [(0, 5)], [True], [0.0]) == 0.0


def test_japanese_is_no_gibberish_for_a_model_that_knows_its_words() -> None:
    question = Question("旅券の有効期間", ("旅券", "有効", "期間"))
    spans = [(0, 1), (1, 2), (2, 3), (3, 5), (5, 7)]
    assert not is_gibberish(question, spans, {})
    assert is_gibberish(question, [(i, i + 1) for i in range(7)], {})


def test_gibberish_is_what_neither_notes_nor_model_know() -> None:
    question = Question("what is zzqx", ("zzqx",))
    spans = [(0, 4), (5, 7), (8, 9), (9, 10), (10, 12)]
    assert is_gibberish(question, spans, {})
    assert not is_gibberish(question, spans, {"zzqx": 1})
    assert not is_gibberish(question, [(0, 4), (5, 7), (8, 12)], {})
    assert not is_gibberish(Question("what is it", ()), [(0, 4), (5, 7), (8, 10)], {})


def test_typos_are_told_from_words_in_english_only(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notes = {"a.md": "# Wohnung\n\n- Die Mitte der Stadt ist teuer und laut\n- der Garten\n"}
    notebook = open_notebook(write_notes(notes))
    notebook.build()
    with (
        contextlib.closing(open_store(str(notebook.settings.store), read_only=True)) as store,
        store.view() as view,
    ):
        assert read_question("Wie hoch ist die Miete?", view, Spelling()).reads == ()
        assert read_question("Gatren der Stadt", view, Spelling()).reads == ()


def test_word_that_begins_as_another_is_a_form_of_it(read: Callable[[str], Question]) -> None:
    assert read("carrotlike").reads == ()
    assert read("repetitiveness").reads == ()


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("窗帘", {"窗帘"}),
        ("窗帘会褪色吗", {"窗帘", "会褪", "色"}),  # pairs across two words are left out
        ("帘", {"帘"}),
        ("怎么洗", {"怎么", "洗"}),  # a note says it with one character
    ],
)
def test_characters_in_no_known_pair_are_terms(
    write_notes: WriteNotes, open_notebook: OpenNotebook, question: str, terms: set[str]
) -> None:
    notebook = open_notebook(write_notes({"a.md": "- 窗帘是蓝色的\n- 每月洗一次\n"}))
    notebook.build()
    with (
        contextlib.closing(open_store(str(notebook.settings.store), read_only=True)) as store,
        store.view() as view,
    ):
        assert set(read_question(question, view, Spelling()).terms) == terms
