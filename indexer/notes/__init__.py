"""Find notes on disk, read them and cut them into points. Knows no vectors and no database."""

from indexer.notes.formats import register_format
from indexer.notes.markdown.format import MarkdownFormat
from indexer.notes.plain_text import PlainTextFormat

register_format(MarkdownFormat())
register_format(PlainTextFormat())
