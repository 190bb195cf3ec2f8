"""Marks, heads and links of programs that write Markdown in their own way; notes of one mill."""

from __future__ import annotations

import pytest
from fakes import FakeEncoder

from indexer.notes.markdown.other_marks import with_other_marks
from indexer.notes.note import parse_note
from indexer.records import Note, Point


def read(text: str, note_id: str = "n.md") -> Note:
    return parse_note(text.encode(), note_id, window=64, count_tokens=FakeEncoder().count_tokens)


def texts(text: str) -> list[str]:
    return [point.text for point in read(text).points]


def point(text: str, words: str) -> Point:
    return next(found for found in read(text).points if words in found.text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("- {{[[TODO]]}} grease the axle", "grease the axle"),
        ("- {{[[query]]: {and: [[axle]] [[oil]]}}} below", "below"),
        ("- {{[[video]]: https://v.example/1}}", "https://v.example/1"),
        ("> Stones wear out. [name=Ida] [color=#aa0]", "Stones wear out. Ida"),
        ("{+ new +} sails {- torn -}, [- cog -] [+ pin +]", "new sails torn, cog pin"),
        ("Press {kbd}`F5` at {sup}`th`", "Press F5 at th"),
        ("The sum {math}`a^2` of {term}`grist`", "The sum $a^2$ of grist"),
        ("{[Mill: Stop|Stop it]} today", "Stop it today"),
        ("Words {{!-- unseen --}}{{> side }}stay", "Words stay"),
        ("![sluice](s.png =200x) opens", "sluice opens"),
        ("![sluice|120x80](s.png) opens", "sluice opens"),
        ("![[s.png|The sluice|120]] opens", "The sluice opens"),
        ("[[s.png|alt=The sluice|width=90]] opens", "The sluice opens"),
        ("See [[https://m.example/][the mill]]", "See the mill"),
        ("Ask [[the weir|water/the-weir]]", "Ask the weir"),
        ("Ask [[the weir|The-Weir]]", "Ask the weir"),
        ("Ask [[The Weir|the-weir]]", "Ask the-weir"),
        ("Flow $a^{[l]}$ and $Z^{[1]}=W^{[l]}$", "Flow $a^{[l]}$ and $Z^{[1]}=W^{[l]}$"),
        ("In $i\\in{[r]}$ it is {[r]}", "In $i\\in{[r]}$ it is {[r]}"),
        ("Wrap `<Mill wheel={wheel}>` there", "Wrap <Mill wheel={wheel}> there"),
        ("Code `{+ a +}` and `[name=b]` stay", "Code {+ a +} and [name=b] stay"),
        ("- [l] at the weir", "at the weir"),
        ('Turn <img src={require("./t.png")} alt="by hand" />', "Turn by hand"),
        ("`{kbd}` and {{x}} and a [name] stay", "{kbd} and and a [name] stay"),
    ],
)
def test_marks_within_a_line(written: str, shown: str) -> None:
    assert texts(f"{written}\n")[0] == shown


@pytest.mark.parametrize(
    "noise",
    [
        "${query[[from index.page]]}\n",
        "(the-mill)=\n",
        '+++ {"slide": 1}\n',
        "###### tags: `mill` `old weir`\n",
        "{.is-info}\n",
        "{ .annotate }\n",
        "<<< @/parts/mill.go{3}\n",
        ":::\n",
        "```template\nHi {{name}}\n```\n",
        "```datacorejsx\nreturn 1\n```\n",
        '!!!START_TLDRAW_DATA\n{"raw": 1}\n!!!END_TLDRAW_DATA\n',
    ],
)
def test_lines_of_programs_are_no_point(noise: str) -> None:
    assert texts(f"First words.\n\n{noise}\nLast words.\n") == ["First words.", "Last words."]


def test_comment_of_myst_is_text_elsewhere() -> None:
    assert "% of the grain" in texts("Half.\n\n% of the grain\n")[1]
    assert texts("See {kbd}`F5`.\n\n% nobody\n") == ["See F5."]


def test_both_sides_of_a_conflict_are_words() -> None:
    note = read("<<<<<<< HEAD\nmill ours\n=======\nmill theirs\n>>>>>>> other\n")
    assert [(p.text, p.line_start, p.heading_path) for p in note.points] == [
        ("mill ours", 2, ()),
        ("mill theirs", 4, ()),
    ]


def test_underline_of_equal_signs_outside_a_conflict_is_a_heading() -> None:
    assert point("Mill\n=======\n\nwords\n", "words").heading_path == ("Mill",)


def test_line_block_has_no_bars_and_a_table_keeps_its_cells() -> None:
    assert texts("| Round the wheel\n|   turns\n") == ["Round the wheel turns"]
    assert texts("| Mill |\n|---|\n| weir |\n") == ["Mill: weir"]


@pytest.mark.parametrize(
    "items",
    [
        "a) oats\nb) rye",
        "(a) oats\n(b) rye",
        "i. oats\nii. rye",
        "#. oats\n#. rye",
        "a. oats\n\nb. rye",
    ],
)
def test_lettered_lists_have_a_point_for_each_item(items: str) -> None:
    assert texts(f"We grind:\n\n{items}\n")[1:] == ["oats", "rye"]


@pytest.mark.parametrize("words", ["a) alone\nwords", "b) oats\nc) rye", "a. m. or\np. m."])
def test_letters_that_are_no_list_are_words(words: str) -> None:
    assert texts(f"{words}\n") == [" ".join(words.split("\n"))]


def test_directives_of_myst_are_drawn_as_markdown_has_them() -> None:
    note = read(
        "```{figure} img/wheel.png\n:name: fig-w\n:alt: A wheel in ice\n\n"
        "The wheel in May.\n```\n\n"
        "```{glossary}\ngrist\n  Grain to be ground.\n```\n\n"
        "```{code-cell} python\n:tags: [hide]\ngrind()\n```\n\n"
        ":::{list-table} Yields\n* - oats\n  - 12\n:::\n\n"
        "```{math}\n:label: e\na=b\n```\n"
    )
    found = {p.text: p.parents for p in note.points}
    assert "A wheel in ice" in found
    assert "The wheel in May." in found
    assert found["Grain to be ground."] == ("grist",)
    assert not any(word in " ".join(found) for word in ("fig-w", "hide", ":label:"))
    assert any("grind()" in text for text in found)
    assert "Yields" in found


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("#old weir# and #oats, #rye", ("old weir", "oats", "rye")),
        ("#mill in C#", ("mill",)),
        ("###### tags: `mill` `old weir`", ("mill", "old weir")),
        ("#one #two# x", ("one", "two")),
    ],
)
def test_tags_of_bear_and_hedgedoc(written: str, tags: tuple[str, ...]) -> None:
    assert read(f"Words.\n\n{written}\n").tags == tags


def test_head_without_fences() -> None:
    note = read(
        "Title: The mill\nAuthor: Ida\n    and Jo\nDate: 2031-04-05\nTags: a, b\n\nIt turns.\n"
    )
    assert (note.title, str(note.date), note.tags) == ("The mill", "2031-04-05", ("a", "b"))
    assert [p.text for p in note.points] == ["Author: Ida and Jo | Tags: a, b", "It turns."]
    assert note.points[-1].line_start == 7


@pytest.mark.parametrize(
    "text",
    ["Note: buy oats\nAlso: rye\n", "Date: 2031-04-05\n", "Title: x\nand words\n", "Tags: a\n"],
)
def test_lines_with_colons_that_are_no_head_are_text(text: str) -> None:
    assert read(text).points[0].text == " ".join(text.split())


def test_labels_of_tags_and_values_of_machines() -> None:
    note = read(
        "---\ntags: [a, {label: b, permalink: /b}]\ntype: text/markdown\nlatitude: 4\n---\nx\n"
    )
    assert note.tags == ("a", "b")
    assert note.points[0].text == "Tags: a, b"


@pytest.mark.parametrize("value", ['"`r Sys.Date()`"', "20310405101112123"])
def test_dates_of_programs_have_no_warning(value: str) -> None:
    assert not read(f"---\ndate: {value}\n---\nx\n").warnings


def test_videos_of_shortcodes_are_links() -> None:
    note = read("{% youtube abc %}\n\nSee {{video https://v.example/2}} there.\n")
    links = {link.target for p in note.points for link in p.links} | {x.target for x in note.links}
    assert links == {"https://www.youtube.com/watch?v=abc", "https://v.example/2"}


def test_callout_with_a_layout_has_its_title() -> None:
    assert point("> [!weir|wide] High water\n> Shut it.\n", "Shut").parents == ("High water",)


def test_id_behind_a_heading_is_no_word_of_it() -> None:
    note = read("## Weir ^w1\n\nwords\n")
    assert note.points[0].heading_path == ("Weir",)
    assert ("^w1", 1) in note.anchors


def test_lines_keep_their_number_and_code_is_left_alone() -> None:
    body = "a\n{kbd}`F5`\n(x)=\n```\n{kbd}`F5`\n```\n| v\n| w\n"
    lines = body.split("\n")
    changed = with_other_marks(lines, body, lambda place: 3 <= place <= 5)
    assert len(changed) == len(lines)
    assert changed[1:5] == ["`F5`", "", "```", "{kbd}`F5`"]


def test_lines_that_begin_with_a_time_are_points_of_their_own() -> None:
    chat = "2031-05-01 10:02 - Ida: oats?\n2031-05-01 10:05 - Jo: rye\n"
    assert [p.line_start for p in read(chat).points] == [1, 2]
    assert texts("[00:01:00] Ida: oats\n[00:02:00] Jo: rye\n")[1] == "[00:02:00] Jo: rye"
    assert texts("The mill stood\n10:30 and turned\n") == ["The mill stood 10:30 and turned"]


def test_titles_of_shortcodes_are_above_what_they_hold() -> None:
    note = read(
        '{% tabs %}\n{% tab title="By water" %}\nThe wheel turns.\n\n'
        '{% hint title="Ice" %}\nStop it.\n{% endhint %}\n{% endtab %}\n{% endtabs %}\n\n'
        '{{< details "By wind" >}}\n- sails\n{{< /details >}}\n'
    )
    found = {p.text: p.parents for p in note.points}
    assert found["The wheel turns."] == ("By water",)
    assert found["Stop it."] == ("By water", "Ice")
    assert found["sails"] == ("By wind",)


def test_code_of_a_shortcode_with_its_own_fence_has_no_marks() -> None:
    assert texts('{% code title="a.js" %}\n```js\ngrind()\n```\n{% endcode %}\n') == [
        "a.js\ngrind()"
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("A *grey* and **white** stone", "A grey and white stone"),
        ("- [o] half ground", "half ground"),
        ("See [[stones/]]", "See stones"),
    ],
)
def test_signs_that_are_kept_or_read(written: str, shown: str) -> None:
    assert texts(f"{written}\n")[0] == shown


def test_caption_of_a_chunk_is_text() -> None:
    note = read("```{r a, fig.cap='Sacks by year', echo=FALSE}\nplot(1)\n```\n")
    assert note.points[0].text == "Sacks by year\nplot(1)"


def test_titles_in_attributes_of_pandoc() -> None:
    text = '::: {.theorem #t name="Of mills"}\nIt turns.\n:::\n\n# End {-}\n\nx\n'
    assert point(text, "It turns.").parents == ("Of mills",)
    assert point(text, "x").heading_path == ("End",)
