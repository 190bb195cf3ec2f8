"""What an answer prints stays small, whatever a note repeats with each of its points."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.compact import compact, compact_json, compact_text
from indexer.launchers import FORMATS
from indexer.render import answer_json, hits_text, to_json
from indexer.render_markdown import answer_markdown
from indexer.unit_text import answer_text
from indexer.web.export import to_csv

ITEMS = "".join(f"- zebra {i} alpha\n" for i in range(12))


def head(text: str) -> str:
    return f"---\n{text}\n---\n\n{ITEMS}"


def each(text: str) -> str:
    return "".join(f"- zebra {i} {text.replace('{}', str(i))}\n" for i in range(12))


SHAPES = {
    "tags": head(f"tags: [{', '.join(f't{i}' for i in range(3_000))}]"),
    "one long tag": head(f"tags: [{'t' * 4_000}]"),
    "aliases": head(f"aliases: [{', '.join(f'alias {i}' for i in range(3_000))}]"),
    "categories": head(f"categories: [{', '.join(f'c{i}' for i in range(3_000))}]"),
    "properties": head("\n".join(f"k{i}: {'word ' * 30}" for i in range(300))),
    "one long property": head(f"k: {'word ' * 800}"),
    "long keys": f"+++\n{'k' * 9_000} = 'x'\n+++\n\n{ITEMS}",
    "links": each(" ".join(f"[a{i}](b{{}}-{i}.md)" for i in range(300))),
    "addresses": each(f"[a](http://e.org/{'x' * 9_000}{{}})"),
    "pictures": each(f"![a](data:image/png;base64,{'A' * 9_000}{{}})"),
    "references": each("[r{}]")
    + "\n"
    + "\n".join(f"[r{i}]: http://e.org/{'y' * 9_000}" for i in range(12)),
    "texts of links": each(f"[{'word ' * 200}](b{{}}.md)"),
    "links in a section": "# zebra\n\n" + each(" ".join(f"[[n{i}-{{}}]]" for i in range(60))),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("question", ["zebra", "what do my notes say about zebra?"])
def test_ten_hits_are_small(
    shape: str, question: str, write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({"a.md": SHAPES[shape]})
    notebook = open_notebook(folder)
    notebook.build()
    for explain in (False, True):
        answer = notebook.search(question, 10, points=explain, explain=explain)
        assert len(answer.hits) >= 10
        short = compact(answer, links=True)
        sizes = {
            "text": answer_text(answer),
            "points": hits_text(answer.hits),
            "compact": compact_text(short),
            "compact json": to_json(compact_json(short)),
            "markdown": answer_markdown(answer),
            "csv": to_csv(answer),
            **{name: write(answer, Path(folder)) for name, write in FORMATS.items()},
        }
        assert {name: len(text) for name, text in sizes.items() if len(text) > 60_000} == {}
        assert len(sizes["text"]) <= 28_000 and len(to_json(answer_json(answer))) <= 250_000


def test_cut_lists_say_so(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    tags = ", ".join(f"t{i}" for i in range(40))
    links = " ".join(f"[a{i}](b{i}.md)" for i in range(30))
    notebook = open_notebook(
        write_notes({"a.md": f"---\ntags: [{tags}]\n---\n\n- zebra {links}\n"})
    )
    notebook.build()
    said = hits_text(notebook.search("zebra", 1).hits)
    assert "and 28 more tags" in said and "and 18 more links" in said
    assert notebook.search("tag:t39 zebra").hits
