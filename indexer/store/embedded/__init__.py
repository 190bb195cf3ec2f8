"""The embedded store: SQLite is the truth, FAISS files are derived from it."""
