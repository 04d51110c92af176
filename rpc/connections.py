"""How many connections a listener holds: one idle socket is one open file, and a node without files to open is dead."""

import asyncio
import resource
from typing import Any

from aiohttp import web

FILES_SHARE = 8
"""A listener takes one in so many of the files that the process may open: databases and ledgers need theirs, and a
process may have several listeners."""


class BoundedServer(web.Server):
    """Beyond the bound a new connection is cut at once; those that are open stay."""

    def __init__(self, *arguments: Any, connections_max: int, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._connections_max = min(connections_max, _files_max() // FILES_SHARE)

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._connections_max:
            self._loop.call_soon(transport.abort)  # not before aiohttp's task for it has begun: it trips over that


def _files_max() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
