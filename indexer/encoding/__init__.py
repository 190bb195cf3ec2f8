"""Encoders: they turn texts into unit vectors. They know neither notes nor stores."""

import os

# ONNX Runtime 1.32 logs its use in the user's cache and sends it to its makers. This variable turns
# that off; it is read at import, and only this package imports ONNX Runtime.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
