"""Find placeholders of templates, which are no values: ``{{title}}``, ``<% tp.date %>``."""

from __future__ import annotations

# How they begin and end; a regular expression would take time that grows with the square.
_SIGNS = (
    *(("{{", "}}"), ("<%", "%>"), ("{%", "%}"), ("${", "}")),
    *(("`r ", "`"), ("`{r} ", "`"), ("`{python} ", "`")),
)


def has_placeholder(text: str) -> bool:
    """Return whether a placeholder is in a text."""
    return any(
        begin in text and text.rfind(end) >= text.find(begin) + len(begin) for begin, end in _SIGNS
    )


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder and nothing else."""
    return any(
        text.startswith(begin) and text.endswith(end) and len(text) >= len(begin) + len(end)
        for begin, end in _SIGNS
    )
