"""Texts to unit vectors. Knows nothing of notes, and nothing of where vectors are kept."""
