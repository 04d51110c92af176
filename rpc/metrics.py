"""What the node counts, in Prometheus' terms. One registry per node: several nodes live in one process (devnet).

The node's wiring calls the ``on_`` and ``set_`` methods; nothing here reads a clock or the node.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

CALL_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Method names come from the fixed table, so the number of series is bounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter("entresol_rpc_calls", "JSON-RPC calls", ["method", "outcome"], registry=self.registry)
        self._call_seconds = Histogram(
            "entresol_rpc_call_seconds",
            "Time to answer a call",
            ["method"],
            buckets=CALL_BUCKETS_S,
            registry=self.registry,
        )
        self._by_method: dict[tuple[str, bool], tuple[Counter, Histogram]] = {}

    def on_rpc_call(self, method: str, seconds: float, *, failed: bool) -> None:
        key = (method, failed)
        series = self._by_method.get(key)
        if series is None:
            outcome = "error" if failed else "ok"
            series = (self._calls.labels(method, outcome), self._call_seconds.labels(method))
            self._by_method[key] = series
        series[0].inc()
        series[1].observe(seconds)

    def encode(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self.registry)
