"""Notes on disk to an index: build, watch, export, and encoding on several machines."""
