"""Question to answer: candidates of each retriever, one ranking, and what is shown of it."""
