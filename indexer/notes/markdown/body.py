"""The content of a Markdown body after reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from indexer.records import Block, BlockKind, NoteWarning, RawLink

_WORD = re.compile(r"\w")
_TAG = re.compile(r"(?:^|\s)#[^\s#]+")
_ONE_TAG = re.compile(r"#[^\s#]+")


@dataclass(slots=True)
class Body:
    """The content of a body: blocks in reading order, link targets, and warnings."""

    blocks: list[Block] = field(default_factory=list)
    anchors: list[tuple[str, int]] = field(default_factory=list)
    loose_links: list[RawLink] = field(default_factory=list)
    warnings: list[NoteWarning] = field(default_factory=list)

    tags: list[str] = field(default_factory=list)
    inner_headings: set[int] = field(default_factory=set)  # positions of those in items and quotes

    def leading_heading(self) -> str | None:
        """Return the first heading if it has level 1 and follows only images or links.

        Tags at its end are removed.
        """
        for place, block in enumerate(self.blocks):
            if place in self.inner_headings:
                return None
            if block.kind is BlockKind.HEADING and block.rows:
                return _without_tags(block.text) if block.level == 1 else None
            if not _is_links_only(block):
                return None
        return None

    def blocks_after(self, count: int) -> list[Block]:
        """Return the blocks shifted by a number of others, with the positions of their parents."""
        if not count:
            return self.blocks
        return [b if b.parent is None else b._replace(parent=b.parent + count) for b in self.blocks]


def _without_tags(text: str) -> str:
    """Return a heading without the tags at its end."""
    words = re.split(r"(\s+)", text)
    while len(words) > 2 and words[-3] and _ONE_TAG.fullmatch(words[-1]):
        del words[-2:]
    return "".join(words)


def _is_links_only(block: Block) -> bool:
    """Return whether a block shows only links and images."""
    rest = block.text
    for link in block.links:
        rest = rest.replace(link.text, "", 1)
    return not _WORD.search(_TAG.sub("", rest))
