"""Notes for other programs: HTTP with JSON on this machine."""
