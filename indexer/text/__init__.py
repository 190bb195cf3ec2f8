"""Turn texts into search terms, languages and dates; used by the stores and by retrieval."""
