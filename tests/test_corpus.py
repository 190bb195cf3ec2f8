"""The sample notes have the required content, and the real model answers from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from indexer.notebook import Notebook
from indexer.notes.note import parse_note
from indexer.records import BlockKind, LinkKind, Note, Outcome

CORPUS = ROOT / "corpus"
REVIEW = "2020-04-07-deeplearningai-review.md"
COURSES = {
    "2020-04-07-deeplearningai-nns-and-dl.md": 4,
    "2020-04-07-deeplearningai-improving-dnn.md": 3,
    "2020-04-07-deeplearningai-structuring-ml-projects.md": 2,
    "2020-04-07-deeplearningai-convnets.md": 4,
    "2020-04-07-deeplearningai-sequence.md": 3,
}


def read(name: str) -> Note:
    content = (CORPUS / name).read_bytes()
    return parse_note(
        content, name, window=254, count_tokens=lambda texts: [len(t) // 3 for t in texts]
    )


def test_corpus_is_the_review_and_its_five_courses() -> None:
    assert {path.name for path in CORPUS.glob("*.md")} == {REVIEW, *COURSES}


@pytest.mark.parametrize("name", [REVIEW, *COURSES])
def test_notes_are_read_without_a_warning(name: str) -> None:
    note = read(name)
    assert (note.outcome, note.warnings) == (Outcome.INDEXED, ())
    assert str(note.date) == "2020-04-07"
    assert note.categories == ("Deep Learning",)
    assert "deeplearning" in note.tags


def test_review_has_eleven_points_of_critique() -> None:
    points = [p for p in read(REVIEW).points if p.heading_path == ("What could be better",)]
    bullets = [p for p in points if p.kind is BlockKind.ITEM and not p.parents]
    assert len(bullets) == 11
    assert all(point.line_start == point.line_end for point in bullets)


@pytest.mark.parametrize("name", COURSES)
def test_course_notes_are_full(name: str) -> None:
    note = read(name)
    source = (CORPUS / name).read_text("utf-8")
    points = [p for p in note.points if not p.lead_in and p.kind is not BlockKind.HEADING]
    assert len(points) >= 80
    weeks = {p.heading_path[0].partition(":")[0] for p in points if p.heading_path}
    assert {f"Week {i}" for i in range(1, COURSES[name] + 1)} <= weeks
    assert any(p.parents for p in points)
    assert any(p.lead_in for p in note.points)
    assert any(p.kind is BlockKind.ROW for p in points)
    assert "```python" in source
    assert "$" in source


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """The corpus, indexed by the real model."""
    import os

    os.environ["NOTEPOINT_CACHE"] = str(ROOT / ".cache")
    store = tmp_path_factory.mktemp("corpus")
    with Notebook(CORPUS, store=str(store), site_url="https://example.org") as made:
        made.build()
        yield made
        assert made.check() == []


@pytest.mark.slow
def test_every_link_between_the_notes_leads_there(notebook: Notebook) -> None:
    links = notebook.links()
    notes = [link for link in links if link.kind in (LinkKind.NOTE, LinkKind.ANCHOR)]
    assert [link for link in notes if not link.ok] == []
    assert {link.to for link in notebook.links(REVIEW) if link.to} == set(COURSES)
    assert {link.note_id for link in notebook.backlinks(REVIEW)} == set(COURSES)


@pytest.mark.slow
def test_reversed_link_is_read_as_it_was_meant(notebook: Notebook) -> None:
    (link,) = [link for link in notebook.links(broken=True)]
    assert link.target == "https://www.coursera.org/specializations/deep-learning"
    assert link.fix == f"[{link.text}]({link.target})"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("does it talk about ethics?", 14),
        ("Is the moral side of AI covered?", 14),
        ("Is EDA covered enough?", 15),
        ("loudness of the videos", 17),
        ("Does the class point to papers for digging deeper?", 19),
        ("Is k-fold cross validation mentioned?", 21),
        ("equivariance or invariance to translation?", 24),
    ],
)
def test_critique_is_found_in_other_words(notebook: Notebook, question: str, line: int) -> None:
    hits = notebook.search(question, 5).hits
    assert (REVIEW, line) in [(hit.note_id, hit.line_start) for hit in hits]


@pytest.mark.slow
def test_published_address_is_that_of_a_post(notebook: Notebook) -> None:
    hit = notebook.search("does it talk about ethics?", 1).hits[0]
    assert hit.url == f"https://example.org/{Path(REVIEW).stem}.html"
