"""Texts to the terms they are found by; shared by the stores and by retrieval."""
