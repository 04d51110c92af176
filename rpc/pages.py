"""Operations pages: /healthz (the process answers), /readyz (it is worth asking), /metrics."""

import time

from aiohttp import web

from rpc.http import Page
from rpc.json_codec import encode_json
from rpc.metrics import Metrics
from rpc.ports import NodePorts
from rpc.settings import RpcSettings


class Pages:
    def __init__(self, ports: NodePorts, settings: RpcSettings, metrics: Metrics) -> None:
        self._ports = ports
        self._settings = settings
        self._metrics = metrics

    def table(self) -> dict[str, Page]:
        return {"/healthz": self.health, "/readyz": self.ready, "/metrics": self.metrics}

    async def health(self) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(self) -> web.Response:
        """503 with the reasons while the node should get no traffic."""
        reasons = [*self._head_reasons(time.time()), *self._ledger_reasons()]
        body = encode_json({"ready": not reasons, "reasons": reasons})
        return web.Response(status=503 if reasons else 200, body=body, content_type="application/json")

    async def metrics(self) -> web.Response:
        """Heads, pool and ledgers are read when somebody asks; the rest was counted as it happened."""
        self._refresh()
        return web.Response(
            body=self._metrics.encode(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    def _refresh(self) -> None:
        metrics, ports = self._metrics, self._ports
        if ports.heads is not None:
            metrics.chain.set_heads(ports.heads.heads())
        if ports.pool is not None:
            metrics.chain.set_pool(*ports.pool.counts)
        statuses = () if ports.rollup is None else ports.rollup.ledger_status()
        last_batch = max([metrics.chain.last_batch, *(status.last_batch_seen for status in statuses)])
        for status in (status for status in statuses if status.watched):
            metrics.ledgers.set_ledger(status, last_batch)

    def _head_reasons(self, now: float) -> list[str]:
        head = self._ports.chain.head_number()
        header = None if head is None else self._ports.chain.header(head)
        reasons = []
        if header is None:
            reasons.append("no block yet")
        elif now - header.timestamp > self._settings.head_age_max_s:
            reasons.append(f"head {head} is {int(now - header.timestamp)} s old")
        heads = None if self._ports.heads is None else self._ports.heads.heads()
        if heads is not None and heads.received > heads.unsafe:
            reasons.append(f"syncing: {heads.unsafe} of {heads.received} blocks executed")
        return reasons

    def _ledger_reasons(self) -> list[str]:
        if self._ports.rollup is None:
            return []
        return [
            f"ledger {status.spec.ledger_id} is unreachable: {status.error or 'no answer yet'}"
            for status in self._ports.rollup.ledger_status()
            if status.watched and not status.reachable
        ]
