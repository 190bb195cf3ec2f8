"""Markdown in all its dialects, as a format."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.notes.formats import Document, FindImage
from indexer.notes.names import merge_names
from indexer.records import Link


class MarkdownFormat:
    """Markdown with a head of properties: Obsidian, Logseq, Jekyll, Hugo, Quarto and others."""

    name = "markdown"
    suffixes: tuple[str, ...] = (
        *(".md", ".markdown", ".mdown", ".mkdown", ".mkdn", ".mkd", ".markdn"),
        *(".qmd", ".rmd", ".mdx"),
    )
    version = 2

    def read(self, text: str, note_id: str) -> Document:
        r"""Return the parts of a note.

        :param text: the whole note, lines ended by ``\n``.
        :param note_id: its path relative to the notes folder.
        """
        from indexer.notes.front_matter import split_front_matter
        from indexer.notes.markdown.anchors import written_anchors
        from indexer.notes.markdown.reader import read_blocks

        front = split_front_matter(text)
        body = read_blocks(front.body)
        return Document(
            blocks=[*front.blocks, *body.blocks_after(len(front.blocks))],
            anchors=[*written_anchors(front.body.split("\n")), *body.anchors],
            loose_links=[*front.links, *body.loose_links],
            warnings=[*front.warnings, *body.warnings],
            title=front.title,
            heading=body.leading_heading(),
            date=front.date,
            updated=front.updated,
            tags=merge_names(front.tags, body.tags),
            categories=front.categories,
            aliases=front.aliases,
            permalink=front.permalink,
            properties=front.properties,
            partial=front.partial,
        )

    def render(
        self, text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        r"""Return a note as safe HTML, each block with its lines.

        :param text: the whole note, lines ended by ``\n``.
        :param links: its links, resolved.
        :param find_image: says which images can be shown.
        """
        from indexer.notes.markdown.render import render_note

        return render_note(text, links, find_image)
