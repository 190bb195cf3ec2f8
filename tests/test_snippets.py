"""What is shown of a hit."""

from __future__ import annotations

from indexer.retrieval.snippets import MAX_SNIPPET_CHARS, make_snippet, sentence_spans


def test_words_of_the_question_are_marked() -> None:
    snippet, marks = make_snippet("no discussion of ethics", frozenset({"ethic"}), None)
    assert [snippet[a:b] for a, b, kind in marks if kind == "word"] == ["ethics"]


def test_nearest_sentence_is_marked() -> None:
    text = "Cats sleep. Dogs bark loudly. Fish swim."
    snippet, marks = make_snippet(text, frozenset(), lambda s: [float("bark" in x) for x in s])
    assert [snippet[a:b] for a, b, kind in marks if kind == "meaning"] == ["Dogs bark loudly."]


def test_single_sentence_is_not_marked_whole() -> None:
    assert make_snippet("Cats sleep.", frozenset(), lambda s: [1.0])[1] == []


def test_short_point_is_shown_whole() -> None:
    assert make_snippet("one line\nand code", frozenset(), None)[0] == "one line\nand code"


def test_long_point_is_cut_around_the_words() -> None:
    text = "filler " * 200 + "needle " + "filler " * 200
    snippet, marks = make_snippet(text, frozenset({"needl"}), None)
    assert [snippet[a:b] for a, b, _ in marks] == ["needle"]
    assert len(snippet) <= MAX_SNIPPET_CHARS + 4
    assert snippet.startswith("… ")
    assert snippet.endswith(" …")


def test_long_point_is_cut_around_the_nearest_sentence() -> None:
    text = "Filler words here. " * 40 + "The needle is here. " + "Filler words here. " * 40
    near = lambda sentences: [float("needle" in s) for s in sentences]  # noqa: E731
    snippet, marks = make_snippet(text, frozenset(), near)
    assert ["The needle is here."] == [snippet[a:b] for a, b, _ in marks]


def test_word_without_blanks_is_cut_too() -> None:
    snippet, _ = make_snippet("x" * 5000, frozenset(), None)
    assert len(snippet) <= MAX_SNIPPET_CHARS + 4


def test_marks_lie_within_the_snippet() -> None:
    text = "needle " * 300
    snippet, marks = make_snippet(text, frozenset({"needl"}), None)
    assert marks
    assert all(0 <= a < b <= len(snippet) for a, b, _ in marks)


def test_sentences_and_lines_are_told_apart() -> None:
    text = "One. Two?  Three\nfour"
    assert [text[a:b] for a, b in sentence_spans(text)] == ["One.", "Two?", "Three", "four"]
