"""The event loop of the long-running commands: uvloop where it exists, which halves what a request costs.

Threads that encode blocks and batches share the interpreter with it. The loop lets go of it at every read and write,
and gets it back from a busy thread only after the switch interval: a short one keeps answers quick meanwhile.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import TypeVar

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

SWITCH_INTERVAL_S = 0.0005
Outcome = TypeVar("Outcome")


def run_event_loop(main: Coroutine[None, None, Outcome]) -> Outcome:
    """As ``asyncio.run``."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
