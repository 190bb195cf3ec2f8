"""The format of Markdown notes, with all dialects."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.errors import NO_TEXT
from indexer.notes.formats import Document, FindImage, without_note_suffix
from indexer.notes.names import merge_names, without_export_id
from indexer.records import Link, NoteWarning

_TOO_SLOW = "reading the Markdown takes too long; the note is read as plain text"

_DRAWING = ".excalidraw.md"
_TAG_OF_DRAWINGS = "Tags: excalidraw"  # the plugin writes it into each


class MarkdownFormat:
    """Markdown with front matter: Obsidian, Logseq, Jekyll, Hugo, Quarto and others."""

    name = "markdown"
    suffixes: tuple[str, ...] = (
        *(".md", ".markdown", ".mdown", ".mkdown", ".mkdn", ".mkd", ".markdn"),
        *(".qmd", ".rmd", ".mdx"),
    )
    version = 7

    def read(self, text: str, note_id: str) -> Document:
        r"""Return the parts of a note.

        :param text: the whole note, lines ended by ``\n``.
        :param note_id: its path relative to the notes folder.
        """
        from indexer.notes.front_matter import split_front_matter
        from indexer.notes.markdown.anchors import written_anchors
        from indexer.notes.markdown.body import Body
        from indexer.notes.markdown.fields import colon_tags, inline_fields
        from indexer.notes.markdown.other_marks import written_tags
        from indexer.notes.markdown.reader import read_blocks
        from indexer.notes.markdown.time_budget import OutOfTime, time_budget
        from indexer.notes.plain_text import PlainTextFormat
        from indexer.notes.properties import with_fields

        name = without_note_suffix(note_id.rpartition("/")[2])
        front = split_front_matter(text, exported=without_export_id(name) != name)
        drawing = note_id.lower().endswith(_DRAWING) or any(
            key == "excalidraw-plugin" for key, _ in front.properties
        )
        head = [b for b in front.blocks if not (drawing and b.text == _TAG_OF_DRAWINGS)]
        partial = front.partial
        remarks = [NoteWarning(NO_TEXT)] if front.blocks and not front.body.strip() else []
        try:
            with time_budget(len(text)):
                body = read_blocks(front.body, drawing=drawing)
        except OutOfTime as exc:
            partial = True
            warning = NoteWarning(_TOO_SLOW, exc.line, "simplify the Markdown there")
            blocks = PlainTextFormat().read(front.body, note_id).blocks
            body = Body(blocks=list(blocks), warnings=[warning])
        return Document(
            blocks=[*head, *body.blocks_after(len(head))],
            anchors=[*written_anchors(front.body.split("\n")), *body.anchors],
            loose_links=[*front.links, *body.loose_links],
            warnings=[*front.warnings, *body.warnings, *remarks],
            title=front.title,
            heading=body.leading_heading(),
            date=front.date,
            updated=front.updated,
            tags=merge_names(
                front.tags, (*body.tags, *colon_tags(front.body), *written_tags(front.body))
            ),
            categories=front.categories,
            aliases=front.aliases,
            permalink=front.permalink,
            properties=with_fields(front.properties, inline_fields(front.body)),
            partial=partial,
        )

    def render(
        self, text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        r"""Return a note as safe HTML, each block with its lines.

        :param text: the whole note, lines ended by ``\n``.
        :param links: its links, resolved.
        :param find_image: returns the numbers of images that can be shown.
        """
        from indexer.notes.markdown.render import render_note
        from indexer.notes.markdown.time_budget import OutOfTime, time_budget
        from indexer.notes.plain_text import PlainTextFormat

        try:
            with time_budget(len(text)):
                return render_note(text, links, find_image)
        except OutOfTime:
            return PlainTextFormat().render(text, links, find_image)
