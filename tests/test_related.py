"""See also: only notes that say something the hits do not."""

from __future__ import annotations

from conftest import OpenNotebook, WriteNotes


def related(
    write_notes: WriteNotes, open_notebook: OpenNotebook, notes: dict[str, str], *, gone: str = ""
) -> list[str]:
    folder = write_notes(notes)
    notebook = open_notebook(folder)
    notebook.build()
    if gone:
        (folder / gone).unlink()
    answer = notebook.search("which gulls nest on the pier?", 1)
    return [note.note_id for note in answer.related_notes]


NOTES = {
    "gulls.md": "Many gulls nest on the pier, see [boats](boats.md).\n",
    "boats.md": "Boats lie in the harbour.\n",
    "other.md": "Nothing of the kind.\n",
}


def test_linked_note_is_named(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    assert related(write_notes, open_notebook, NOTES)[0] == "boats.md"


def test_note_that_is_gone_is_not(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    assert "boats.md" not in related(write_notes, open_notebook, NOTES, gone="boats.md")


def test_hub_is_not(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    more = {f"n{n}.md": f"note {n}, from [gulls](gulls.md)\n" for n in range(8)}
    links = "".join(f"- [{n}](n{n}.md)\n" for n in range(8))
    hub = {"index.md": f"[gulls](gulls.md)\n\n{links}"}
    found = related(write_notes, open_notebook, NOTES | more | hub)
    assert "index.md" not in found and "boats.md" in found
