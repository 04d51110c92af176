"""The interpreter as the long-running commands need it, and their event loop: uvloop where it exists, which takes a
few percent less for a request than asyncio's own.

Threads that encode blocks and batches share the interpreter with it. The loop lets go of it at every read and write,
and gets it back from a busy thread only after the switch interval: a short one keeps answers quick meanwhile.

Every connection is an open file. The limit that most systems begin with, 1024, is meant for programs that use select;
it is raised as far as the system allows (the engine inherits it).

The garbage collector stops the loop. Caches and pool are large, live long and are free of cycles: a full collection
under load took 140 ms, visiting them for nothing. So full ones are made rare, and what was imported is left out.
"""

import asyncio
import gc
import resource
import sys
from collections.abc import Coroutine
from typing import TypeVar

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

SWITCH_INTERVAL_S = 0.0005
COLLECTOR_THRESHOLDS = (2_000, 10, 200)
FILES_WANTED = 65_536
Outcome = TypeVar("Outcome")


def run_event_loop(main: Coroutine[None, None, Outcome]) -> Outcome:
    """As ``asyncio.run``."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _allow_files()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
