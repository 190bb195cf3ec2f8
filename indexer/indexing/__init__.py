"""Turn notes on disk into an index: build, watch, export, and encode on several machines."""
