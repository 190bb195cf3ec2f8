"""Read Markdown as blocks with their lines, and render it as HTML for the page."""
