"""The language server: asks, links and checks from within an editor."""
