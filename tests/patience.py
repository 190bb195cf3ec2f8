"""How long tests wait for an event.

A limit ends a wait for what will never come; it judges no speed. It is far above what the slowest
machine takes: one busy core, with other programs running.
"""

PATIENCE_S = 180
