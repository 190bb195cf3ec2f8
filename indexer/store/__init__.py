"""Keep notes, points and vectors durably and search them. Knows no model and no Markdown."""
