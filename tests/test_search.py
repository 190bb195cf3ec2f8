"""Questions to answers, with an encoder that knows words only."""

from __future__ import annotations

import datetime
import math
import threading
from typing import Any

import numpy as np
import pytest
from conftest import OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.errors import IndexNotFound, QueryError
from indexer.notebook import Notebook
from indexer.notes.walk import scan_folder
from indexer.records import Answer, Hit, IndexState, Mode, NoteFilter
from indexer.render import answer_json
from indexer.retrieval import freshness
from indexer.retrieval.late_interaction import max_similarities
from indexer.retrieval.ranking import MAX_PER_NOTE
from indexer.unit_text import answer_text

pytestmark = pytest.mark.every_store

NOTES = {
    "review.md": """---
title: Review
date: 2020-04-07
tags: [review, dl]
---

# What is missing

- no discussion of ethics
- volume of videos changes a lot
- hardly any cross validation

My notes:

- [Course one](courses/one.md)
- [https://example.org/course](the course itself)
""",
    "courses/one.md": """---
title: Course one
date: 2021-01-01
tags: [dl]
categories: [Deep Learning]
---

## Week 1

### AlexNet
- AlexNet won in 2012
  - sixty million parameters
- Batch norm keeps running averages. Videos are not mentioned here. It helps training.

Advice:
- read papers about ethics
""",
    "courses/two.md": """# Course two

- dropout
- ethics of data

See [the review](../review.md).
""",
}


@pytest.fixture
def notebook(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Notebook:
    made = open_notebook(write_notes(NOTES))
    made.build()
    return made


def texts(answer: object) -> list[str]:
    return [hit.text for hit in answer.hits]  # type: ignore[attr-defined]


def test_the_point_comes_first(notebook: Notebook) -> None:
    hit = notebook.search("is there a discussion of ethics?").hits[0]
    assert hit.text == "no discussion of ethics"
    assert (hit.rank, hit.note_id, hit.line_start, hit.line_end) == (1, "review.md", 9, 9)
    assert (hit.title, hit.date, hit.tags) == ("Review", "2020-04-07", ("review", "dl"))
    assert hit.heading_path == ("What is missing",)


def test_hit_knows_its_parents(notebook: Notebook) -> None:
    hit = notebook.search("sixty million parameters", 1).hits[0]
    assert hit.parents == ("AlexNet won in 2012",)
    assert hit.heading_path == ("Week 1", "AlexNet")


def test_words_above_a_point_find_it(notebook: Notebook) -> None:
    assert "sixty million parameters" in texts(notebook.search("parameters of AlexNet", 2))


def test_lead_in_stays_below_its_points(notebook: Notebook) -> None:
    found = texts(notebook.search("Advice"))
    assert found.index("read papers about ethics") < found.index("Advice:")


@pytest.mark.parametrize("mode", list(Mode))
def test_each_mode_reports_the_scores_of_its_retrievers(notebook: Notebook, mode: Mode) -> None:
    answer = notebook.search("volume of videos", 1, mode=mode)
    (hit,) = answer.hits
    assert answer.mode is mode
    assert hit.text == "volume of videos changes a lot"
    assert (hit.cosine is not None) == (mode is not Mode.LEXICAL)
    assert (hit.bm25 is not None) == (mode is not Mode.DENSE)


def test_marks_lie_on_the_words(notebook: Notebook) -> None:
    hit = notebook.search("ethics", 1).hits[0]
    assert [hit.snippet[a:b] for a, b, kind in hit.marks if kind == "word"] == ["ethics"]


def test_nearest_sentence_is_marked(notebook: Notebook) -> None:
    hit = notebook.search("running averages of batch norm", 1).hits[0]
    near = [hit.snippet[a:b] for a, b, kind in hit.marks if kind == "meaning"]
    assert near == ["Batch norm keeps running averages."]


def test_links_of_the_point_and_of_its_note(notebook: Notebook) -> None:
    hit = notebook.search("course one", 1, where=NoteFilter(notes=("review.md",))).hits[0]
    assert [(link.text, link.to, link.ok) for link in hit.links] == [
        ("Course one", "courses/one.md", True)
    ]
    assert [link.target for link in hit.note_links] == ["https://example.org/course"]


def test_related_notes_are_linked_ones(notebook: Notebook) -> None:
    answer = notebook.search("volume of videos", 1, mode=Mode.LEXICAL)
    why = {note.note_id: note.why for note in answer.related_notes}
    assert why["courses/one.md"] == "linked from Review"
    assert why["courses/two.md"] == "links to Review"
    assert {note.title for note in answer.related_notes} == {"Course one", "Course two"}


def test_filters_come_before_ranking(notebook: Notebook) -> None:
    day = datetime.date(2020, 12, 31)
    for where, notes in {
        NoteFilter(tags=("review",)): {"review.md"},
        NoteFilter(categories=("Deep Learning",)): {"courses/one.md"},
        NoteFilter(folders=("courses",)): {"courses/one.md", "courses/two.md"},
        NoteFilter(notes=("courses/two.md",)): {"courses/two.md"},
        NoteFilter(since=day): {"courses/one.md"},
        NoteFilter(until=day): {"review.md"},
    }.items():
        assert {hit.note_id for hit in notebook.search("ethics", where=where).hits} == notes


def test_flag_set_by_a_valid_product_is_not_a_warning(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flagged(*arguments: Any) -> Any:
        np.full(3, np.inf, np.float32) - np.full(3, np.inf, np.float32)  # warns, and so fails
        return max_similarities(*arguments)

    with pytest.warns(RuntimeWarning, match="invalid value"):
        flagged(np.ones((1, 8), np.float32), [])
    monkeypatch.setattr("indexer.retrieval.candidates.max_similarities", flagged)
    for _ in range(2):
        assert notebook.search("discussion of ethics").hits


def test_no_note_floods_the_list(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    long = "".join(f"- ethics number {i}\n" for i in range(30))
    notebook = open_notebook(write_notes({"a.md": long, "b.md": "- ethics once\n- other\n"}))
    notebook.build()
    found = [hit.note_id for hit in notebook.search("ethics number", 8).hits]
    assert found[: MAX_PER_NOTE + 1] == ["a.md"] * MAX_PER_NOTE + ["b.md"]
    assert len(found) == 8


def test_edited_line_is_not_shown_as_it_was(notebook: Notebook) -> None:
    path = notebook.settings.notes / "review.md"
    path.write_text(NOTES["review.md"].replace("- no discussion of ethics\n", ""))
    answer = notebook.search("no discussion of ethics")
    assert answer.index.stale
    assert "no discussion of ethics" not in texts(answer)


def test_moved_line_is_shown_where_it_is_now(notebook: Notebook) -> None:
    path = notebook.settings.notes / "review.md"
    path.write_text(NOTES["review.md"].replace("- no disc", "- something new\n- no disc"))
    hit = notebook.search("no discussion of ethics", 1).hits[0]
    assert hit.line_start == 10


def test_point_of_a_deleted_note_is_not_shown(notebook: Notebook) -> None:
    (notebook.settings.notes / "review.md").unlink()
    answer = notebook.search("ethics")
    assert answer.index.stale
    assert "review.md" not in {hit.note_id for hit in answer.hits}


def test_index_that_is_in_line_is_not_stale(notebook: Notebook) -> None:
    assert not notebook.search("ethics").index.stale


def test_new_note_makes_the_index_stale(notebook: Notebook) -> None:
    (notebook.settings.notes / "new.md").write_text("- new\n")
    assert notebook.search("ethics").index.stale


def test_a_burst_of_questions_does_not_wait_for_a_scan_of_a_large_folder(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanners: list[str] = []

    def watched(*args: Any, **named: Any) -> Any:
        scanners.append(threading.current_thread().name)
        return scan_folder(*args, **named)

    monkeypatch.setattr("indexer.notes.folder.scan_folder", watched)
    monkeypatch.setattr(freshness, "_LARGE_FOLDER_S", -1.0)  # every folder is large
    for setting in ("_STALE_FOR_S", "_STALE_FOR_TIMES"):
        monkeypatch.setattr(freshness, setting, 1e-6)  # each question needs a new scan
    monkeypatch.setattr(freshness, "_BURST_TIMES", 1e9)  # and comes soon after the last
    notebook.search("ethics")
    (notebook.settings.notes / "new.md").write_text("- new\n")
    said = []
    for _ in range(3):
        said.append(notebook.search("ethics").index.stale)
        for thread in threading.enumerate():
            if thread.name == "rescan":
                thread.join()
    assert said == [False, True, True]
    assert scanners == ["MainThread", "rescan", "MainThread", "MainThread"]
    monkeypatch.setattr(freshness, "_BURST_TIMES", 0.0)  # the next one comes much later
    (notebook.settings.notes / "new.md").unlink()
    assert not notebook.search("ethics").index.stale
    assert scanners[4:] == ["MainThread"]


def test_examples_steer(notebook: Notebook) -> None:
    def scores(**options: object) -> dict[str, float]:
        answer = notebook.search("ethics", 50, mode=Mode.DENSE, **options)  # type: ignore[arg-type]
        return {hit.text: hit.score for hit in answer.hits}

    plain = scores()
    more, less = scores(more_like=["courses/two.md:3"]), scores(less_like=["review.md:9"])
    assert more["dropout"] > plain["dropout"]
    assert less["no discussion of ethics"] < plain["no discussion of ethics"]


def test_example_that_is_not_there_is_an_error(notebook: Notebook) -> None:
    with pytest.raises(QueryError, match=r"no point at review\.md:999"):
        notebook.search("ethics", more_like=["review.md:999"])


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_empty_question_is_an_error(notebook: Notebook, question: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        notebook.search(question)


def test_endless_question_is_cut(notebook: Notebook) -> None:
    answer = notebook.search("x " * 500_000)
    assert answer.notices == ("the question has 500,000 words; only the first 5,000 are used",)


@pytest.mark.parametrize("question", ["\x00", "\ud800 ethics", '"ethics" AND NEAR(x', "\u202e!!!"])
def test_odd_question_is_answered(notebook: Notebook, question: str) -> None:
    assert notebook.search(question).hits


def test_words_that_no_note_has_find_nothing_by_words(notebook: Notebook) -> None:
    answer = notebook.search("zebra", mode=Mode.LEXICAL)
    assert (answer.hits, answer.answered) == ((), False)


def test_similar_leaves_out_itself_and_what_it_links_to(notebook: Notebook) -> None:
    hits = notebook.similar("review.md:9")
    assert "ethics of data" in [hit.text for hit in hits]
    assert {hit.note_id for hit in hits} == {"courses/two.md"}


def test_similar_of_a_whole_note(notebook: Notebook) -> None:
    assert "review.md" not in {hit.note_id for hit in notebook.similar("courses/two.md")}


def test_similar_to_nothing_is_an_error(notebook: Notebook) -> None:
    with pytest.raises(QueryError, match=r"no point at none\.md"):
        notebook.similar("none.md")


def test_question_before_the_first_build_says_what_to_do(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    with pytest.raises(IndexNotFound) as caught:
        open_notebook(write_notes(NOTES)).search("ethics")
    assert str(caught.value.hint).startswith("run `notepoint build`")


def test_published_address_is_given_with_the_site(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({"_posts/2020-04-07-review.md": "- no discussion of ethics\n"})
    notebook = open_notebook(folder, site_url="https://example.org/")
    notebook.build()
    (hit,) = notebook.search("ethics").hits
    assert hit.url == "https://example.org/2020/04/07/review.html"


def test_same_question_gives_the_same_answer(notebook: Notebook) -> None:
    one, other = notebook.search("ethics"), notebook.search("ethics")
    assert one.hits == other.hits


def test_reading_a_note_shows_it_as_it_is_now(notebook: Notebook) -> None:
    page = notebook.read_note("courses/two.md")
    assert page.info.title == "Course two"
    assert '<li data-line-start="3" data-line-end="3">dropout</li>' in page.html
    assert 'href="?p=review.md" data-place="review.md"' in page.html


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "none.md", "", "a\x00b"])
def test_only_notes_of_the_index_can_be_read(notebook: Notebook, name: str) -> None:
    with pytest.raises(Exception, match="the index has no note"):
        notebook.read_note(name)


def test_what_is_gone_does_not_speak_for_an_answer(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({"a.md": "- ethics of machines\n", "b.md": "- apples\n- pears\n"})
    notebook = open_notebook(folder)
    notebook.build()
    before = notebook.search("ethics of machines")
    (folder / "a.md").write_text("- something else\n")
    after = notebook.search("ethics of machines")
    assert before.answered
    assert not after.answered
    assert after.confidence < before.confidence


def test_what_was_read_into_a_question_is_told(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    class Spelling(FakeEncoder):
        def count_tokens(self, texts):  # type: ignore[no-untyped-def]
            return [3 if text == "ehtics" else len(text.split()) for text in texts]

    notebook = open_notebook(write_notes({"a.md": "- the ethics of it\n"}), encoder=Spelling())
    notebook.build()
    answer = notebook.search("any ehtics?")
    assert answer.reads == (("ehtics", "ethics"),)
    assert answer_text(answer).startswith(
        'Showing results for ethics; search instead for: any "ehtics"?\n'
    )
    assert answer_json(answer)["as_typed"] == answer.as_typed() == 'any "ehtics"?'
    assert answer_json(answer)["reads"] == [{"word": "ehtics", "read": "ethics"}]
    assert notebook.search("ethics").reads == ()


def test_topics_name_notes_with_the_nearest_heading_once() -> None:
    hits = [
        _hit_of("Course", ("Week 1", "Optimisers")),
        _hit_of("Course", ("Week 1", "Optimisers")),
        _hit_of("Review", ()),
        _hit_of("Review", ("Review",)),
    ]
    state = IndexState(1, 2, 4, False, "fake")
    answer = Answer("adam", False, 0.1, Mode.HYBRID, 1.0, state, tuple(hits), ())
    assert answer.topics() == ["Course > Optimisers", "Review"]
    assert answer.topics(1) == ["Course > Optimisers"]


def _hit_of(title: str, headings: tuple[str, ...]) -> Hit:
    return Hit(1, 1, "a.md", title, None, (), (), headings, (), 1, 1, "", "", (), 0.5, 0.5, 0.5, ())


def odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


@pytest.mark.parametrize("points", [True, False], ids=["points", "units"])
@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
def test_explanation_adds_up_to_the_score(notebook: Notebook, mode: Mode, *, points: bool) -> None:
    answer = notebook.search(
        "is there a discussion of ethics?", mode=mode, points=points, explain=True
    )
    assert answer.hits
    for hit, printed in zip(answer.hits, answer_json(answer)["hits"], strict=True):
        why = hit.explanation
        assert why is not None
        assert sum(change for _, change in why.steps) == pytest.approx(hit.score, abs=1e-3)
        assert sum(share for _, share in why.joined) == pytest.approx(why.steps[0][1], abs=1e-3)
        assert all(1 <= rank <= why.candidates for _, _, rank in why.retrievers)
        steps = printed["explanation"]["steps"]
        assert sum(step["change"] for step in steps) == pytest.approx(printed["score"], abs=1e-3)


def test_explanation_of_a_hit_names_what_found_it(notebook: Notebook) -> None:
    answer = notebook.search("is there a discussion of ethics?", points=True, explain=True)
    first = answer.hits[0].explanation
    assert first is not None
    assert {name: rank for name, _, rank in first.retrievers} == {
        "words": 1,
        "cosine": 1,
        "late interaction": 1,
    }
    assert {"cosine", "words", "late interaction"} <= dict(first.joined).keys()
    assert dict(first.words)["ethics"] > 0.9
    text = answer_text(answer)
    assert "why: words" in text
    assert f"score {answer.hits[0].score:.3f}: evidence joined" in text
    assert answer_json(answer)["hits"][0]["explanation"]["candidates"] == first.candidates


@pytest.mark.parametrize(
    "question",
    [
        "is there a discussion of ethics?",
        "what did I not like in the review?",
        "zebra giraffe",
        "pros and cons of the videos",
        "is anything said about volume?",
    ],
)
def test_explanation_of_the_verdict_adds_up_to_the_confidence(
    notebook: Notebook, question: str
) -> None:
    answer = notebook.search(question, explain=True)
    why = answer.explanation
    assert why is not None
    fitted = sum(effect for _, _, effect in why.signs)
    if not why.rules:
        assert odds(answer.confidence) == pytest.approx(fitted, abs=1e-6)
    else:
        assert why.rules[-1][1] == pytest.approx(answer.confidence)
    printed = answer_json(answer)["explanation"]
    assert sum(one["effect"] for one in printed["signs"]) == pytest.approx(fitted, abs=1e-4)
    assert (answer.confidence >= printed["maybe_above"]) == answer.answered
    text = answer_text(answer)
    assert f"verdict: {answer.verdict.value}, confidence {answer.confidence:.2f}" in text
    assert f"size of the first answer: {why.size}" in text


def test_explanation_names_filters_and_corrected_words(notebook: Notebook) -> None:
    where = NoteFilter(tags=("dl",), since=datetime.date(2020, 1, 1))
    answer = notebook.search("AlexNet tag:dl -volume", where=where, explain=True)
    why = answer.explanation
    assert why is not None
    assert ("tags", "dl") in why.filters
    assert ("since", "2020-01-01") in why.filters
    assert "filters: tags dl" in answer_text(answer)
    assert answer_json(answer)["explanation"]["question"] == "AlexNet"
    assert "read as: AlexNet" in answer_text(answer)


def test_nothing_is_explained_unasked(notebook: Notebook) -> None:
    answer = notebook.search("ethics")
    assert answer.explanation is None
    assert answer.hits[0].explanation is None
    assert "explanation" not in answer_json(answer)
    words = notebook.search("ethics", mode=Mode.LEXICAL, explain=True).hits[0].explanation
    assert words is not None
    assert [name for name, _, _ in words.retrievers] == ["words"]


def test_words_that_neither_model_nor_notes_know_leave_the_order_to_the_vectors(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = texts(notebook.search("zzqx", points=True))
    monkeypatch.setattr("indexer.retrieval.query.share_unknown", lambda *_: 1.0)
    answer = notebook.search("zzqx", points=True)
    assert texts(answer) == plain
    assert not answer.answered
    assert "ethics" in texts(notebook.search("ethics", points=True))[0]
