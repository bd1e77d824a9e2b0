"""How the interpreter looks for unreachable cycles in a process that stays."""

import gc
from typing import Final

YOUNGEST: Final = 50_000
"""New containers after which the youngest are looked at. What one batch of messages makes dies by
itself; looking at it every 700 containers, as Python does, took a quarter of a worker's time."""


def settle() -> None:
    """Leave what is loaded by now out of every later look; call it once, before the loop runs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST)
