"""Question to answer: candidates of each leg, one ranking, and what is shown of it."""
