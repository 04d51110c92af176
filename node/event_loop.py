"""The event loop of the long-running commands: uvloop where it exists, which halves what a request costs."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import TypeVar

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

Outcome = TypeVar("Outcome")


def run_event_loop(main: Coroutine[None, None, Outcome]) -> Outcome:
    """As ``asyncio.run``."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
