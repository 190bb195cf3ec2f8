"""Points and vectors to durable and searchable. Knows no model and no Markdown."""
