"""Builds index exactly the changes of the notes."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.errors import IndexOutdated, NotesError
from indexer.notebook import Notebook
from indexer.records import NoteFilter, Outcome
from indexer.store.opening import open_store

pytestmark = pytest.mark.every_store

NOTES = {
    "review.md": "# Review\n\n- no discussion of ethics\n- volume of videos changes\n",
    "deep/course.md": (
        "---\nlayout: page\n---\n# Course\n\n- batch norm\n\n[the review](../review.md)\n"
    ),
}


def settle(folder: Path) -> None:
    """Date files back: one written just now is read twice, lest a second quick edit be missed."""
    past = time.time_ns() - 10**10
    for path in folder.rglob("*.md"):
        os.utime(path, ns=(past, past))
    time.sleep(0.06)


def test_first_build_adds_every_note(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    report = open_notebook(write_notes(NOTES)).build()
    assert (report.notes_added, report.points_added, report.points_total) == (2, 4, 4)
    assert report.generation == 1
    assert {file.note_id: file.outcome for file in report.files} == {
        "review.md": Outcome.INDEXED,
        "deep/course.md": Outcome.INDEXED,
    }


def test_second_build_does_nothing(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    settle(folder)
    notebook = open_notebook(folder)
    notebook.build()
    encoder = notebook.encoder
    assert isinstance(encoder, FakeEncoder)
    encoder.encoded.clear()
    report = notebook.build()
    assert encoder.encoded == []
    assert (report.notes_unchanged, report.embedded, report.generation) == (2, 0, 1)


def test_edit_encodes_only_its_points(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    encoder = notebook.encoder
    assert isinstance(encoder, FakeEncoder)
    encoder.encoded.clear()
    text = NOTES["review.md"].replace("changes", "jumps") + "- a new point\n"
    (folder / "review.md").write_text("\n\n" + text)
    report = notebook.build()
    assert sorted(encoder.encoded) == ["a new point", "volume of videos jumps"]
    assert (report.notes_changed, report.points_added, report.points_removed) == (1, 2, 1)
    (hit,) = notebook.search("ethics", 1).hits
    assert hit.line_start == 5


def test_same_words_are_encoded_once(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        write_notes({"a.md": "# T\n\n- same\n- same\n", "b.md": "# T\n\n- same\n"})
    )
    report = notebook.build()
    assert (report.points_total, report.embedded) == (3, 1)


def test_undone_edit_encodes_nothing(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "review.md").write_text("# Review\n\n- something else\n")
    notebook.build()
    (folder / "review.md").write_text(NOTES["review.md"])
    assert notebook.build().embedded == 0


def test_deleted_note_is_gone(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "deep/course.md").unlink()
    report = notebook.build()
    assert (report.notes_removed, report.points_removed) == (1, 2)
    assert [note.note_id for note in notebook.notes()] == ["review.md"]


def test_renamed_note_keeps_its_vectors(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "review.md").rename(folder / "verdict.md")
    report = notebook.build()
    assert (report.notes_added, report.notes_removed, report.embedded) == (1, 1, 0)


def test_edit_with_same_size_and_restored_time_is_seen(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    settle(folder)
    notebook = open_notebook(folder)
    notebook.build()
    path = folder / "review.md"
    before = path.stat()
    path.write_text(NOTES["review.md"].replace("ethics", "morals"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert notebook.build().notes_changed == 1


def test_touched_note_is_read_but_not_changed(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    settle(folder)
    notebook = open_notebook(folder)
    notebook.build()
    settle(folder)
    (folder / "review.md").touch()
    report = notebook.build()
    assert (report.notes_unchanged, report.generation) == (2, 1)


def test_dry_run_changes_nothing(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "new.md").write_text("- new\n")
    report = notebook.build(dry_run=True)
    assert (report.notes_added, report.dry_run, report.generation) == (1, True, 1)
    assert len(notebook.notes()) == 2


def test_bad_note_stops_nothing(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    (folder / "picture.md").write_bytes(b"\x89PNG" + bytes(range(256)) * 20)
    report = open_notebook(folder).build()
    (bad,) = [file for file in report.files if file.outcome is Outcome.SKIPPED]
    assert (bad.note_id, report.notes_added, report.notes_skipped) == ("picture.md", 2, 1)
    assert "not text" in bad.warnings[0].message


def test_skipped_note_costs_nothing_the_second_time(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    (folder / "binary.md").write_bytes(b"\x00" * 100)
    (folder / "link.md").symlink_to("review.md")
    settle(folder)
    notebook = open_notebook(folder)
    assert notebook.build().notes_skipped == 2
    report = notebook.build()
    assert (report.notes_skipped, report.generation) == (2, 1)


def test_note_that_turns_bad_and_good_again(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "review.md").write_bytes(b"\x00" * 100)
    report = notebook.build()
    assert (report.notes_skipped, report.points_removed) == (1, 2)
    (folder / "review.md").write_text(NOTES["review.md"])
    report = notebook.build()
    assert (report.notes_added, report.points_added, report.notes_skipped) == (1, 2, 0)


def test_index_is_not_emptied_with_the_folder(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({f"{i}.md": f"- point {i}\n" for i in range(10)})
    notebook = open_notebook(folder)
    notebook.build()
    for i in range(7):
        (folder / f"{i}.md").unlink()
    with pytest.raises(NotesError, match="7 of 10 notes are no longer in") as caught:
        notebook.build()
    assert "--force" in (caught.value.hint or "")
    assert len(notebook.notes()) == 10
    assert notebook.build(force=True).notes_removed == 7


def test_renaming_most_notes_is_no_emptying(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({f"{i}.md": f"- point {i}\n" for i in range(10)})
    notebook = open_notebook(folder)
    notebook.build()
    (folder / "sub").mkdir()
    for i in range(10):
        (folder / f"{i}.md").rename(folder / "sub" / f"{i}.md")
    assert notebook.build().notes_removed == 10


def test_folder_without_notes_is_an_error(tmp_path: Path, open_notebook: OpenNotebook) -> None:
    (tmp_path / "table.csv").write_text("no note")
    with pytest.raises(NotesError, match="there are no notes"):
        open_notebook(tmp_path).build()


def test_other_model_is_refused_until_rebuilt(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    open_notebook(folder).build()
    other = open_notebook(folder, encoder=FakeEncoder(name="other", dimension=128))
    with pytest.raises(
        IndexOutdated, match=r"another model \(fake, 256 dimensions; now other, 128\)"
    ):
        other.build()
    with pytest.raises(IndexOutdated, match="another model"):
        other.search("ethics")
    report = other.build(rebuild=True)
    assert (report.notes_added, report.embedded) == (2, 4)
    assert other.search("ethics", 1).hits[0].text == "no discussion of ethics"


def test_other_chunking_rebuilds_by_itself(
    write_notes: WriteNotes, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    monkeypatch.setattr("indexer.indexing.versions.CHUNKING_VERSION", 999)
    report = notebook.build()
    assert (report.notes_added, report.embedded, report.points_total) == (2, 0, 4)


def test_rebuild_encodes_everything_again(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    assert notebook.build(rebuild=True).embedded == 4


def test_rebuild_repairs_a_damaged_index(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    store = Path(notebook.settings.store)
    for path in store.glob("index-*.db"):
        path.write_bytes(b"garbage" * 1000)
    notebook.close()
    assert notebook.build(rebuild=True).points_total == 4


def test_killed_build_goes_on_where_it_stopped(
    write_notes: WriteNotes, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.indexing.encode_queue.TEXTS_AT_ONCE", 2)
    folder = write_notes({"a.md": "".join(f"- point number {i}\n" for i in range(6))})

    class Stopping(FakeEncoder):
        def encode_points(self, *arguments, **options):  # type: ignore[no-untyped-def]
            if len(self.encoded) >= 4:
                raise KeyboardInterrupt
            return super().encode_points(*arguments, **options)

    with pytest.raises(KeyboardInterrupt):
        open_notebook(folder, encoder=Stopping()).build()
    assert open_notebook(folder).build().embedded == 2


def test_links_lead_to_notes(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    assert [(link.note_id, link.to) for link in notebook.links()] == [
        ("deep/course.md", "review.md")
    ]
    assert [link.note_id for link in notebook.backlinks("review.md")] == ["deep/course.md"]
    (folder / "review.md").rename(folder / "verdict.md")
    notebook.build()
    assert [link.ok for link in notebook.links(broken=True)] == [False]


def contents(notebook: Notebook) -> object:
    """Return the content of an index, without ids that depend on its history."""
    files, points = notebook.dump()
    store = open_store(notebook.settings.store, read_only=True)
    with store.view() as view:
        vectors = {}
        for dumped in points:
            vector = view.vectors([dumped.stored.point_id])[0]
            place = (dumped.note_id, dumped.stored.ordinal)
            vectors[place] = vector.tobytes()
        terms = view.term_counts(["point", "alpha", "beta", "gamma"])
        notes, labels, links = view.notes(), view.labels(), view.links_of()
    store.close()
    rows = [(d.note_id, d.stored.ordinal, d.stored.note, d.stored.point) for d in points]
    return files, rows, vectors, terms, notes, labels, links


WORDS = "alpha beta gamma delta ethics video batch norm point".split()


def random_note(rng: random.Random) -> str:
    lines = ["---", f"title: {rng.choice(WORDS)}", f"tags: [{rng.choice(WORDS)}]", "---", ""]
    for _ in range(rng.randrange(6)):
        text = " ".join(rng.choices(WORDS, k=rng.randint(1, 5)))
        target = f"[{rng.choice(WORDS)}](n{rng.randrange(5)}.md)" if rng.random() < 0.3 else ""
        lines.append(rng.choice(["- ", "  - ", "# ", ""]) + text + target)
    return "\n".join(lines) + "\n"


def edit(folder: Path, rng: random.Random) -> None:
    path = folder / rng.choice(["", "sub/"]) / f"n{rng.randrange(5)}.md"
    path.parent.mkdir(exist_ok=True)
    action = rng.choice(["write", "write", "append", "delete", "rename", "touch"])
    if action == "write" or not path.exists():
        path.write_text(random_note(rng))
    elif action == "append":
        path.write_text(path.read_text() + f"- {rng.choice(WORDS)} more\n")
    elif action == "delete":
        path.unlink()
    elif action == "rename":
        path.rename(folder / f"n{rng.randrange(5)}.md")
    else:
        path.touch()


@pytest.mark.parametrize(
    ("open_notebook", "seed"),
    [
        *(("embedded", seed) for seed in range(12)),
        *(pytest.param("server", seed, marks=pytest.mark.slow) for seed in range(3)),
    ],
    indirect=["open_notebook"],
)
def test_incremental_equals_rebuild(
    seed: int, tmp_path: Path, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "indexer.store.embedded.snapshot_keeper.MAX_OVERLAY", 3
    )  # so that snapshots are written
    rng = random.Random(seed)
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "always.md").write_text("- always here\n")
    grown = open_notebook(folder, place="grown")
    for step in range(12):
        edit(folder, rng)
        grown.build(force=True)
        assert grown.check() == []
        if step % 4 != 3:
            continue
        clean = open_notebook(folder, place=f"clean_{step}")
        clean.build()
        assert contents(grown) == contents(clean)
        for question in ("ethics", "batch norm point", "gamma delta"):
            one, other = grown.search(question), clean.search(question)
            assert [(h.note_id, h.line_start, h.text) for h in one.hits] == [
                (h.note_id, h.line_start, h.text) for h in other.hits
            ]
            assert [h.score for h in one.hits] == pytest.approx(
                [h.score for h in other.hits], abs=1e-5
            )


def test_vectors_of_both_kinds_agree(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    """The mapped snapshot answers as the rows do."""
    notebook = open_notebook(write_notes({"a.md": "".join(f"- point {i}\n" for i in range(50))}))
    notebook.build()
    store = open_store(notebook.settings.store, read_only=True)
    query = notebook.encoder.encode_query("point 7").vector
    with store.view() as view:
        found = dict(view.dense(query, 50, NoteFilter()))
        exact = view.cosines(query, list(found))
    store.close()
    assert found == pytest.approx(exact, abs=1e-3)
    assert np.argmax(list(found.values())) == 0


def test_report_is_plain_data(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    from indexer.render import build_json

    report = open_notebook(write_notes(NOTES)).build()
    assert json.loads(json.dumps(build_json(report)))["points"]["total"] == 4
