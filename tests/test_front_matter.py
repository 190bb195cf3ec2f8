"""The head of a note: values, warnings with their lines, and an unchanged body."""

from __future__ import annotations

import datetime
import subprocess
import sys

import pytest

from indexer.notes.front_matter import FrontMatter, split_front_matter

DAY = datetime.date(2020, 4, 7)


def read(head: str, body: str = "body") -> FrontMatter:
    return split_front_matter(f"---\n{head}\n---\n{body}\n")


def lines_of(front: FrontMatter) -> list[int | None]:
    return [warning.line for warning in front.warnings]


def messages_of(front: FrontMatter) -> str:
    return "\n".join(warning.message for warning in front.warnings)


# --- where the head ends and the body begins ----------------------------------------------------


def test_head_is_read_and_body_keeps_its_line_numbers():
    front = read("title: A\ntags: [x]", "first\nsecond")
    assert front.title == "A"
    assert front.body == "\n\n\n\nfirst\nsecond\n"


@pytest.mark.parametrize(
    "text",
    [
        "no head\n",
        "---\ntitle: A\n---\nbody",
        "\n\n---\ntitle: A\n---\nbody\n",
        "---\n- a list\n---\nbody\n",
        "---\nprose\n---\nbody\n",
        "---\ntitle: [broken\n---\nbody\n",
        "---\ntitle: never closed\n\nbody\n",
        "+++\ntitle = 'A'\n+++\nbody\n",
        "+++\nno toml\n+++\nbody\n",
        "---\n---\n",
        "---",
        "",
    ],
)
def test_body_has_as_many_lines_as_the_text(text):
    assert split_front_matter(text).body.count("\n") == text.count("\n")


def test_note_without_a_head_is_all_body():
    assert split_front_matter("# T\n\ntext\n") == FrontMatter("# T\n\ntext\n")


def test_blank_lines_may_stand_before_the_head():
    front = split_front_matter("\n\n---\ntitle: A\n---\nbody\n")
    assert (front.title, front.body) == ("A", "\n\n\n\n\nbody\n")


def test_dots_end_a_head_as_well():
    front = split_front_matter("---\ntitle: A\n...\nbody\n")
    assert (front.title, front.body) == ("A", "\n\n\nbody\n")


def test_fences_may_have_trailing_blanks():
    assert split_front_matter("---  \ntitle: A\n--- \nbody").title == "A"


def test_rule_further_down_opens_no_head():
    text = "text\n\n---\ntitle: A\n---\n"
    assert split_front_matter(text) == FrontMatter(text)


def test_empty_head_is_a_head():
    assert split_front_matter("---\n---\nbody") == FrontMatter("\n\nbody")


def test_comments_alone_are_an_empty_head():
    assert read("# title: A") == FrontMatter("\n\n\nbody\n")


def test_unclosed_head_is_text_with_a_warning():
    text = "---\ntitle: A\n\nbody\n"
    front = split_front_matter(text)
    assert front.body == text
    assert lines_of(front) == [1]
    assert "never closed" in messages_of(front)


def test_single_rule_at_the_top_is_no_unclosed_head():
    assert split_front_matter("---\n\nSome prose.\n").warnings == ()


def test_unclosed_head_below_a_blank_line_warns_too():
    assert lines_of(split_front_matter("\n---\ntitle: A\n\nbody\n")) == [2]


# --- a head that is not a mapping stays text ----------------------------------------------------


def test_letterhead_between_rules_stays_in_the_body():
    front = split_front_matter("---\nDear reader\n---\nbody\n")
    assert front == FrontMatter("\nDear reader\n\nbody\n")


def test_list_between_rules_stays_in_the_body():
    assert read("- milk\n- eggs") == FrontMatter("\n- milk\n- eggs\n\nbody\n")


@pytest.mark.parametrize("prose", ["[unclosed and no key", "- a list: of: sorts"])
def test_broken_prose_between_rules_stays_in_the_body(prose):
    assert read(prose).body == f"\n{prose}\n\nbody\n"


# --- values as their author wrote them ----------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["no", "yes", "on", "true", "1984", "007", "1_000", "3.10", "17:30:00", "0x1F", "1e3"]
)
def test_title_stays_as_written(value):
    assert read(f"title: {value}").title == value


@pytest.mark.parametrize("value", ["2020-04-07", "2020-04-07 17:00:00 +01:00", ".inf", "12:30:45"])
def test_scalar_with_a_yaml_type_stays_text_in_tags(value):
    assert read(f"tags:\n- {value}").tags == (value,)


@pytest.mark.parametrize("value", ["", "~", "null", '""', '"  "'])
def test_title_without_a_text_is_none(value):
    assert read(f"title: {value}").title is None


def test_title_over_lines_is_one_line():
    assert read("title: >\n  two\n  lines").title == "two lines"


def test_keys_are_read_in_any_case():
    front = read("Title: A\nTAGS: x")
    assert (front.title, front.tags) == ("A", ("x",))


def test_unknown_keys_do_no_harm():
    assert read("layout: post\nself: x\ncontent: y\nhandler: z\n1: 2").warnings == ()


@pytest.mark.parametrize("value", ["[a, b]", "{a: b}"])
def test_title_that_is_no_text_warns_at_its_line(value):
    front = read(f"layout: x\ntitle: {value}")
    assert front.title is None
    assert lines_of(front) == [3]


def test_permalink_is_read():
    assert read("permalink: /about/").permalink == "/about/"


# --- tags, categories, aliases ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("one", ("one",)),
        ("one two", ("one", "two")),
        ("one, two three", ("one", "two three")),
        ("[one, two three]", ("one", "two three")),
        ("\n- one\n- two", ("one", "two")),
        ('"#one #two"', ("one", "two")),
        ('["#one", "#a/b"]', ("one", "a/b")),
        ("[one, [two, [three]]]", ("one", "two", "three")),
        ("{one: 1, two: 2}", ("one", "two")),
        ("[one, {two: 2}]", ("one", "two")),
        ("[one, one, ' one ']", ("one",)),
        ("[1984, no, 1.0]", ("1984", "no", "1.0")),
        ("['', ~, one]", ("one",)),
        ("", ()),
        ("[]", ()),
    ],
)
def test_tags_in_every_form(value, tags):
    assert read(f"tags: {value}").tags == tags


def test_tag_is_a_key_too():
    assert read("tags: [one]\ntag: two").tags == ("one", "two")


def test_tag_with_and_without_its_hash_is_one_tag():
    assert read("tags: [one, '#one']").tags == ("one",)


def test_bare_hash_is_no_tag():
    assert read("tags: ['#', one]").tags == ("one",)


def test_category_with_blanks_is_one():
    assert read("category: Deep Learning").categories == ("Deep Learning",)


def test_categories_are_a_list_or_cut_at_commas():
    assert read("categories: [Deep Learning, AI]").categories == ("Deep Learning", "AI")
    assert read("categories: Deep Learning, AI").categories == ("Deep Learning", "AI")


def test_aliases_lose_the_brackets_of_wikilinks():
    assert read('aliases: ["[[A]]", [[B]]]').aliases == ("A", "B")


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["2020-04-07 17:00:00 +01:00", '"2020-04-07"', "[2020-04-07, x]", "!!str 2020-04-07"]
)
def test_date_of_the_head(value):
    front = read(f"date: {value}")
    assert (front.date, front.warnings) == (DAY, ())


@pytest.mark.parametrize("value", ["31 February", "2020-02-31", "2020-04-07 25:00:00", "{a: b}"])
def test_date_that_cannot_be_read_warns_at_its_line(value):
    front = read(f"title: A\ndate: {value}\ntags: x")
    assert front.date is None
    assert lines_of(front) == [3]
    assert front.warnings[0].hint == "write it as 2020-04-07"
    assert (front.title, front.tags, front.partial) == ("A", ("x",), False)


@pytest.mark.parametrize("value", ["", "~", "[]"])
def test_missing_date_is_no_warning(value):
    assert read(f"date: {value}").warnings == ()


# --- broken YAML --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("note: a: b", 3),
        ('note: "never closed', 3),
        ("note: [never closed", 3),
        ("note: @name", 3),
        ("note: `code`", 3),
        ("note: %x", 3),
        ("note: *nowhere", 3),
        ("\tnote: x", 3),
        ("note: |\n  a\n b: [", 5),
    ],
)
def test_broken_yaml_is_partial_and_title_and_tags_are_salvaged(bad, line):
    front = read(f"title: 'A title'\n{bad}\ntags: [x, y]")
    assert (front.title, front.partial) == ("A title", True)
    assert lines_of(front) == [line]
    assert front.body.strip("\n") == "body"


def test_salvage_reads_lists_of_tags_and_the_date():
    front = read("note: a: b\ntags:\n  - one\n  - '@two'\ndate: 2020-04-07\ntitle: \"Q\"")
    assert (front.tags, front.date, front.title) == (("one", "@two"), DAY, "Q")


def test_salvaged_title_may_end_in_a_bracket():
    assert read("title: see [1]\nnote: a: b").title == "see [1]"


def test_salvaged_list_item_may_be_what_broke_the_yaml():
    front = read("title: A\ntags:\n- @name\n- two")
    assert front.tags == ("@name", "two")
    assert lines_of(front) == [4]


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("x: !unknown y", 3),
        ("x: !unknown [y]", 3),
        ("x: !!python/name:os.system ''", 3),
        ("x: !!int many", 3),
        ("? [a, b]\n: c", 3),
        ("? {a: b}\n: c", 3),
        ("x:\n  - fine\n  - !unknown y", 5),
    ],
)
def test_value_that_cannot_be_read_costs_itself_only(bad, line):
    front = read(f"title: A\n{bad}\ntags: [x]")
    assert (front.title, front.tags) == ("A", ("x",))
    assert lines_of(front) == [line]
    assert front.partial


@pytest.mark.parametrize("call", ["apply:os.mkdir", "new:os.mkdir", "object/apply:os.mkdir"])
def test_python_tag_is_never_run(tmp_path, call):
    target = tmp_path / "made"
    front = read(f"title: A\nx: !!python/object/{call} ['{target}']\ny: !!python/{call} [{target}]")
    assert not target.exists()
    assert front.title == "A"
    assert lines_of(front) == [3, 4]


@pytest.mark.parametrize(
    "value",
    [
        "!!bool maybe",  # KeyError
        "!!int ''",  # IndexError
        "!!float ''",  # IndexError
        "!!float " + ":".join(["1"] * 300),  # OverflowError
        "!!timestamp soon",  # AttributeError
        "!!seq text",  # AttributeError
        "!!seq {a: b}",  # AttributeError
        "!!map [a]",  # TypeError
        "!!set [a]",  # TypeError
    ],
)
def test_value_that_is_not_of_its_tag_costs_itself_only(value):
    front = read(f"title: A\nx: {value}\ntags: [x]")
    assert (front.title, front.tags) == ("A", ("x",))
    assert lines_of(front) == [3]


def test_duplicate_key_warns_and_the_last_counts():
    front = read("title: A\ntags: x\ntitle: B")
    assert front.title == "B"
    assert lines_of(front) == [4]
    assert "repeated here" in messages_of(front)
    assert not front.partial


def test_keys_that_differ_in_case_are_duplicates():
    assert lines_of(read("Title: A\ntitle: B")) == [3]


def test_duplicate_key_does_not_hide_that_a_value_was_lost():
    assert read("x: !unknown y\ntitle: A\ntitle: B").partial


# --- hostile YAML -------------------------------------------------------------------------------


def test_alias_loop_ends():
    front = read("title: A\ntags: &a [x, *a]\nmap: &b {k: *b}")
    assert (front.title, front.tags) == ("A", ("x",))


def test_alias_bomb_is_walked_with_a_budget():
    head = ["a0: &a0 [lol]"]
    head += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    front = read("\n".join([*head, "tags: *a11", "title: A"]))
    assert front.title == "A"
    assert set(front.tags) <= {"lol"}


@pytest.mark.parametrize(
    "deep", ["[" * 500 + "]" * 500, "{a: " * 500 + "}" * 500, "\n" + "- " * 500 + "x", "[" * 500]
)
def test_deep_nesting_is_partial_and_the_rest_salvaged(deep):
    front = read(f"title: A\nx: {deep}\ntags: [y]")
    assert (front.title, front.tags, front.partial) == ("A", ("y",), True)
    assert "deeper than 100" in messages_of(front)
    assert front.body.endswith("\nbody\n")


def test_nesting_within_the_limit_is_read():
    assert read(f"tags: {'[' * 50}x{']' * 50}").tags == ("x",)


def test_deep_nesting_is_seen_behind_surplus_brackets():
    program = (
        "from indexer.notes.front_matter import split_front_matter as split\n"
        "n = 200_000\n"
        "split('---\\ntitle: A\\n# ' + ']' * n + '\\nx: ' + '[' * n + ']' * n + '\\n---\\nbody')"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("level", ['["]", ', "[ # ]\n "], ids=["text", "comment"])
def test_deep_nesting_is_seen_behind_brackets_that_close_nothing(level):
    program = (
        "from indexer.notes.front_matter import split_front_matter as split\n"
        f"split('---\\nx: ' + {level!r} * 200_000 + ']' * 200_000 + '\\n---\\nbody')"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_narrow_nesting_is_no_crash():
    levels = "".join(f"{' ' * i}k:\n{' ' * i}-\n" for i in range(199))
    assert read(f"title: A\n{levels}{' ' * 199}x: y").title == "A"


def test_huge_value_is_cut_with_a_warning_at_its_line():
    front = read(f"layout: x\ntitle: {'a' * 10_000}")
    assert front.title == "a" * 4_096
    assert lines_of(front) == [3]
    assert "longer than 4,096" in messages_of(front)


def test_list_of_a_million_tags_is_cut_at_the_budget():
    assert len(read(f"tags: [{', '.join(map(str, range(20_000)))}]").tags) <= 10_000


def test_merge_of_nothing_sensible_is_reported():
    front = read("title: A\n<<: text")
    assert (front.title, front.partial) == ("A", True)


def test_merge_key_is_followed():
    assert read("base: &b {title: A}\n<<: *b\ntags: x").title == "A"


# --- TOML ---------------------------------------------------------------------------------------


def test_toml_between_pluses_is_read():
    front = split_front_matter(
        "+++\ntitle = 'A'\ndate = 2020-04-07T17:00:00Z\ntags = ['x', 'y']\n+++\nbody\n"
    )
    assert (front.title, front.date, front.tags) == ("A", DAY, ("x", "y"))
    assert front.body == "\n\n\n\n\nbody\n"


def test_broken_toml_is_partial_with_its_line():
    front = split_front_matter("+++\ntitle = 'A'\ntags = [x\n+++\nbody\n")
    assert front.partial
    assert lines_of(front) == [3]
    assert front.body == "\n\n\n\nbody\n"


def test_hyphens_do_not_end_a_toml_head():
    text = "+++\ntitle = 'A'\n---\nbody\n"
    assert split_front_matter(text).body == text


def test_toml_keys_are_read_in_any_case():
    assert split_front_matter("+++\nTitle = 'A'\n+++\n").title == "A"


@pytest.mark.parametrize(
    "value",
    [
        "[" * 5_000,
        "1" * 5_000,
        '["]", ' * 5_000,
    ],
    ids=["nested", "digits", "nested texts"],
)
def test_hostile_toml_is_partial(value):
    assert split_front_matter(f"+++\nx = {value}\n+++\nbody\n").partial


def test_prose_between_pluses_stays_in_the_body():
    assert "Dear reader" in split_front_matter("+++\nDear reader\n+++\nbody\n").body
