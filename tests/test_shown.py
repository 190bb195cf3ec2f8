"""How the page draws what other tools write in their own way; every line stays where it is."""

from __future__ import annotations

import re

import pytest

from indexer.notes.markdown.render import render_note
from indexer.notes.markdown.shown import shown_source

ID = "64f1aaaa-bbbb-4ccc-8ddd-eeeeffff0001"
# What is written, and what the HTML holds, without line numbers.
CASES = {
    "quote of org": ("#+BEGIN_QUOTE\nTo be\n#+END_QUOTE", "<blockquote>\n<p>To be</p>"),
    "quote in an item": ("- #+BEGIN_QUOTE\n  To be\n  #+END_QUOTE", "<blockquote>\n<p>To be</p>"),
    "poem": ("#+begin_verse\nred\nblue\n#+end_verse", "<p>red<br>\nblue</p>"),
    "note of org": ("#+BEGIN_NOTE\nMind **it**\n#+END_NOTE", "callout-note"),
    "title of a note of org": ("#+BEGIN_TIP\na\n#+END_TIP", '<div class="callout-title">Tip</div>'),
    "pinned": ("#+BEGIN_PINNED\na\n#+END_PINNED", ">Pinned</div><p>a</p>"),
    "centred": ("#+BEGIN_CENTER\na\n#+END_CENTER", "<div><p>a</p>"),
    "code of org": ("#+BEGIN_SRC python\na*b*c\n#+END_SRC", 'language="python"><code>a*b*c'),
    "query": ('#+BEGIN_QUERY\n{:title "Open tasks"}\n#+END_QUERY', "query</span> Open tasks"),
    "short query": ("- {{query (todo TODO)}}", ">query</span>"),
    "block that is not found": (f"see (({ID}))", '>block</span>'),
    "block on its own line": (f"a\n\n(({ID}))", '>block</span>'),
    "embedded block": (f"a\n\n{{{{embed (({ID}))}}}}", '>block</span>'),
    "words to learn": ("{{cloze the answer}}", "the answer"),
    "video": ("{{video https://v.example/w?a=b}}", 'href="https://v.example/w?a=b"'),
    "admonition plug-in": ("```ad-note\ntitle: Own\nsome *words*\n```", ">Own</div><p>some <em>"),
    "directive of MyST": ("```{warning} Hot\ntouch\n```", "callout-warning"),
    "directive with options": ("```{tip}\n:class: x\ntouch\n```", ">Tip</div><p>touch</p>"),
    "kind above a quote": ("{: .note }\n> a\n> b", "callout-note"),
    "kind above a paragraph": ("{: .warning }\nwords", ">Warning</div><p>words</p>"),
    "kind below a quote": ("> words\n{: .prompt-tip }", ">Tip</div><p>words</p>"),
    "definition": ("Term\n: Meaning", "<dt>Term</dt>\n<dd>Meaning</dd>"),
    "footnote in the line": ("a^[so *it* is]", '<span class="aside">so <em>it</em> is</span>'),
    "mathematics of GitLab": ("$`a+b`$", 'data-tex="a+b"'),
    "id of a heading": ("# Head {#own}", "<h1>Head</h1>"),
    "id of a block": ("words ^own-id", "<p>words</p>"),
    "include": ("{{#include a.md}}", ">include</span>"),
    "low": ("H~2~O", "H<sub>2</sub>O"),
    "high": ("the 10^th^ day", "10<sup>th</sup> day"),
    "inserted": ("some ++new words++ here", "some <ins>new words</ins> here"),
    "keys": ("press ++ctrl+alt+x++", "<kbd>ctrl</kbd>+<kbd>alt</kbd>+<kbd>x</kbd>"),
    "abbreviation": ("an HTML\n\n*[HTML]: a *b*", '<p>an <abbr title="a *b*">HTML</abbr></p>'),
    "two words shortened": ("*[ISO 9]: a\nby ISO 9", '<p>by <abbr title="a">ISO 9</abbr></p>'),
    "abbreviation in a list": ("- C++\n\n*[C++]: c", '<li><abbr title="c">C++</abbr></li>'),
    "abbreviation that is not used": ("*[XML]: a secret", "<p>*[XML]: a secret</p>"),
    "abbreviation in code": ("`A` A\n\n*[A]: b", '<code>A</code> <abbr title="b">A</abbr>'),
    "short code of an emoji": ("at 10:30:45 :smile:", "<p>at 10:30:45 :smile:</p>"),
    "notice without words": ("{% include note.html %}", '<span class="chip"'),
}  # fmt: skip
HIDDEN = {
    "comment of org": "a\n\n#+BEGIN_COMMENT\nsecret\n#+END_COMMENT\n\nb",
    "title of org": "#+TITLE: secret\n\na",
    "properties of a block": f"- a\n  id:: secret-{ID}\n  collapsed:: true",
    "drawer": "a\n\n:LOGBOOK:\nCLOCK: [secret]\n:END:\n\nb",
    "template command": "a <% secret %> b",
    "address for references": '[secret]: https://a.example "T"\n\na',
}
KEPT = {
    "folders": "words in ~/a and ~/b, 5 ~ 6 ~ 7",
    "language": "words in C++ and x++ies++ and g++",
    "power": "words 2^8 and 2^9",
    "unfinished block": "#+BEGIN_NOTE\nwords",
    "code that begins a block": "```\n#+BEGIN_QUOTE\nwords\n#+END_QUOTE\n```",
    "cell of MyST": "```{code-cell}\nwords\n```",
}


def html_of(source: str) -> str:
    return re.sub(r' data-line-(?:start|end)="\d+"', "", render_note(source, ()))


@pytest.mark.parametrize("case", CASES)
def test_shown_as_what_it_means(case: str) -> None:
    source, expected = CASES[case]
    assert expected in html_of(source)


@pytest.mark.parametrize("case", HIDDEN)
def test_hidden_from_readers(case: str) -> None:
    html = html_of(HIDDEN[case])
    assert "secret" not in html
    assert "a" in html


@pytest.mark.parametrize("case", KEPT)
def test_anything_else_stays_as_it_is(case: str) -> None:
    assert "words" in html_of(KEPT[case])
    assert shown_source(KEPT[case]) == KEPT[case] or "unfinished" in case


@pytest.mark.parametrize("case", ["folders", "language", "power"])
def test_signs_without_a_pair_stay(case: str) -> None:
    assert html_of(KEPT[case]).strip() == f"<p>{KEPT[case]}</p>"


@pytest.mark.parametrize("source", [one for one, _ in CASES.values()] + [*HIDDEN.values()])
def test_lines_stay_where_they_are(source: str) -> None:
    assert shown_source(source).count("\n") == source.count("\n")
    html = render_note(f"{source}\n\nthe last line", ())
    number = source.count("\n") + 3
    assert f'<p data-line-start="{number}" data-line-end="{number}">the last line</p>' in html


def test_definition_is_shown_at_the_first_use_of_its_word() -> None:
    """Where its hit is marked; the definition itself is not drawn."""
    html = render_note("# T\n\nXHTML, HTML and HTML\n\n*[CSS]: c\n*[HTML]: h\n\n- CSS\n", ())
    assert html.count("<abbr") == 3
    assert '<abbr title="h" data-line-start="6" data-line-end="6">HTML</abbr> and <abbr' in html
    assert '<abbr title="c" data-line-start="5" data-line-end="5">CSS</abbr>' in html
    assert "*[" not in html


def test_drawing_shows_its_words_alone() -> None:
    drawing = (
        "---\nexcalidraw-plugin: parsed\n---\n# Excalidraw Data\n## Text Elements\nHello ^a1b2\n\n"
        '%%\n## Drawing\n```json\n{"type": "secret"}\n```\n%%'
    )
    html = render_note(drawing, ())
    assert "Hello" in html
    assert "secret" not in html


def test_block_of_another_note_is_an_embed() -> None:
    from indexer.records import Link, LinkKind

    link = Link("a.md", 1, "", f"(({ID}))", LinkKind.NOTE, ok=True, to="b.md", to_line=4)
    html = render_note(f"- see (({ID}))", (link,))
    assert 'class="embed"' in html
    assert 'data-place="b.md:4"' in html


def test_picture_has_the_width_it_is_given() -> None:
    html = render_note("![[a.png|200]] ![[a.png|80x40]] ![[a.png]]", (), lambda target: 0)
    assert re.findall(r'data-width="(\d+)"', html) == ["200", "80"]
    assert html.count("<img") == 3
