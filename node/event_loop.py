"""The interpreter as the long-running commands need it, and their event loop: uvloop where it exists, which halves what
a request costs.

Threads that encode blocks and batches share the interpreter with it. The loop lets go of it at every read and write,
and gets it back from a busy thread only after the switch interval: a short one keeps answers quick meanwhile.

The garbage collector stops the loop. Caches and pool are large, live long and are free of cycles: a full collection
under load took 140 ms, visiting them for nothing. So full ones are made rare, and what was imported is left out.
"""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import TypeVar

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

SWITCH_INTERVAL_S = 0.0005
COLLECTOR_THRESHOLDS = (2_000, 10, 200)
Outcome = TypeVar("Outcome")


def run_event_loop(main: Coroutine[None, None, Outcome]) -> Outcome:
    """As ``asyncio.run``."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
