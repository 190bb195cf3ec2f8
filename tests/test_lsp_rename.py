"""A rename in the editor: whatever the form of a link, it leads to the same note afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import WriteNotes
from surfaces import build

pytest.importorskip("pygls", reason="the extra lsp is not installed")
from fakes import FakeEncoder
from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from test_lsp import Editor, edit

from indexer.errors import IndexerError
from indexer.lsp.renaming import new_note_id
from indexer.notebook import Notebook

OLD = "courses/sequence models.md"
NOTES = {
    OLD: "---\naliases: [RNNs]\n---\n# Sequences\n\n## Attention\n\n- see [review](../review.md) "
    "and [plan](plan.md), [self](sequence%20models.md#attention), [here](#attention), [[plan]]\n"
    "- ![picture](../files/a%20picture.png) and [site](https://example.com/sequence%20models.md)\n",
    "review.md": "# Review\n\nSee [[sequence models]], [[RNNs]] and [[Sequences]], and 😀 "
    "[[Sequence Models#Attention|that]].\n\n![[sequence models]]\n\n"
    "[top](courses/sequence%20models.md) [slash](/courses/sequence%20models.md#attention) "
    "[bare](courses/sequence%20models)\n",
    "courses/plan.md": '---\nup: "[[sequence models]]"\n---\n# Plan\n\n[a](sequence%20models.md) '
    '[b](<sequence models.md>) [c](sequence%20models.md "Title") [d](./sequence%20models.md) '
    "[[courses/sequence models|e]] [[./sequence models]] `[[sequence models]]`\n\n[ref], [two][ref]"
    "\n\n[ref]: sequence%20models.md\n\n"
    '<a href="sequence%20models.md">html</a>\n\n| a | b |\n|---|---|\n'
    "| [[sequence models\\|f]] | [g](sequence%20models.md) |\n\n[a wrapped\nlink]"
    "(sequence%20models.md)\n\n```\n[[sequence models]]\n```\n",
    "other/deep net.md": "# Deep net\n\n- [[sequence models]]\n",
}


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    made = write_notes(NOTES)
    (made / "files").mkdir()
    (made / "files/a picture.png").write_bytes(b"\x89PNG")
    build(made)
    return made


def targets_of(folder: Path) -> dict[str, list[tuple[str | None, bool]]]:
    """Return the target of each link in the folder, in order, by note."""
    found: dict[str, list[tuple[str | None, bool]]] = {}
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()
        with notebook.snapshot() as snapshot:
            for link in snapshot.links():
                found.setdefault(link.note_id, []).append((link.to, link.ok))
    return found


def apply(changes: Iterable[Any]) -> None:
    """Change the files as an editor does."""
    for change in changes:
        if isinstance(change, types.RenameFile):
            new = path_of(change.new_uri)
            new.parent.mkdir(parents=True, exist_ok=True)
            path_of(change.old_uri).rename(new)
            continue
        path = path_of(change.text_document.uri)
        lines = path.read_text("utf-8").split("\n")
        edits = sorted(change.edits, key=lambda one: one.range.start, reverse=True)
        for one in edits:
            start, end = one.range.start, one.range.end
            line = lines[start.line].encode("utf-16-le")
            line = (
                line[: 2 * start.character]
                + one.new_text.encode("utf-16-le")
                + line[2 * end.character :]
            )
            lines[start.line] = line.decode("utf-16-le")
        path.write_text("\n".join(lines), "utf-8")


def path_of(uri: str) -> Path:
    return Path(uris.to_fs_path(uri) or "")


@pytest.mark.parametrize(
    ("written", "new"),
    [
        ("recurrent nets", "courses/recurrent nets.md"),
        ("recurrent nets.md", "courses/recurrent nets.md"),
        ("archive/2020/RNN (old)", "archive/2020/RNN (old).md"),
        ("archive/deep net", "archive/deep net.md"),  # another note has this name
        ("über 100%", "courses/über 100%.md"),
        ("Sequence Models", "courses/Sequence Models.md"),  # another case
    ],
)
def test_every_link_leads_to_the_renamed_note(folder: Path, written: str, new: str) -> None:
    before = targets_of(folder)
    assert sum(to == OLD for links in before.values() for to, _ in links) > 20
    texts = {path: path.read_text() for path in folder.rglob("*.md")}

    async def work(editor: Editor) -> None:
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("review.md", 2, 8), new_name=written)
        )
        apply(found.document_changes)

    edit(folder, work)
    assert not (folder / OLD).exists()
    expected = {
        new if note_id == OLD else note_id: [(new if to == OLD else to, ok) for to, ok in links]
        for note_id, links in before.items()
    }
    assert targets_of(folder) == expected
    plan = (folder / "courses/plan.md").read_text()
    assert "`[[sequence models]]`" in plan and "```\n[[sequence models]]\n```" in plan
    review = (folder / "review.md").read_text()
    assert "[[RNNs]] and [[Sequences]]" in review
    assert (folder / new).read_text().count("example.com/sequence%20models.md") == 1
    assert len(texts) == len(list(folder.rglob("*.md")))


def test_unsaved_links_follow_too(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        text = "# Review\n\nNew first line.\n\nSee [it](courses/sequence%20models.md).\n"
        uri = await editor.open("review.md", text)
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("review.md", 4, 6), new_name="nets")
        )
        edits = {
            change.text_document.uri: [(one.range.start.line, one.new_text) for one in change.edits]
            for change in found.document_changes[:-1]
        }
        assert edits[uri] == [(4, "courses/nets.md")]

    edit(folder, work)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "the new name is empty"),
        ("  ", "the new name is empty"),
        ("a/", "the new name is empty, or a part of it is"),
        ("a//b", "the new name is empty, or a part of it is"),
        ("/etc/x", "the new name is empty, or a part of it is"),
        ("../x", "outside the notes"),
        (".x", "hidden"),
        ("a\0b", "characters that no note can have"),
        ("a\nb", "characters that no note can have"),
        ("\ud800", "characters that no note can have"),
        ("a\\b", "characters that no note can have"),
        ("x" * 300, "too long"),
    ],
)
def test_name_that_no_note_can_have_is_refused(written: str, said: str) -> None:
    with pytest.raises(IndexerError, match=said):
        new_note_id(OLD, written)


def test_refusals_of_the_server_keep_message_and_hint(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        for written, said in (
            ("plan", "courses/plan.md is taken (choose another name)"),
            ("C#", "cannot contain the new name (leave out the characters"),
            ("../../x", "(write a name, or folders and a name"),
        ):
            with pytest.raises(JsonRpcException) as raised:
                await editor.client.text_document_rename_async(
                    types.RenameParams(**editor.at("review.md", 2, 8), new_name=written)
                )
            assert said in str(raised.value)

    edit(folder, work)
    assert (folder / OLD).exists()


def test_note_without_wikilinks_to_it_can_have_any_name(write_notes: WriteNotes) -> None:
    folder = write_notes({"a.md": "# A\n", "b.md": "# B\n\n[a](a.md#a) [[b]]\n"})
    build(folder)

    async def work(editor: Editor) -> None:
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("a.md", 0, 0), new_name="C# [1] (x")
        )
        apply(found.document_changes)

    edit(folder, work)
    assert (folder / "b.md").read_text() == "# B\n\n[a](C%23%20%5B1%5D%20%28x.md#a) [[b]]\n"
    assert targets_of(folder)["b.md"][0] == ("C# [1] (x.md", True)


def test_links_follow_a_file_that_the_editor_renames(folder: Path) -> None:
    before = targets_of(folder)

    async def work(editor: Editor) -> None:
        found = await editor.client.workspace_will_rename_files_async(
            types.RenameFilesParams(
                [types.FileRename(editor.uri(OLD), editor.uri("archive/nets.md"))]
            )
        )
        apply(found.document_changes)

    edit(folder, work)
    (folder / "archive").mkdir()
    (folder / OLD).rename(folder / "archive/nets.md")
    after = targets_of(folder)
    assert [ok for links in after.values() for _, ok in links] == [
        ok for links in before.values() for _, ok in links
    ]
    assert sum(to == "archive/nets.md" for links in after.values() for to, _ in links) > 20


def test_link_that_cannot_be_changed_is_named(write_notes: WriteNotes) -> None:
    """One of a published address, which the new name does not tell."""
    folder = write_notes(
        {
            "_posts/2020-04-07-review.md": "---\ntitle: The verdict\n---\n# The verdict\n\n- x\n",
            "_config.yml": "permalink: /:year/:month/:day/:title/\n",
            "b.md": "# B\n\n[r](/2020/04/07/review/) and [[2020-04-07-review]]\n\n"
            "[p]({% post_url 2020-04-07-review %})\n",
        }
    )
    build(folder)
    said: list[str] = []

    async def work(editor: Editor) -> None:
        @editor.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            said.append(params.message)

        found = await editor.client.text_document_rename_async(
            types.RenameParams(
                **editor.at("_posts/2020-04-07-review.md", 0, 0), new_name="2020-04-07-verdict"
            )
        )
        apply(found.document_changes)

    edit(folder, work)
    text = (folder / "b.md").read_text()
    assert "[[2020-04-07-verdict]]" in text
    assert "{% post_url 2020-04-07-verdict %}" in text
    assert said == ["change the other links to _posts/2020-04-07-review.md by hand (1): b.md:3"]


def test_editor_that_cannot_rename_files_is_told_to(folder: Path) -> None:
    said: list[str] = []

    async def work(editor: Editor) -> None:
        @editor.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            said.append(params.message)

        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("review.md", 2, 8), new_name="nets")
        )
        assert not any(isinstance(one, types.RenameFile) for one in found.document_changes)
        apply(found.document_changes)

    edits = types.WorkspaceEditClientCapabilities(document_changes=True)
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(workspace_edit=edits)
    )
    edit(folder, work, capabilities)
    (folder / OLD).rename(folder / "courses/nets.md")
    assert sum(to == "courses/nets.md" for links in targets_of(folder).values() for to, _ in links)
    assert said == [
        f"This editor cannot rename a file: rename {OLD} to courses/nets.md yourself",
    ]


def test_notes_of_several_folders_are_found_and_renamed_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTEPOINT_CACHE", str(tmp_path / "cache"))
    work, garden = tmp_path / "work", tmp_path / "garden"
    for folder in (work, garden):
        folder.mkdir()
    (work / "plan.md").write_text("# Plan\n\nSee [[beds]] and [x](other.md).\n")
    (work / "other.md").write_text("# Other\n")
    (garden / "beds.md").write_text("# Beds\n\n- six of them\n")
    notebook = Notebook([str(work), str(garden)], encoder=FakeEncoder())
    notebook.build()
    plan = (work / "plan.md").as_uri()

    async def work_in(editor: Editor) -> None:
        at: dict[str, Any] = {
            "text_document": types.TextDocumentIdentifier(plan),
            "position": types.Position(2, 7),
        }
        target = await editor.client.text_document_definition_async(types.DefinitionParams(**at))
        assert target.uri == (garden / "beds.md").as_uri()
        symbols = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams("six"))
        assert symbols[0].location.uri == (garden / "beds.md").as_uri()
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**at, new_name="fields")
        )
        with pytest.raises(JsonRpcException, match="in none of the notes folders"):
            await editor.client.text_document_rename_async(
                types.RenameParams(**at, new_name="elsewhere/fields")
            )
        apply(found.document_changes)

    edit([work, garden], work_in)
    notebook.close()
    assert (garden / "fields.md").exists()
    assert (work / "plan.md").read_text() == "# Plan\n\nSee [[fields]] and [x](other.md).\n"
