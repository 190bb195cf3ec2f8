"""Text and marks for programs in the dialects of many tools."""

from __future__ import annotations

import base64

import pytest
from fakes import FakeEncoder

from indexer.notes.note import parse_note
from indexer.records import Note, Point


def read(text: str, note_id: str = "n.md") -> Note:
    return parse_note(text.encode(), note_id, window=64, count_tokens=FakeEncoder().count_tokens)


def texts(text: str, note_id: str = "n.md") -> list[str]:
    return [point.text for point in read(text, note_id).points]


def point(text: str, words: str) -> Point:
    return next(found for found in read(text).points if words in found.text)


# --- parts that are not text --------------------------------------------------------------------


@pytest.mark.parametrize(
    "noise",
    [
        "%%\na private word\n\n- [[Nowhere]]\n%%\n",
        "%% one line %%\n",
        '%% kanban:settings\n```\n{"a": true}\n```\n%%\n',
        "<!-- hidden -->\n",
        "```dataview\nLIST FROM #boats\n```\n",
        "```tasks\nnot done\n```\n",
        "<%* tR += 1 %>\n",
        "{{< toc >}}\n",
        "{% include nav.html %}\n",
        "{{query (todo now)}}\n",
        "import Deck from '@site/Deck';\n\nexport const rope = {\n  long: 3,\n}\n",
        "[TOC]\n",
        "[[_TOC_]]\n",
        "* Contents\n{:toc}\n",
        "1. TOC\n{: toc max_level=2 }\n",
        "{{ $mast := .Params.mast }}\n",
        "- [ ]\n",
        "[← Back](a.md) | [Home](b.md) | [Next →](c.md)\n",
        "![](data:image/png;base64,iVBORw0KGgo=)\n",
        "```\n" + base64.b64encode(bytes(range(256)) * 3).decode() + "\n```\n",
        "```json\n" + '{"a":[' + ",".join(f'{{"k{i}":{i}}}' for i in range(90)) + "]}\n```\n",
    ],
)
def test_noise_is_no_point(noise: str) -> None:
    assert texts(f"First words.\n\n{noise}\nLast words.\n") == ["First words.", "Last words."]


def test_comment_within_a_line_is_left_out_and_lines_stay_true() -> None:
    note = read("The offer %%not yet\nsent%% stands.\n\nNext line.\n")
    assert [(p.text, p.line_start) for p in note.points] == [
        ("The offer stands.", 1),
        ("Next line.", 4),
    ]


def test_percent_signs_of_prose_stay() -> None:
    assert texts("It rose 5%% and then 7%% in a year.\n") == ["It rose 5%% and then 7%% in a year."]


def test_comment_that_never_ends_hides_nothing() -> None:
    assert "The rest stays." in texts("before\n\n%%\n\nThe rest stays.\n")


def test_settings_of_blocks_in_logseq_are_left_out() -> None:
    note = read(
        "- Oil the winch\n  id:: 0c1f4b7e-1111-4222-8333-abcdefabcdef\n  collapsed:: true\n"
        "\t- twice a season\n- TODO mend the sail\n  SCHEDULED: <2024-05-01 Wed>\n  :LOGBOOK:\n"
        "  CLOCK: [2024-05-01 Wed 10:00:00]\n  :END:\n"
    )
    assert [(p.text, p.parents) for p in note.points] == [
        ("Oil the winch", ()),
        ("twice a season", ("Oil the winch",)),
        ("TODO mend the sail", ()),
    ]


def test_marks_of_org_blocks_are_left_out() -> None:
    assert texts("- #+BEGIN_QUOTE\n  Calm sea.\n  #+END_QUOTE\n") == ["Calm sea."]


def test_drawing_is_its_words() -> None:
    blob = base64.b64encode(bytes(range(256)) * 20).decode()
    drawing = (
        "---\nexcalidraw-plugin: parsed\n---\n==⚠  Switch to EXCALIDRAW VIEW in the menu. ⚠==\n\n"
        "%%\n# Excalidraw Data\n\n## Text Elements\nKeel first ^aBcD1234\n\n"
        "Then the ribs ^eFgH5678\n\n"
        f"## Embedded Files\nabc: [[a.png]]\n\n%%\n## Drawing\n"
        f"```compressed-json\n{blob}\n```\n%%\n"
    )
    note = read(drawing, "Hull.excalidraw.md")
    assert note.title == "Hull"
    assert [p.text for p in note.points] == ["Keel first", "Then the ribs"]


def test_values_of_joplin_are_left_out() -> None:
    assert texts(
        "Rope list\n\nTen metres.\n\nid: 99ef6ed69d4d4058a92a50ca08bc2c03\nis_todo: 0\ntype_: 1"
    ) == ["Rope list", "Ten metres."]


def test_attributes_and_icons_are_left_out() -> None:
    assert texts("![a keel](k.png){ width=300 } stays :material-check:{ .big } dry\n") == [
        "a keel stays dry"
    ]
    note = read("## Fit the mast { #mast .wide }\n\nUpright.\n")
    assert note.points[0].heading_path == ("Fit the mast",)
    assert ("mast", 1) in note.anchors


def test_braces_of_prose_stay() -> None:
    assert texts("The set {a, b} and f{x} and { open\n") == ["The set {a, b} and f{x} and { open"]


# --- words within marks -------------------------------------------------------------------------


def test_admonition_of_mkdocs_is_prose_below_its_title() -> None:
    text = (
        '!!! warning "Before you sail"\n\n    Check the [tide](tide.md) first.\n\n    - wind\n'
        '\n??? tip\n    Reef early.\n\n=== "Ketch"\n\n    Two masts.\n'
    )
    assert texts(text) == [
        *("Before you sail", "Check the tide first.", "wind", "Reef early.", "Two masts.")
    ]
    assert point(text, "tide").parents == ("Before you sail",)
    assert point(text, "Reef").parents == ("Tip",)
    assert point(text, "Two").parents == ("Ketch",)


@pytest.mark.parametrize(
    ("opening", "parent"),
    [
        (":::caution", "Caution"),
        (":::tip[Old hands]", "Old hands"),
        (":::note Old hands", "Old hands"),
        ("::: {.callout-tip}", None),
    ],
)
def test_container_is_prose_below_its_title(opening: str, parent: str | None) -> None:
    text = f"{opening}\n\nKeep one hand for the ship.\n\n:::\n\nAfter it.\n"
    assert ":::" not in " ".join(texts(text))
    found = point(text, "one hand").parents
    assert not parent or found == (parent,)
    assert point(text, "After it.").parents == ()


def test_shortcodes_of_hugo_keep_their_words() -> None:
    text = (
        '{{< figure src="k.png" caption="The keel of last year" >}}\n\n'
        "{{% notice warning %}}\nMind the boom.\n{{% /notice %}}\n"
    )
    assert texts(text) == ["The keel of last year", "Mind the boom."]


def test_details_parent_what_they_fold() -> None:
    text = (
        "<details><summary>Why two anchors?</summary>\n\nBecause **one** may drag.\n\n"
        "</details>\n\nOutside.\n"
    )
    assert point(text, "one may drag").parents == ("Why two anchors?",)
    assert point(text, "Outside").parents == ()


def test_markdown_within_html_is_read() -> None:
    note = read("<div>\nSee [[Chain]] and [rope](rope.md) **now**.\n</div>\n")
    (found,) = note.points
    assert found.text == "See Chain and rope now."
    assert [link.target for link in found.links] == ["Chain", "rope.md"]


def test_component_is_a_tag_and_its_words_stay() -> None:
    assert texts('<Hint>Coil it clockwise.</Hint>\n\n<Deck kind="teak" />\n') == [
        "Coil it clockwise."
    ]


def test_definition_has_its_term_above() -> None:
    text = (
        "Halyard\n: A rope that raises a sail.\n: A fee, long ago.\n\n"
        "Sheet\n\n:   A rope that trims.\n\n    Not a cloth.\n"
    )
    assert point(text, "raises").parents == ("Halyard",)
    assert point(text, "fee").parents == ("Halyard",)
    assert point(text, "trims").parents == ("Sheet",)
    assert point(text, "cloth").parents == ("Sheet",)
    assert not any(found.startswith(":") for found in texts(text))


def test_admonition_of_a_plugin_is_prose() -> None:
    assert texts("```ad-note\ntitle: Tide\nHigh at *noon*.\n```\n") == ["Tide", "High at noon."]


# --- words that look like marks -----------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "run git checkout <branch> now",
        "the type is List<String> or Vec<u8>",
        "<main>: push the frame pointer",
        "if x<y and y>z then swap",
        "replace <your name> and <path>",
        "a <- b <= c",
        "Map<K, List<V>> is long",
    ],
)
def test_words_in_angle_brackets_stay(words: str) -> None:
    assert texts(f"{words}\n") == [words]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("press <kbd>Ctrl</kbd> now<br>next", "press Ctrl now next"),
        ("H<sub>2</sub>O and <b>bold</b>", "H2O and bold"),
        ('<span style="x">seen</span>', "seen"),
    ],
)
def test_html_is_not_shown(source: str, shown: str) -> None:
    assert texts(f"{source}\n") == [shown]


def test_sentence_above_a_rule_is_a_point() -> None:
    note = read("We left at dawn and were back by noon.\n---\n\nSmall title\n---\n\nBody.\n")
    assert [p.text for p in note.points] == ["We left at dawn and were back by noon.", "Body."]
    assert note.points[1].heading_path == ("Small title",)


def test_pipes_of_a_formula_or_link_cut_no_cell() -> None:
    text = "| Name | Value |\n|---|---|\n| norm | $|x| + |y|$ |\n| crew | [[Ann Lee|Ann]] |\n"
    assert texts(text) == ["Name: norm | Value: $|x| + |y|$", "Name: crew | Value: Ann (Ann Lee)"]


def test_term_of_a_definition_list_is_one_point_above_its_definition() -> None:
    note = read("Halyard\n: Hoists a sail.\n\nSheet\n\n: Trims it.\n")
    assert [(p.text, p.line_start, p.line_end, p.parents) for p in note.points] == [
        ("Halyard", 1, 1, ()),
        ("Hoists a sail.", 2, 2, ("Halyard",)),
        ("Sheet", 4, 4, ()),
        ("Trims it.", 6, 6, ("Sheet",)),
    ]


@pytest.mark.parametrize(
    "attributes",
    ["{max-height: 90px, margin: 0 auto, display: block}", "{ width=90 }", "{: .wide }"],
)
def test_attributes_of_a_picture_are_no_text(attributes: str) -> None:
    assert texts(f"![the mast](mast.png){attributes}\n") == ["the mast"]


def test_markdown_in_the_words_of_a_shortcode_is_read() -> None:
    note = read(
        '{{< figure src="sloop.jpg" caption="The [sloop](https://example.org/s) of *oak*" >}}\n\n'
        'It leaks{{< sidenote note="See [[Caulking]] **soon**." >}} at night.\n'
    )
    assert [p.text for p in note.points] == [
        "The sloop of oak",
        "It leaks See Caulking soon. at night.",
    ]
    assert [(link.text, link.target) for p in note.points for link in p.links] == [
        ("The sloop of oak", "sloop.jpg"),
        ("sloop", "https://example.org/s"),
        ("Caulking", "Caulking"),
    ]


def test_code_and_queries_between_marks_of_org() -> None:
    text = (
        "- trim\n  #+BEGIN_SRC clojure\n  {:sail\n   [?a]}\n  #+END_SRC\n"
        "- list\n  #+BEGIN_QUERY\n  {:title [[Boats]]\n   :query [:find ?b]}\n  #+END_QUERY\n"
        "- #+BEGIN_QUOTE\n  Fair winds.\n  #+END_QUOTE\n\n#+begin_example\na * b *\n#+end_example\n"
        "\n#+BEGIN_SRC is never closed\n\nlast\n"
    )
    assert texts(text) == ["trim\n{:sail\n [?a]}", "list", "Fair winds.", "a * b *", "last"]
    assert read(text).points[0].line_end == 5
    assert not [link for p in read(text).points for link in p.links]


def test_bullets_indented_by_tabs_below_a_heading_are_bullets() -> None:
    note = read("# Use\n\t- hoist\n\t\t- slowly\n\t- lower\n\n# Code\n\n    - x: 1\n")
    assert [(p.text, p.line_start, p.parents) for p in note.points] == [
        ("hoist", 2, ()),
        ("slowly", 3, ("hoist",)),
        ("lower", 4, ()),
        ("- x: 1", 8, ()),
    ]


def test_name_of_an_option_in_a_comment_is_a_place() -> None:
    found = dict(
        read("#### <!-- md:setting sail.area -->\n\n<!-- md:option type:jib -->\n").anchors
    )
    assert (found["sailarea"], found["typejib"]) == (1, 3)
    assert not dict(read("words\n\n<!-- md:default none -->\n").anchors)


def test_several_terms_share_their_definitions() -> None:
    note = read("Sheet\nHalyard\n: A [rope](rope.md).\n: A wire.\n\nlunch at\n12:30 : soup\n")
    assert [(p.text, p.line_start, p.parents) for p in note.points] == [
        ("Sheet", 1, ()),
        ("Halyard", 2, ()),
        ("A rope.", 3, ("Halyard",)),
        ("A wire.", 4, ("Halyard",)),
        ("lunch at 12:30 : soup", 6, ()),
    ]


def test_bars_in_code_and_formulas_cut_no_cell() -> None:
    table = "| size | how |\n|---|---|\n| $|v|$ | `a|b` |\n| one | two \\| half | three |\n"
    assert texts(table)[-2:] == ["size: $|v|$ | how: a|b", "one | two | half | three"]


def test_components_of_mdx_keep_their_words_alone() -> None:
    text = (
        "# Rig {/* #rig */}\n\n"
        '<Card title="Boom" icon={<Icon name="a" />} on={() => {go()}}>\n'
        "  Holds the **foot**.\n</Card>\n\n"
        "<CodeGroup>\n```bash npm\nhoist main\n```\n</CodeGroup>\n\n{props.children}\n\n"
        "{/* not a word */}\n\nA {value} stays.\n\n"
        '<Method args={[{ a: { b: 1 } }]} returns="Promise<void>" />\n'
    )
    note = read(text, "n.mdx")
    assert [(p.text, *p.parents) for p in note.points] == [
        ("Boom",),
        ("Holds the foot.", "Boom"),
        ("hoist main",),
        ("A {value} stays.",),
    ]
    assert (note.title, note.tags, ("rig", 1) in note.anchors) == ("Rig", (), True)


def test_quarto_captions_labels_and_spans() -> None:
    text = (
        '```{python}\n#| label: fig-tide\n#| fig-cap: "High tide"\nplot()\n```\n\n'
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n: Tides of May {#tbl-tides}\n\n"
        "$$\nx = y\n$$ {#eq-x}\n\nA [small]{.smallcaps} word.\n"
    )
    assert texts(text) == [
        "High tide\nplot()",
        "a: 1 | b: 2",
        "Tides of May\n$$\nx = y\n$$",
        "A small word.",
    ]


def test_outline_of_logseq_names_no_page_and_hides_its_marks() -> None:
    note = read(
        "- # Plan\n\t- DOING [#A] varnish #urgent\n\t- collapsed:: true\n\t  second coat\n"
        "\t- ```js\n\t  let x = 1\n\t  ```\n- LATER call\n  DEADLINE: <2031-03-05 Wed>\n",
        "pages/Trip.md",
    )
    assert (note.title, note.tags) == ("Trip", ("urgent",))
    assert [p.text for p in note.points] == [
        "DOING [#A] varnish #urgent",
        "second coat",
        "let x = 1",
        "LATER call",
    ]


def test_properties_of_a_page_that_notion_exported() -> None:
    name = f"Plan {'0123456789abcdef' * 2}.md"
    text = "# Plan: B\n\nStatus: open\nTags: oak, ash\nCreated: March 5, 2031 4:00 PM\n\nWords.\n"
    note = read(text, name)
    assert (note.title, str(note.date), note.tags) == ("Plan: B", "2031-03-05", ("oak", "ash"))
    assert [(p.text, p.line_start) for p in note.points] == [
        ("Status: open | Tags: oak, ash", 3),
        ("Words.", 7),
    ]
    assert read(text, "Plan.md").tags == ()
