"""The one place where an unforeseen exception of the engine is caught.

A question or a transaction that meets a defect must not end the process: the node would restart it and ask again. What
a derived block meets is not contained: other nodes executed it, so leaving is right.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from rollup.core.errors import EngineDefect, RollupError


@contextmanager
def containing_defects(what: str) -> Iterator[None]:
    """Errors of ours pass; any other exception is printed with its traceback and becomes EngineDefect."""
    try:
        yield
    except RollupError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise EngineDefect(f"{what}: {type(error).__name__}: {error}") from error
