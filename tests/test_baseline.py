"""Chance is measured with a build, for the generation of the question."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder

import indexer.retrieval.baseline
from indexer.indexing.build import BuildOptions, build
from indexer.notes.folder import NotesFolder
from indexer.retrieval.baseline import EVERYDAY_QUESTIONS, Chance, measure_chance
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.query import Query
from indexer.retrieval.search import Searcher
from indexer.store.embedded.store import EmbeddedStore

OPTIONS = BuildOptions()


class Counting(FakeEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_query(self, text: str):  # type: ignore[no-untyped-def]
        self.asked.append(text)
        return super().encode_query(text)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("- why is the grass green?\n- tides rise\n")
    return folder


def test_it_is_the_mean_of_the_highest_cosines(notes: Path, tmp_path: Path) -> None:
    encoder = FakeEncoder()
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, encoder, OPTIONS)
        with store.view() as view:
            ids = [point.point_id for point in view.points_of("a.md")]
            vectors = view.vectors(ids)
            asked = np.stack([encoder.encode_query(q).vector for q in EVERYDAY_QUESTIONS])
            expected = (asked @ vectors.T).max(axis=1).mean()
            assert measure_chance(view, encoder).mean == pytest.approx(expected, abs=1e-4)
            assert view.header().chance == pytest.approx(expected, abs=1e-4)
    assert 0.1 < expected < 0.9


def test_a_build_with_nothing_to_do_measures_nothing(notes: Path, tmp_path: Path) -> None:
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, FakeEncoder(), OPTIONS)
        again = Counting()
        build(NotesFolder(notes, 1 << 20), store, again, OPTIONS)
        assert again.asked == []
        with store.building():
            store.keep_chance(0, 0.9, b"")
        build(NotesFolder(notes, 1 << 20), store, again, OPTIONS)
        assert tuple(again.asked) == EVERYDAY_QUESTIONS


def test_edit_compares_new_points_and_replaces_removed_ones(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any edit, it equals a new measurement, and no question is encoded again."""
    texts = [f"- {question}\n" for question in EVERYDAY_QUESTIONS] + ["- tides rise\n"] * 5
    generator = random.Random(5)
    monkeypatch.setattr(indexer.retrieval.baseline, "_MOST_NEW", 12)
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, FakeEncoder(), OPTIONS)
        encoder = Counting()
        seen = set()
        for number in range(40):
            path = notes / f"n{generator.randrange(6)}.md"
            path.write_text("".join(generator.choices(texts, k=generator.choice((0, 1, 3, 20)))))
            if number % 7 == 6:
                path.unlink()
            build(NotesFolder(notes, 1 << 20), store, encoder, OPTIONS)
            assert encoder.asked == []
            with store.view() as view:
                found = Chance.unpack(view.chance_trace(), encoder)
                assert found is not None
                wanted = measure_chance(view, FakeEncoder())
                assert found.cosines == pytest.approx(wanted.cosines, abs=1e-5)
                assert found.last == wanted.last == max(view.newest(1), default=0)
                assert view.header().chance == pytest.approx(wanted.mean, abs=1e-5)
                seen.add(round(wanted.mean, 3))
    assert len(seen) > 10


def test_measurement_of_other_questions_or_vectors_is_repeated(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = FakeEncoder()
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, encoder, OPTIONS)
        with store.view() as view:
            trace = view.chance_trace()
    assert Chance.unpack(trace, encoder) is not None
    assert Chance.unpack(b"", encoder) is None
    for place in range(0, len(trace), 97):
        changed = bytearray(trace)
        changed[place] ^= 1
        assert Chance.unpack(bytes(changed), encoder) is None
    assert Chance.unpack(trace, FakeEncoder(window=17)) is None
    monkeypatch.setattr(indexer.retrieval.baseline, "EVERYDAY_QUESTIONS", EVERYDAY_QUESTIONS[1:])
    assert Chance.unpack(trace, encoder) is None


def test_an_index_without_it_is_measured_when_asked_and_once(notes: Path, tmp_path: Path) -> None:
    encoder = Counting()
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, encoder, OPTIONS)
        searcher = Searcher(store, encoder, Freshness(NotesFolder(notes, 1 << 20), encoder))
        kept = searcher.search(Query("why do tides rise?")).confidence
        with store.building():
            store.keep_chance(0, 0.9, b"")  # of another generation, as a killed build leaves it
        encoder.asked.clear()
        answers = [searcher.search(Query("why do tides rise?")) for _ in range(2)]
        assert [one.confidence for one in answers] == pytest.approx([kept] * 2, abs=1e-4)
        assert len(encoder.asked) == len(EVERYDAY_QUESTIONS) + 2


def test_notes_without_points_have_none(notes: Path, tmp_path: Path) -> None:
    (notes / "a.md").write_bytes(b"\x00" * 100)
    with closing(EmbeddedStore(tmp_path / "index")) as store:
        build(NotesFolder(notes, 1 << 20), store, FakeEncoder(), OPTIONS)
        with store.view() as view:
            assert view.header().points == 0
            assert view.header().chance == 0.0
