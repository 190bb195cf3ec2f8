"""Text of notes, pasted as Markdown, has no HTML, picture or link that the note did not have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from indexer.records import Link, LinkKind
from indexer.render_markdown import _link_markdown, plain_markdown
from indexer.web.export import _cell

ACTIVE = {"link_open", "image", "html_inline", "html_block"}
SIGNS = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "<",
    ">",
    ":",
    "\\",
    "&",
    ";",
    "#",
    "`",
    "a",
    " ",
    "javascript:",
    "x",
]
WRITTEN = st.lists(st.sampled_from(SIGNS), max_size=14).map("".join)


def kinds_of(markdown: str) -> list[tuple[str, str]]:
    """Return the kinds of tokens that a reader of Markdown makes, with the address of each."""
    found = []
    for token in MarkdownIt("commonmark").parse(markdown):
        for one in (token, *(token.children or ())):
            if one.type in ACTIVE:
                found.append((one.type, str(one.attrs.get("href") or one.attrs.get("src") or "")))
    return found


@settings(deadline=None)
@given(WRITTEN)
def test_text_makes_nothing_active(text: str) -> None:
    assert kinds_of(f"> {plain_markdown(text)}\n>\n> -- a") == []


@pytest.mark.parametrize(
    "text",
    [
        "![a](http://e.org/seen.png)",
        "[a](javascript:alert(1))",
        "[a]: javascript:alert(1)",
        "![a][b]",
        "<img src=x onerror=alert(1)>",
        r"\<script>",
        r"\[a\](javascript:alert(1))",
        "<javascript:alert(1)>",
    ],
)
def test_code_of_a_note_stays_text(text: str) -> None:
    assert kinds_of(plain_markdown(text)) == []


@settings(deadline=None)
@given(WRITTEN, st.sampled_from(["https://e.org", "a.md", "b(c).md", "d&#58;e.md", "&amp;#106;x"]))
def test_link_leads_only_where_it_led(text: str, target: str) -> None:
    link = Link("a.md", 1, text or "x", target, LinkKind.URL, ok=True)
    found = kinds_of(_link_markdown(link))
    assert [kind for kind, _ in found] == ["link_open"]
    assert not found[0][1].startswith("javascript")


@pytest.mark.parametrize(
    "target", ["&#106;avascript:alert(1)", "&#x6A;avascript:alert(1)", "java&Tab;script:x"]
)
def test_address_with_entities_is_no_script(target: str) -> None:
    link = Link("a.md", 1, "x", target, LinkKind.URL, ok=True)
    for _, address in kinds_of(_link_markdown(link)):
        assert not address.lower().startswith("javascript:")


@pytest.mark.parametrize(
    "cell", ["=1", " =1", "\ufeff=1", "\u200b+1", "\uff1d1", "\t1", "\n=1", "@a", "\uff20a"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert _cell(cell) == f"'{cell}"
    assert _cell("a = 1") == "a = 1" and _cell(5) == 5
