"""How long a test waits for what must happen.

A limit ends a wait for what will never come; it judges no speed. It is far above what the slowest
machine takes: one busy core, with other programs running.
"""

PATIENCE_S = 180
