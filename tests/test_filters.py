"""The rules of a filter: one contract for both stores and for the notes a page has in hand."""

from __future__ import annotations

import datetime

import pytest
from stores import note_of, put, vector_of

from indexer.records import NoteFilter
from indexer.store.filters import labels_of, matcher
from indexer.store.protocol import Store
from indexer.text.folding import fold_name, fold_path

DAY = datetime.date
NOTES = (
    note_of(
        "a/first.md",
        ["shared first"],
        tags=("\u00d6konomie", "work/plans"),
        date=DAY(2020, 1, 1),
        properties=(("Author", "Anna B\u00f6ll"), ("status", "draft")),
    ),
    note_of(
        "a/deep/second.md",
        ["shared second"],
        tags=("\u0130", "Stra\u00dfe"),
        categories=("Deep Learning",),
        date=DAY(2021, 1, 1),
        properties=(("author", "Carl"), ("status", "draft")),
    ),
    note_of("ab/third.md", ["shared third"], tags=("workshop",)),
    note_of("Cafe\u0301/fourth.md", ["shared fourth"], tags=("work/plans/2024", "i")),
    note_of("fifth [1].md", ["shared fifth"], categories=("deep learning",)),
)
ALL = {"first", "second", "third", "fourth", "fifth"}
CASES = [
    (NoteFilter(), ALL),
    # tags, whatever the case, the script, the number sign or the slashes
    (NoteFilter(tags=("\u00f6konomie",)), {"first"}),
    (NoteFilter(tags=("#\u00d6KONOMIE/",)), {"first"}),
    (NoteFilter(tags=("o\u0308konomie",)), {"first"}),
    (NoteFilter(tags=("\u0130",)), {"second"}),
    (NoteFilter(tags=("i\u0307",)), {"second"}),
    (NoteFilter(tags=("i",)), {"fourth"}),
    (NoteFilter(tags=("STRASSE",)), {"second"}),
    # a parent finds its children, and no tag that only begins alike
    (NoteFilter(tags=("work",)), {"first", "fourth"}),
    (NoteFilter(tags=("Work/Plans",)), {"first", "fourth"}),
    (NoteFilter(tags=("work/plans/2024",)), {"fourth"}),
    (NoteFilter(tags=("plans",)), set()),
    (NoteFilter(tags=("",)), set()),
    (NoteFilter(tags=("workshop", "i")), {"third", "fourth"}),
    (NoteFilter(without_tags=("work",)), {"second", "third", "fifth"}),
    (NoteFilter(tags=("work",), without_tags=("#i",)), {"first"}),
    (NoteFilter(categories=("DEEP learning",)), {"second", "fifth"}),
    # folders
    (NoteFilter(folders=("/a",)), {"first", "second"}),
    (NoteFilter(folders=("a/",)), {"first", "second"}),
    (NoteFilter(folders=("A",)), {"first", "second"}),
    (NoteFilter(folders=("./a",)), {"first", "second"}),
    (NoteFilter(folders=("a\\deep",)), {"second"}),
    (NoteFilter(folders=("a/deep", "ab")), {"second", "third"}),
    (NoteFilter(folders=("caf\u00e9",)), {"fourth"}),
    (NoteFilter(folders=("/",)), ALL),
    (NoteFilter(folders=("deep",)), set()),
    (NoteFilter(folders=("a/first.md",)), set()),
    # notes and parts of their paths
    (NoteFilter(notes=("AB/Third.md",)), {"third"}),
    (NoteFilter(notes=("third.md",)), set()),
    (NoteFilter(notes=("fifth [1].md",)), {"fifth"}),
    (NoteFilter(paths=("deep",)), {"second"}),
    (NoteFilter(paths=("IR",)), {"first", "third"}),
    (NoteFilter(paths=("%",)), set()),
    (NoteFilter(paths=("_",)), set()),
    (NoteFilter(paths=("CAF\u00c9/",)), {"fourth"}),
    (NoteFilter(without_paths=("a/deep", "\u00e9/f")), {"first", "third", "fifth"}),
    (NoteFilter(paths=("",), without_paths=("",)), ALL),
    # properties: values of one key are alternatives, different keys all hold
    (NoteFilter(properties=(("AUTHOR", "anna b\u00d6ll"),)), {"first"}),
    (
        NoteFilter(properties=(("author", "Anna B\u00f6ll"), ("author", "carl"))),
        {"first", "second"},
    ),
    (NoteFilter(properties=(("author", "Carl"), ("status", "Draft"))), {"second"}),
    (NoteFilter(properties=(("author", "Carl"), ("status", "done"))), set()),
    (NoteFilter(properties=(("author", ""),)), set()),
    # dates, and kinds together
    (NoteFilter(since=DAY(2020, 6, 1)), {"second"}),
    (NoteFilter(until=DAY(2020, 1, 1)), {"first"}),
    (NoteFilter(since=DAY(2020, 1, 1), until=DAY(2021, 1, 1)), {"first", "second"}),
    (NoteFilter(tags=("work",), since=DAY(2020, 6, 1)), set()),
    (NoteFilter(tags=("work",), folders=("a",), without_paths=("deep",)), {"first"}),
]


@pytest.mark.parametrize(("where", "expected"), CASES, ids=[str(i) for i in range(len(CASES))])
def test_filter_on_a_note_in_hand(where: NoteFilter, expected: set[str]) -> None:
    from indexer.store.records import NoteInfo

    passes = matcher(where)
    infos = [
        (
            note.points[0].text,
            NoteInfo(
                note_id=note.note_id,
                title=note.title,
                date=note.date.isoformat() if note.date else None,
                tags=note.tags,
                categories=note.categories,
                aliases=(),
                published="",
                properties=note.properties,
            ),
        )
        for note in NOTES
    ]
    assert {text.split()[1] for text, info in infos if passes(info)} == expected


def test_filters_are_the_same_in_the_store_for_each_retriever(store: Store) -> None:
    put(store, *NOTES)
    with store.view() as view:
        assert {info.note_id for info in view.notes()} == {note.note_id for note in NOTES}
        for where, expected in CASES:
            in_hand = {i.note_id for i in filter(matcher(where), view.notes())}
            for found in (
                view.dense(vector_of("shared first"), 9, where),
                view.lexical(["share"], 9, where),
            ):
                points = view.read_points([i for i, _ in found]).values()
                assert {p.point.text.split()[1] for p in points} == expected, where
                assert {p.note.note_id for p in points} == in_hand, where


def test_labels_are_counted_without_regard_to_case(store: Store) -> None:
    put(
        store,
        note_of("a.md", [], tags=("\u00c4rger", "\u00e4rger", "#ml")),
        note_of("b.md", [], tags=("\u00c4RGER",), properties=(("Status", "done"),)),
        note_of("c.md", [], properties=(("status", "Done"),)),
    )
    with store.view() as view:
        labels = view.labels()
        assert sorted(labels["tag"].values()) == [1, 2]
        assert list(labels["property"].values()) == [2]
    assert store.verify() == []


def test_properties_are_read_back(store: Store) -> None:
    pairs = (("a", "1"), ("a", "2"), ("b", 'quoted "x"'))
    put(store, note_of("a.md", ["text"], properties=pairs))
    with store.view() as view:
        assert view.notes()[0].properties == pairs


def test_changed_labels_replace_the_old_ones(store: Store) -> None:
    put(store, note_of("a/n.md", [], tags=("\u00d6l",)))
    put(store, note_of("a/n.md", [], tags=("Gas",)))
    with store.view() as view:
        assert view.labels()["tag"] == {"Gas": 1}
    assert store.verify() == []


def test_name_that_is_no_utf8_has_labels() -> None:
    labels = labels_of(note_of("b\udcff/c.md", []))
    assert [label.kind for label in labels] == ["folder", "path"]
    for label in labels:
        label.folded.encode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Stra\u00dfe", "STRASSE"),
        ("\uff76\uff9e", "\u30ac"),
        ("e\u0301t\u00e9", "\u00c9T\u00c9"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3",
        ),
        (" Plan ", "plan"),
    ],
)
def test_names_that_are_equal(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


def test_paths_lose_their_outer_slashes_and_dots() -> None:
    assert fold_path("/A//./b\\C/") == "a/b/c"
    assert fold_path("../a") == "../a"
