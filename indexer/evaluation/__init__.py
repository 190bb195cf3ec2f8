"""Measure answers against judged questions."""
