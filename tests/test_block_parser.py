"""Our parser of blocks makes the tokens that the library's makes."""

from __future__ import annotations

import dataclasses

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.notes.markdown.block_parser import BlockParser
from indexer.notes.markdown.render import render_note

TEXT = """# Head *line*

- one
  - two

    text

> quote
> > inner

1. first

| a | b |
|:--|--:|
| c |
| `d` | e |

```py
code
```

    indented

Under
=====

***

<div>html</div>

[x]: y "z"
"""


def test_tokens_are_those_of_the_library() -> None:
    ours, theirs = (MarkdownIt("commonmark").enable("table") for _ in range(2))
    ours.block = BlockParser(ours.block.ruler)
    made = ours.parse(TEXT)
    assert made == theirs.parse(TEXT)
    for token in made:
        for field in dataclasses.fields(Token):
            assert hasattr(token, field.name)


def test_tokens_share_no_attributes() -> None:
    first, second, *_ = BlockParser(MarkdownIt().block.ruler).parse("a\n\nb", MarkdownIt(), {}, [])
    first.attrs["x"] = first.meta["y"] = 1
    assert second.attrs == second.meta == {}


def test_cells_are_drawn_with_their_alignment() -> None:
    html = render_note("|a|b|\n|:-:|-|\n|c|\n|d|e|\n", ())
    assert html.count("<td") == html.count("</td>") == 4 and html.count("<tr") == 3
    assert '<td data-align="center"' in html and ">e</td>" in html
