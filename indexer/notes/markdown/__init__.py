"""Markdown to blocks with their lines, and Markdown to HTML for the page."""
