"""The HTTP service: serves the notes as JSON to other programs on this machine."""
