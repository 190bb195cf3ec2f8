"""Answer questions: candidates of each retriever, one ranking, and the units to show."""
