"""Disk to points: finds, reads and cuts notes. Knows Markdown; knows no vectors, no database."""
