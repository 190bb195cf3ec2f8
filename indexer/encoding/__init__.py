"""Texts to unit vectors. Knows nothing of notes, and nothing of where vectors are kept."""

import os

# ONNX Runtime 1.32 writes what it is used for into the user's cache, to send it to its makers. It
# looks at this when it is imported, which nothing outside this package does.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
