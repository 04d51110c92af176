"""A signal in the first second, while the program is still being loaded, ends it quietly: there is nothing to close.

Imported before everything else that takes time. It acts on import, for want of another moment, and only where this
process is the ``entresol`` command and nothing else (a test runner keeps its own signals).
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def is_our_program(path: Path) -> bool:
    """``entresol``, or ``python -m node``."""
    return path.name == "entresol" or (path.name, path.parent.name) == ("__main__.py", "node")


def raise_interrupts() -> None:
    """From now on both signals raise KeyboardInterrupt: what is open is closed on the way out."""
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    os._exit(0)


if is_our_program(Path(sys.argv[0])):
    for each in SIGNALS:
        signal.signal(each, _leave)
