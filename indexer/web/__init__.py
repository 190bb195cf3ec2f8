"""Pieces of the page: components, views, and what they are fed with."""
