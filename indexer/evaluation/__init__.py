"""Judged questions to figures."""
