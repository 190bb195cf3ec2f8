"""What a body of Markdown holds, once it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from indexer.records import Block, BlockKind, NoteWarning, RawLink

_WORD = re.compile(r"\w")
_TAG = re.compile(r"(?:^|\s)#[^\s#]+")
_TRAILING_TAGS = re.compile(r"(?<=\S)(?:\s+#[^\s#]+)+$")


@dataclass(slots=True)
class Body:
    """What a body holds: blocks in reading order, places links can point at, and warnings."""

    blocks: list[Block] = field(default_factory=list)
    anchors: list[tuple[str, int]] = field(default_factory=list)
    loose_links: list[RawLink] = field(default_factory=list)
    warnings: list[NoteWarning] = field(default_factory=list)

    tags: list[str] = field(default_factory=list)
    inner_headings: set[int] = field(default_factory=set)  # positions of those in items and quotes

    def leading_heading(self) -> str | None:
        """Return the first heading if it is of level 1 and nothing but images or links precede it.

        Tags at its end are no part of it.
        """
        for place, block in enumerate(self.blocks):
            if place in self.inner_headings:
                return None
            if block.kind is BlockKind.HEADING and block.rows:
                return _TRAILING_TAGS.sub("", block.text) if block.level == 1 else None
            if not _is_links_only(block):
                return None
        return None

    def blocks_after(self, count: int) -> list[Block]:
        """Return the blocks as they are after a number of others: with their parents' positions."""
        if not count:
            return self.blocks
        return [b if b.parent is None else b._replace(parent=b.parent + count) for b in self.blocks]


def _is_links_only(block: Block) -> bool:
    """Return whether a block shows nothing but links and images."""
    rest = block.text
    for link in block.links:
        rest = rest.replace(link.text, "", 1)
    return not _WORD.search(_TAG.sub("", rest))
