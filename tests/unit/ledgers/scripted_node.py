"""A JSON-RPC node over real HTTP whose answers a test writes down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Answer = Callable[..., object]


class RpcFault(Exception):
    """Answered as a JSON-RPC error object."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "data": data}


class ScriptedNode:
    """``answers`` maps methods to functions of their parameters. ``asked`` keeps (method, params) in order.

    ``respond`` replaces the whole HTTP answer; ``silent`` never answers.
    """

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[tuple[str, list[object]]] = []
        self.respond: Callable[[object], web.Response] | None = None
        self.silent = False
        self.url = ""
        self._released = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        if self.silent:
            await self._released.wait()
        calls = await request.json()
        if self.respond is not None:
            return self.respond(calls)
        # a batch may be answered in any order
        answers = [self._answer(call) for call in reversed(calls)] if isinstance(calls, list) else self._answer(calls)
        return web.Response(text=json.dumps(answers), content_type="application/json")

    def release(self) -> None:
        self._released.set()

    def _answer(self, call: dict[str, object]) -> dict[str, object]:
        method, params = str(call["method"]), call["params"]
        assert isinstance(params, list)
        self.asked.append((method, params))
        head = {"jsonrpc": "2.0", "id": call["id"]}
        if method not in self.answers:
            return head | {"error": {"code": -32601, "message": f"the method {method} does not exist"}}
        try:
            return head | {"result": self.answers[method](*params)}
        except RpcFault as fault:
            return head | {"error": fault.body}


@asynccontextmanager
async def serve_node(node: ScriptedNode) -> AsyncIterator[ScriptedNode]:
    application = web.Application()
    application.router.add_post("/", node.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        node.url = f"http://{host}:{port}"
        yield node
    finally:
        node.release()
        await runner.cleanup()
