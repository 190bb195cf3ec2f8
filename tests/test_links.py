"""Links of every dialect: how they are read, and where they lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from fakes import FakeEncoder

from indexer.notes.attachments import Files
from indexer.notes.link_names import (
    NoteName,
    link_key,
    name_keys,
    name_of,
    published_path,
    published_url,
)
from indexer.notes.link_resolution import LinkResolver
from indexer.notes.links import fixed_link, read_odd_link, read_wikilink
from indexer.notes.names import anchor_key
from indexer.notes.note import parse_note
from indexer.notes.tools import Tool
from indexer.records import Link, LinkKind, Note, RawLink


def read_note(note_id: str, text: str = "words") -> Note:
    count_tokens = FakeEncoder().count_tokens
    return parse_note(text.encode(), note_id, window=64, count_tokens=count_tokens)


def resolver(
    notes: Mapping[str, str],
    *,
    files: Sequence[str] = (),
    site_url: str = "",
    tool: Tool | None = None,
) -> LinkResolver:
    """Return a resolver over notes that were really read, filed as a build files them."""
    filed: dict[str, list[NoteName]] = {}
    anchors: dict[tuple[str, str], int] = {}
    for note_id, text in notes.items():
        note = read_note(note_id, text)
        for key in name_keys(name_of(note), note.anchors):
            filed.setdefault(key, []).append(name_of(note))
        for anchor, line in note.anchors:
            anchors.setdefault((note_id, anchor), line)
    return LinkResolver(
        lambda key: filed.get(key, []),
        Files(files, notes),
        lambda note_id, anchor: anchors.get((note_id, anchor)),
        site_url=site_url,
        tool=tool,
    )


def resolve(
    notes: Mapping[str, str] | Sequence[str],
    target: str,
    *,
    here: str = "here.md",
    wiki: bool = False,
    files: Sequence[str] = (),
    site_url: str = "",
    tool: Tool | None = None,
) -> Link:
    texts = notes if isinstance(notes, Mapping) else dict.fromkeys(notes, "words")
    raw = RawLink(7, "text", target, wiki=wiki)
    return resolver(texts, files=files, site_url=site_url, tool=tool).resolve(raw, here)


def led_to(notes: Mapping[str, str] | Sequence[str], target: str, **how: object) -> str | None:
    """Return the target note, None if the link is broken."""
    link = resolve(notes, target, **how)  # type: ignore[arg-type]
    assert link.ok == (link.to is not None)
    return link.to


# --- reading wikilinks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text", "target"),
    [
        ("[[note]]", "note", "note"),
        ("[[ note ]]", "note", "note"),
        ("[[note|alias]]", "alias", "note"),
        ("[[note\\|alias]]", "alias", "note"),
        ("[[note|]]", "note", "note"),
        ("[[sub/note.md]]", "note", "sub/note.md"),
        ("[[note#Part]]", "note > Part", "note#Part"),
        ("[[note#^id]]", "note > id", "note#^id"),
        ("[[#Part]]", "Part", "#Part"),
        ("[[#^id]]", "id", "#^id"),
        ("[[note#Part|alias]]", "alias", "note#Part"),
        ("![[note]]", "note", "note"),
        ("![[note#Part]]", "note > Part", "note#Part"),
        ("![[p.png]]", "", "p.png"),
        ("![[p.png|300]]", "", "p.png"),
        ("![[p.png|300x200]]", "", "p.png"),
        ("![[p.png|a cat]]", "a cat", "p.png"),
        ("![[paper.pdf]]", "paper.pdf", "paper.pdf"),
    ],
)
def test_wikilink_has_its_text_and_target(source, text, target):
    found = read_wikilink(f"see {source} here", 4, 4 + len(source) + 5)
    assert found == (RawLink(0, text, target, wiki=True), 4 + len(source))


@pytest.mark.parametrize(
    "source",
    ["[[]]", "[[ ]]", "[[|alias]]", "[[a\n\nb]]", "[[a]](u)", "[[a]", "[a]]", "[[a[b]]", ""],
)
def test_what_is_no_wikilink(source):
    assert read_wikilink(source, 0, len(source)) is None


def test_wikilink_ends_within_its_bounds():
    assert read_wikilink("[[note]]", 0, 7) is None


# --- links that CommonMark refuses --------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text", "target", "fix"),
    [
        ("[https://x.org](two words)", "two words", "https://x.org", "[two words](https://x.org)"),
        ("[https://x.org](a (b) c)", "a (b) c", "https://x.org", "[a (b) c](https://x.org)"),
        ("[my note.md](the text)", "the text", "my note.md", "[the text](my%20note.md)"),
        ("[text](my note.md)", "text", "my note.md", "[text](my%20note.md)"),
        ("[text](my note.md#a b)", "text", "my note.md#a b", "[text](my%20note.md#a%20b)"),
        ("[text]({% link a.md %})", "text", "{% link a.md %}", None),
        ("[text]({{ site.url }}/a)", "text", "{{ site.url }}/a", None),
    ],
)
def test_odd_link_is_read_as_it_was_meant(source, text, target, fix):
    expected = RawLink(0, text, target, fix=fix)
    assert read_odd_link(source, 0, len(source)) == (expected, len(source))


@pytest.mark.parametrize(
    "source",
    ["[text](two words)", "[https://x.org](https://y.org a)", "[a](b.md 'title')", "[a]", "(b)"],
)
def test_what_is_no_odd_link(source):
    assert read_odd_link(source, 0, len(source)) is None


@pytest.mark.parametrize(
    ("label", "target", "text", "meant", "fix"),
    [
        ("https://x.org", "", "https://x.org", "https://x.org", "<https://x.org>"),
        ("https://x.org", "word", "word", "https://x.org", "[word](https://x.org)"),
        ("mailto:a@b.org", "me", "me", "mailto:a@b.org", "[me](mailto:a@b.org)"),
        ("https://x.org/a b", "u", "https://x.org/a b", "u", None),
    ],
)
def test_reversed_link_is_fixed(label, target, text, meant, fix):
    assert fixed_link(label, target) == RawLink(0, text, meant, fix=fix)


@pytest.mark.parametrize(
    "target",
    ["https://y.org", "x.md", "/x", "#x", "./x", "../x", "www.y.org", "p.png", "javascript:x"],
)
def test_link_from_an_address_to_a_target_is_not_reversed(target):
    assert fixed_link("https://x.org", target) == RawLink(0, "https://x.org", target)


@pytest.mark.parametrize("target", ["", "u", "u.md"])
def test_link_with_words_is_not_reversed(target):
    assert fixed_link("words", target) == RawLink(0, "words", target)


# --- names and keys -----------------------------------------------------------------------------


def test_note_is_filed_under_stem_title_aliases_and_published_name():
    name = NoteName("sub/2020-04-07-My-Post.md", "A Title", ("Alias",), "/p/here.html")
    assert name_keys(name) == {"2020 04 07 my post", "a title", "alias", "my post", "here"}


@pytest.mark.parametrize("note_id", ["sub/README.md", "sub/index.md", "sub/Index.markdown"])
def test_note_that_stands_for_its_folder_is_filed_under_it(note_id):
    assert "sub" in name_keys(NoteName(note_id))


def test_name_of_a_note_has_all_it_can_be_called_by():
    note = read_note("a.md", "---\ntitle: T\naliases: [B]\npermalink: /p/\n---\nwords")
    assert name_of(note) == NoteName("a.md", "T", ("B",), "/p/", (("permalink", "/p/"),))


@pytest.mark.parametrize(
    ("target", "wiki", "key"),
    [
        ("sub/My%20Note.md#part", False, "my note"),
        ("a.md?plain=1", False, "a"),
        ("sub/", False, "sub"),
        ("/2020/04/07/a.html", False, "a"),
        ("Sub/My Note#Part", True, "my note"),
        ("100% sure", True, "100% sure"),
        ("{% post_url 2020-04-07-a %}", False, "2020 04 07 a"),
        ("{{ site.url }}/a.html", False, "a"),
        ("#part", False, "/"),
        ("", False, "/"),
    ],
)
def test_key_of_a_link(target, wiki, key):
    assert link_key(RawLink(1, "t", target, wiki=wiki), "here.md") == key


def test_keys_do_not_depend_on_the_form_of_letters():
    composed, apart = "caf\u00e9", "CAFE\u0301"
    assert link_key(RawLink(1, "t", apart, wiki=True), "x.md") in name_keys(
        NoteName(f"{composed}.md")
    )


@pytest.mark.parametrize(
    ("heading", "others"),
    [
        ("Hello, World!", ["hello-world", "Hello World", "hello_world"]),
        ("A -- B - C", ["a----b---c", "a-b-c"]),
        ("snake_case", ["snake_case", "snake-case"]),
        ("1.2 Gr\u00f6\u00dfe", ["12-gr\u00f6\u00dfe", "12-grosse"]),
        ("cafe\u0301", ["caf\u00e9", "cafe"]),
        ("\u65e5\u672c \u8a9e", ["\u65e5\u672c-\u8a9e"]),
        ("!?", ["!?"]),
        ("Don\u2019t & won't", ["dont--wont", "Don't won\u2019t"]),
    ],
)
def test_anchors_of_all_dialects_are_one(heading, others):
    assert {anchor_key(other) for other in others} == {anchor_key(heading)}


# --- published paths ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note_id", "head", "path"),
    [
        ("a.md", "", "/a.html"),
        ("sub/My Note.md", "", "/sub/My Note.html"),
        ("index.md", "", "/"),
        ("sub/README.md", "", "/sub/"),
        ("_posts/2020-4-7-name.md", "", "/2020/04/07/name.html"),
        ("_posts/2020-04-07-a.md", "categories: [Deep, AI]", "/deep/ai/2020/04/07/a.html"),
        ("blog/_posts/2020-04-07-a.md", "", "/blog/2020/04/07/a.html"),
        ("2020-04-07-a.md", "", "/2020-04-07-a.html"),
        ("a.md", "permalink: /about/", "/about/"),
        ("a.md", "permalink: about", "/about"),
    ],
)
def test_published_path(note_id, head, path):
    assert published_path(read_note(note_id, f"---\n{head}\n---\nwords")) == path


def test_published_url_is_quoted():
    assert published_url("/sub/My Größe.html", "https://x.org/") == (
        "https://x.org/sub/My%20Gr%C3%B6%C3%9Fe.html"
    )


# --- paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "here", "to"),
    [
        ("b.md", "a.md", "b.md"),
        ("./b.md", "a.md", "b.md"),
        ("sub/c.md", "a.md", "sub/c.md"),
        ("../b.md", "sub/a.md", "b.md"),
        ("c.md", "sub/a.md", "sub/c.md"),
        ("b", "a.md", "b.md"),
        ("d", "a.md", "d.markdown"),
        ("b.html", "a.md", "b.md"),
        ("my%20note.md", "a.md", "my note.md"),
        ("my%20note", "a.md", "my note.md"),
        ("/sub/c.md", "deep/er/a.md", "sub/c.md"),
        ("sub/c.md?raw=1", "a.md", "sub/c.md"),
        ("sub//c.md", "a.md", "sub/c.md"),
        ("gr%C3%B6%C3%9Fe.md", "a.md", "größe.md"),
    ],
)
def test_path_leads_to_the_note(target, here, to):
    notes = ["a.md", "b.md", "sub/c.md", "d.markdown", "my note.md", "größe.md"]
    assert led_to(notes, target, here=here) == to


@pytest.mark.parametrize("target", ["sub", "sub/", "./sub", "/sub/", "sub/README.md", "sub/readme"])
def test_folder_leads_to_its_readme(target):
    assert led_to(["sub/README.md", "sub/a.md"], target) == "sub/README.md"


def test_note_named_like_the_folder_comes_before_its_readme():
    assert led_to(["sub.md", "sub/README.md"], "sub") == "sub.md"


@pytest.mark.parametrize("target", ["/", "../", "..", "{{ site.baseurl }}/", "https://x.org/"])
def test_top_folder_leads_to_its_readme(target):
    how = {"here": "sub/a.md", "site_url": "https://x.org"}
    assert led_to(["index.md", "sub/a.md"], target, **how) == "index.md"


def test_missing_note_is_broken():
    link = resolve(["a.md"], "nowhere.md")
    assert (link.kind, link.to, link.ok, link.fix) == (LinkKind.NOTE, None, False, None)
    assert (link.note_id, link.line, link.text, link.target) == (
        "here.md",
        7,
        "text",
        "nowhere.md",
    )


@pytest.mark.parametrize("target", ["../../b.md", "../../../etc/passwd", "sub/../../../b.md"])
def test_path_beyond_the_folder_is_broken(target):
    assert not resolve(["b.md"], target, here="sub/a.md", files=["etc/passwd"]).ok


def test_path_with_backslashes_leads_to_the_note():
    assert led_to(["sub/c.md"], "sub\\c.md") == "sub/c.md"


def test_quoted_question_mark_is_part_of_the_name():
    assert led_to(["Why?.md"], "Why%3F.md") == "Why?.md"


def test_path_in_another_case_is_resolved_and_has_a_fix():
    link = resolve({"Sub/Note.md": "# A Part"}, "sub/note.md#a-part")
    assert (link.to, link.to_line, link.ok) == ("Sub/Note.md", 1, True)
    assert link.fix == "[text](Sub/Note.md#a-part)"


def test_path_in_another_case_without_suffix_has_a_fix():
    assert resolve(["Note.md"], "note").fix == "[text](Note.md)"


def test_path_in_the_right_case_has_no_fix():
    assert resolve(["Note.md", "note2.md"], "Note").fix is None


def test_exact_case_comes_first():
    assert led_to(["NOTE.md", "Note.md", "note.md"], "Note.md") == "Note.md"


@pytest.mark.parametrize(
    ("there", "here", "fix"),
    [
        ("new/my note.md", "a.md", "[text](new/my%20note.md)"),
        ("new/my note.md", "new/a.md", "[text](my%20note.md)"),
        ("my note.md", "x/y/a.md", "[text](../../my%20note.md)"),
        ("x/z/my note.md", "x/y/a.md", "[text](../z/my%20note.md)"),
    ],
)
def test_moved_note_has_a_fix(there, here, fix):
    link = resolve([there], "old/my%20note.md", here=here)
    assert (link.ok, link.to, link.fix) == (False, None, fix)


def test_two_notes_with_the_same_name_have_no_fix():
    assert resolve(["x/n.md", "y/n.md"], "old/n.md").fix is None


def test_fix_of_a_moved_note_keeps_its_anchor():
    assert resolve({"new/n.md": "# Part"}, "old/n.md#part").fix == "[text](new/n.md#part)"


def test_fix_of_the_reader_is_kept():
    raw = RawLink(1, "t", "b.md", fix="[t](b.md)")
    assert resolver({"b.md": "words"}).resolve(raw, "a.md").fix == "[t](b.md)"


# --- anchors ------------------------------------------------------------------------------------

PARTS = {"n.md": "# Top\n\n## Part: Two!\n\npara ^b1\n\n## Given {#own-id}\n"}


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("n.md#top", 1),
        ("n.md#part-two", 3),
        ("n.md#Part:%20Two!", 3),
        ("n.md#^b1", 5),
        ("n.md#own-id", 7),
        ("n.md#given", 7),
        ("n.md", None),
        ("n.md#", None),
    ],
)
def test_anchor_leads_to_its_line(target, line):
    link = resolve(PARTS, target)
    assert (link.to, link.to_line, link.ok) == ("n.md", line, True)


@pytest.mark.parametrize("target", ["n.md#nowhere", "n.md#^b2", "n.md#L3"])
def test_missing_anchor_leads_to_the_note_and_is_broken(target):
    link = resolve(PARTS, target)
    assert (link.to, link.to_line, link.ok) == ("n.md", None, False)


@pytest.mark.parametrize(
    ("target", "line"), [("n#Top", 1), ("n#Top#Part: Two!", 3), ("n#^b1", 5), ("N#part two", 3)]
)
def test_anchor_of_a_wikilink_is_found(target, line):
    assert resolve(PARTS, target, wiki=True).to_line == line


@pytest.mark.parametrize("wiki", [False, True])
def test_anchor_alone_is_of_the_same_note(wiki):
    link = resolve(PARTS, "#part-two", here="n.md", wiki=wiki)
    assert (link.kind, link.to, link.to_line, link.ok) == (LinkKind.ANCHOR, "n.md", 3, True)


def test_missing_anchor_alone_is_broken():
    link = resolve(PARTS, "#nowhere", here="n.md")
    assert (link.kind, link.to_line, link.ok) == (LinkKind.ANCHOR, None, False)


def test_bare_hash_is_the_top_of_the_note():
    assert resolve(PARTS, "#", here="n.md").ok


# --- wikilinks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "to"),
    [
        ("note", "sub/Note.md"),
        ("Note.md", "sub/Note.md"),
        ("sub/note", "sub/Note.md"),
        ("The Title", "t.md"),
        ("the title", "t.md"),
        ("An Alias", "t.md"),
        ("t#^x", "t.md"),
    ],
)
def test_wikilink_leads_by_name_title_or_alias(target, to):
    notes = {
        "sub/Note.md": "words",
        "t.md": "---\ntitle: The Title\naliases: [An Alias]\n---\nwords ^x\n",
    }
    assert led_to(notes, target, wiki=True) == to


def test_file_name_comes_before_title_and_title_counts_like_alias():
    notes = {"a.md": "---\ntitle: b\n---\nx", "sub/b.md": "x", "c.md": "---\naliases: [a]\n---\nx"}
    assert led_to(notes, "b", wiki=True) == "sub/b.md"
    assert led_to(notes, "a", wiki=True) == "a.md"


@pytest.mark.parametrize(
    ("here", "to"),
    [("x/a.md", "x/n.md"), ("y/a.md", "y/n.md"), ("z/a.md", "z/z/n.md"), ("q/a.md", "x/n.md")],
)
def test_nearest_of_equal_names(here, to):
    assert led_to(["y/n.md", "x/n.md", "z/z/n.md"], "n", here=here, wiki=True) == to


def test_path_of_a_wikilink_counts_from_the_top_or_the_end():
    notes = ["x/n.md", "y/x/n.md", "y/n.md"]
    assert led_to(notes, "x/n", here="y/x/a.md", wiki=True) == "x/n.md"
    assert led_to(["y/x/n.md", "y/n.md"], "x/n", wiki=True) == "y/x/n.md"


def test_wikilink_to_nothing_is_a_broken_note():
    link = resolve(["a.md"], "Some Idea", wiki=True)
    assert (link.kind, link.ok, link.fix) == (LinkKind.NOTE, False, None)


@pytest.mark.parametrize("title", ["Why?", "TCP/IP", "About index.html", "The setup.md"])
def test_wikilink_leads_to_any_title(title):
    assert led_to({"a.md": f"---\ntitle: {title}\n---\nx"}, title, wiki=True) == "a.md"


def test_wikilink_leads_to_a_name_with_a_question_mark():
    assert led_to(["Why not?.md"], "Why not?", wiki=True) == "Why not?.md"


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "wiki"),
    [("img/p.png", False), ("/sub/img/p.png", False), ("p.png", True), ("../data.csv", False)],
)
def test_attachment_is_found(target, wiki):
    files = ["sub/img/p.png", "data.csv"]
    link = resolve([], target, here="sub/a.md", wiki=wiki, files=files)
    assert (link.kind, link.to, link.ok) == (LinkKind.FILE, None, True)


@pytest.mark.parametrize("wiki", [False, True])
def test_missing_attachment_is_a_broken_file(wiki):
    link = resolve(["a.md"], "img/q.png", wiki=wiki)
    assert (link.kind, link.ok) == (LinkKind.FILE, False)


# --- Jekyll -------------------------------------------------------------------------------------

POST = "_posts/2020-04-07-name.md"


@pytest.mark.parametrize(
    ("target", "here"),
    [
        ("{% post_url 2020-04-07-name %}", "a.md"),
        ("{%- post_url 2020-04-07-name -%}", "a.md"),
        ("{% post_url 2020-04-07-name %}", "_posts/2021-01-01-b.md"),
        ("{% link _posts/2020-04-07-name.md %}", "a.md"),
        ("/2020/04/07/name.html", "deep/a.md"),
        ("{{ site.baseurl }}/2020/04/07/name.html", "deep/a.md"),
        ("https://x.org/2020/04/07/name.html", "deep/a.md"),
    ],
)
def test_post_is_found(target, here):
    assert led_to([POST], target, here=here, site_url="https://x.org/") == POST


def test_anchor_behind_post_url_is_found():
    link = resolve({POST: "# Part"}, "{% post_url 2020-04-07-name %}#part")
    assert (link.to, link.to_line, link.ok) == (POST, 1, True)


@pytest.mark.parametrize(
    ("target", "here"),
    [
        ("{% post_url 2020-04-07-name %}", "pages/about.md"),
        ("{% link _posts/2020-04-07-name.md %}", "pages/about.md"),
        ("{% link _posts/2020-04-07-name.md %}", "_posts/2021-01-01-b.md"),
    ],
)
def test_liquid_tag_counts_from_the_top_of_the_site(target, here):
    assert led_to([POST], target, here=here) == POST


@pytest.mark.parametrize(
    "target",
    [
        "{{ site.baseurl }}{% post_url 2020-04-07-name %}",
        "{{ site.baseurl }}{% link _posts/2020-04-07-name.md %}",
    ],
)
def test_liquid_tag_may_stand_behind_the_base_address(target):
    assert led_to([POST], target) == POST


@pytest.mark.parametrize("target", ["/about/", "/about", "https://x.org/about/"])
def test_permalink_leads_to_its_note(target):
    notes = {"pages/a.md": "---\npermalink: /about/\n---\nx"}
    assert led_to(notes, target, here="deep/b.md", site_url="https://x.org") == "pages/a.md"


def test_address_of_the_site_is_foreign_where_it_is_not_known():
    link = resolve(["a.md"], "https://x.org/a.html")
    assert (link.kind, link.to, link.ok) == (LinkKind.URL, None, True)


def test_address_that_begins_like_the_site_is_foreign():
    link = resolve(["x.md"], "https://example.community/x", site_url="https://example.com")
    assert (link.kind, link.ok) == (LinkKind.URL, True)


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["https://x.org/a", "HTTP://X.org", "mailto:a@b.org"])
def test_safe_address_is_ok_unseen(target):
    link = resolve([], target)
    assert (link.kind, link.to, link.ok) == (LinkKind.URL, None, True)


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "{{ x }}javascript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "DATA:text/html,x",
        "///x.org/a.md",
        "%6Aavascript:alert(1)",
    ],
)
def test_unsafe_address_is_never_ok(target):
    link = resolve(["a.md"], target)
    assert (link.ok, link.to) == (False, None)


def test_file_address_is_a_file_and_protocol_relative_one_an_address():
    assert resolve([], "file:///etc/passwd").kind is LinkKind.FILE
    assert resolve([], "//x.org/a").kind is LinkKind.URL


def test_unsafe_address_is_not_ok_behind_the_site_address():
    assert not resolve([], "https://x.org/javascript:alert(1)", site_url="https://x.org").ok


def test_empty_target_is_broken():
    link = resolve(["a.md"], "")
    assert (link.kind, link.to, link.ok) == (LinkKind.FILE, None, False)


def test_reversed_link_is_resolved_as_meant():
    found = read_odd_link("[b.md](the words)", 0, 17)
    assert found is not None
    link = resolver({"b.md": "words"}).resolve(found[0], "a.md")
    assert (link.to, link.ok, link.fix) == ("b.md", True, "[the words](b.md)")
