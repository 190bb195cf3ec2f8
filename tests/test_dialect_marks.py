"""Comments, components, containers, values and marks of many tools, in notes of one boat yard."""

from __future__ import annotations

import base64

import pytest
from fakes import FakeEncoder

from indexer.notes.markdown.source import clean_source
from indexer.notes.note import parse_note
from indexer.records import Note, Outcome, Point


def read(text: str, note_id: str = "n.md") -> Note:
    return parse_note(text.encode(), note_id, window=64, count_tokens=FakeEncoder().count_tokens)


def texts(text: str, note_id: str = "n.md") -> list[str]:
    return [point.text for point in read(text, note_id).points]


def point(text: str, words: str) -> Point:
    return next(found for found in read(text).points if words in found.text)


CODED = base64.b64encode(bytes(range(256)) * 4).decode()


@pytest.mark.parametrize(
    "noise",
    [
        "{# only for the template #}\n",
        "{# over\ntwo lines #}\n",
        "{% comment %}not yet{% endcomment %}\n",
        "{%- comment -%}\nnot\n\nyet\n{%- endcomment -%}\n",
        "{{< comment >}}\nnot yet\n{{< /comment >}}\n",
        "{{/* not yet */}}\n",
        "{/*\nnot yet\n\nnor now\n*/}\n",
        "{::comment}\nnot yet\n{:/comment}\n",
        "import Deck, {\n  Mast,\n} from './deck';\n",
        "<Deck\n  size={1}\n  parts={[\n    { name: 'x' },\n  ]}\n  draw={() => <b>y</b>}\n/>\n",
        "{boats.map((boat) => (\n  <Boat key={boat} />\n))}\n",
        '--8<-- "parts/mast.md"\n',
        "\\newpage\n",
        "<--->\n",
        "|---|---|\n",
        "+---+---+\n",
        "===\n",
        "`INPUT[toggle:wet]`\n",
        "```toc\nmin_depth: 2\n```\n",
        "```{toctree}\n:maxdepth: 2\n\nmast\nhull\n```\n",
        "« [[2031-04-01]] | [[2031-04-03]] »\n",
        "([back to top](#top))\n",
        "\n".join(CODED[i : i + 64] for i in range(0, 640, 64)) + "\n",
        "```\n" + "\n".join(CODED[i : i + 76] for i in range(0, 760, 76)) + "\n9PX=\n```\n",
        f"{CODED}\n",
        "```js\n" + "var a=1;function b(c){return c+a};" * 40 + "\n```\n",
    ],
)
def test_marks_of_programs_are_no_point(noise: str) -> None:
    assert texts(f"First words.\n\n{noise}\nLast words.\n") == ["First words.", "Last words."]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "Tar {++twice++} {--once--} {~~a year~>a season~~}{>>who?<<}.",
            "Tar twice once a season.",
        ),
        ("Press ++ctrl+alt+s++ now", "Press ctrl+alt+s now"),
        ("H~2~O on the 10^th^", "H2O on the 10th"),
        ("A ^^bright^^ hull ==#painted==", "A bright hull #painted"),
        ("Oak^[from the north] planks", "Oak (from the north) planks"),
        ("*[GRP]: Glass reinforced plastic", "GRP: Glass reinforced plastic"),
        ("- [/] caulk the seams", "caulk the seams"),
        ("{{cloze forty feet}} long", "forty feet long"),
        ("Set `#!css --mast` and `#!/bin/sh`", "Set --mast and #!/bin/sh"),
        ("{% raw %}{{ draught }}{% endraw %} is a value", "{{ draught }} is a value"),
        (
            "__init__ and <?php echo 1 ?>",
            "__init__ and <?php echo 1 ?>",
        ),
        ("Code `a^th^ {++b++}` stays", "Code a^th^ {++b++} stays"),
        ("+---+---+\n| oak | ash |\n+===+===+\n| 3 | 4 |\n+---+---+", "oak | ash"),
    ],
)
def test_marks_within_a_line(written: str, shown: str) -> None:
    assert texts(f"{written}\n")[0] == shown


def test_comment_in_code_is_code() -> None:
    assert texts("Say `{# note #}` so.\n\n```\n{% comment %}x{% endcomment %}\n```\n") == [
        "Say {# note #} so.\n{% comment %}x{% endcomment %}"
    ]


@pytest.mark.parametrize("opening", ["{#  ", "{% comment %} ", "{/* ", "{{/* ", "`"])
def test_many_comments_that_never_end_hide_nothing_and_take_no_time(opening: str) -> None:
    source = f"{opening}word\n" * 20_000
    assert clean_source(source).count("word") == 20_000


def test_lines_below_a_long_comment_keep_their_number() -> None:
    note = read("One.\n\n{/*\na\n\nb\n*/}\n\nTwo.\n", "n.mdx")
    assert [(p.text, p.line_start) for p in note.points] == [("One.", 1), ("Two.", 9)]


def test_titles_of_components_are_above_what_they_hold() -> None:
    note = read(
        '<Step title="Turn the hull">\n  Use four jacks.\n</Step>\n\n'
        '<TabItem value="oak" label="Oak">\n\nSteam it.\n\n</TabItem>\n\n'
        '<Photo src="/a.png" alt="The slip at dawn" />\n\n<Frame caption="From above">\n\nx\n\n'
        "</Frame>\n\nThe end.\n",
        "n.mdx",
    )
    assert [(p.text, *p.parents) for p in note.points] == [
        ("Turn the hull",),
        ("Use four jacks.", "Turn the hull"),
        ("Oak",),
        ("Steam it.", "Oak"),
        ("The slip at dawn",),
        ("From above",),
        ("x",),
        ("The end.",),
    ]


def test_sentence_of_a_component_is_text_and_its_setting_is_not() -> None:
    body = '<Tip text="Oil the rope first" />\n\n<Tip text="collapsed" />\n\nThe end.\n'
    assert [point.text for point in read(body, "n.mdx").points] == [
        "Oil the rope first",
        "The end.",
    ]


def test_word_in_brackets_is_no_component() -> None:
    assert texts("<Enter> ends it.\n\n<T extends Rope> too.\n") == [
        "<Enter> ends it.",
        "<T extends Rope> too.",
    ]


def test_summary_is_above_its_details_without_a_blank_line() -> None:
    note = read(
        "<details>\n<summary>Why tar?</summary>\nIt keeps water out.\n</details>\n\nAfter.\n"
    )
    assert [(p.text, p.line_start, *p.parents) for p in note.points] == [
        ("Why tar?", 2),
        ("It keeps water out.", 3, "Why tar?"),
        ("After.", 6),
    ]


@pytest.mark.parametrize(
    "written",
    [
        "/// tip | Dry wood\nStack it.\n///\n",
        '::: {.callout-tip title="Dry wood"}\nStack it.\n:::\n',
        "::: {.callout-tip}\n## Dry wood\nStack it.\n:::\n",
        "```{tip} Dry wood\n:class: small\nStack it.\n```\n",
        ":::{admonition} Dry wood\nStack it.\n:::\n",
    ],
)
def test_containers_of_each_dialect(written: str) -> None:
    note = read(f"Start.\n\n{written}\nAfter.\n")
    assert [(p.text, *p.parents) for p in note.points] == [
        ("Start.",),
        ("Dry wood",),
        ("Stack it.", "Dry wood"),
        ("After.",),
    ]


def test_heading_in_html_is_a_heading() -> None:
    note = read('<h1 align="center">The yard</h1>\n\nOpen in May.\n')
    assert (note.title, note.points[0].heading_path) == ("The yard", ("The yard",))


def test_titles_of_shortcodes_are_words() -> None:
    found = texts(
        '{{< tab "Slip" >}}Haul out{{< /tab >}}\n\n{{< quote author="Ann Lee" >}}\nGo slow.\n'
        "{{< /quote >}}\n"
    )
    assert found == ["Slip Haul out", "Ann Lee", "Go slow."]


def test_links_of_a_drawing_are_links() -> None:
    note = read(
        "---\nexcalidraw-plugin: parsed\n---\n# Excalidraw Data\n\n"
        "## Text Elements\nSlip ^a1b2c3d4\n\n"
        "## Element Links\na1b2c3d4: [[Yard]]\n",
        "Plan.excalidraw.md",
    )
    assert [(link.target, link.line) for link in note.links] == [("Yard", 10)]
    assert [p.text for p in note.points] == ["Slip"]


def test_values_in_the_text_can_be_filtered_by() -> None:
    note = read(
        "---\nowner: '[[crew/Ann Lee|Ann]]'\nsize: {beam: 3}\n---\nWood:: oak\n\n"
        "Seen [state:: wet] and (mood:: calm).\n\n- `no:: field`\n- std::move\n\n"
        "```\nnone:: x\n```\n"
    )
    assert set(note.properties) == {
        *(("owner", "Ann"), ("owner", "Ann Lee"), ("size", "3"), ("size.beam", "3")),
        *(("wood", "oak"), ("state", "wet"), ("mood", "calm")),
    }


def test_tags_between_colons() -> None:
    assert read("Text\n\n:hull:deck:\n\nMore :smile: here\n").tags == ("hull", "deck")
    assert read("#+filetags: :hull:deck:\n\nText\n").tags == ("hull", "deck")


def test_both_halves_of_a_bare_bar_in_a_table_are_words() -> None:
    note = read("| a | b |\n|---|---|\n| [[Ann Lee|skipper]] | [[Ann Lee\\|mate]] |\n")
    assert note.points[0].text == "a: skipper (Ann Lee) | b: mate"
    assert [link.text for link in note.points[0].links] == ["skipper", "mate"]


def test_note_of_a_head_alone_says_by_what_it_is_found() -> None:
    note = read("---\nwood: oak\n---\n")
    assert note.outcome is Outcome.INDEXED
    assert [warning.message for warning in note.warnings] == [
        "the note has no text: it is found by its name and properties"
    ]
    assert read("---\nwood: oak\n---\nText.\n").warnings == ()


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ("last_modified_at: 2031-04-02", "2031-04-02"),
        ("last_update:\n  date: 2031-04-02\n  author: Ann", "2031-04-02"),
        ("fecha: 2 de abril de 2031", "2031-04-02"),
        ("date: 2031. 4. 2.", "2031-04-02"),
        ("datum: 2031-04-02", "2031-04-02"),
    ],
)
def test_dates_under_further_keys(head: str, date: str) -> None:
    note = read(f"---\n{head}\n---\nText.\n")
    assert (str(note.date), note.warnings) == (date, ())


def test_key_with_another_meaning_is_a_value() -> None:
    note = read("---\ndatum: mean sea level\nday: Monday\n---\nText.\n")
    assert (note.date, note.warnings) == (None, ())
    assert note.points[0].text == "Datum: mean sea level | Day: Monday"


@pytest.mark.parametrize("note_id", ["2031/April/2.md", "log/2031/04 April/2 Monday.md"])
def test_month_by_name_in_a_path(note_id: str) -> None:
    assert str(read("x\n", note_id).date) == "2031-04-02"


def test_code_of_org_in_a_bullet_of_logseq_ends_where_it_ends() -> None:
    note = read(
        "- One\n\t- Tie it:\n\t  #+BEGIN_SRC clojure\n\t  (tie rope)\n"
        "\t  #+END_SRC\n\t  Done.\n- Two\n"
    )
    assert note.warnings == ()
    assert [p.text for p in note.points] == ["One", "Tie it:\n(tie rope)\nDone.", "Two"]
