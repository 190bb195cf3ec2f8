"""The language server: search, link completion and link checks in an editor."""
