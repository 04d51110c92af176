"""What the node counts, in Prometheus' terms. One registry per node: several nodes live in one process (devnet).

The node's wiring calls the ``on_`` methods as things happen and the ``set_`` methods with what it reads; nothing here
reads a clock or the node. Label values come from fixed sets (methods of the table, ledgers of the genesis), so the
number of series is bounded.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rollup.core.heads import Heads, LedgerStatus

CALL_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BLOCK_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0)
LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)


class RpcMetrics:
    """Calls and their latency by method."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter("entresol_rpc_calls", "JSON-RPC calls", ["method", "outcome"], registry=registry)
        self._seconds = Histogram(
            "entresol_rpc_call_seconds", "Time to answer a call", ["method"], buckets=CALL_BUCKETS_S, registry=registry
        )
        self._known: dict[tuple[str, bool], tuple[Counter, Histogram]] = {}

    def on_call(self, method: str, seconds: float, *, failed: bool) -> None:
        known = self._known.get((method, failed))
        if known is None:
            outcome = "error" if failed else "ok"
            known = (self._calls.labels(method, outcome), self._seconds.labels(method))
            self._known[method, failed] = known
        known[0].inc()
        known[1].observe(seconds)


class SocketMetrics:
    """WebSockets that are open, and those that were dropped because their readers were too slow."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge("entresol_websockets", "Open WebSockets", registry=registry)
        self._dropped = Counter("entresol_websockets_dropped", "WebSockets of slow readers", registry=registry)

    def on_opened(self) -> None:
        self._open.inc()

    def on_closed(self) -> None:
        self._open.dec()

    def on_dropped(self) -> None:
        self._dropped.inc()


class ChainMetrics:
    """Blocks as they are sealed or derived, heads, pool and batches."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._heads = Gauge("entresol_head", "Block number per label", ["label"], registry=registry)
        self._blocks = Counter("entresol_blocks", "Blocks sealed or derived", registry=registry)
        self._transactions = Counter("entresol_transactions", "Transactions in those blocks", registry=registry)
        self._gas = Counter("entresol_gas", "Gas used in those blocks", registry=registry)
        self._vm_seconds = Histogram(
            "entresol_vm_block_seconds", "Time to execute a block", buckets=BLOCK_BUCKETS_S, registry=registry
        )
        self._pool = Gauge("entresol_pool_transactions", "Waiting transactions", ["state"], registry=registry)
        self._batches = Counter("entresol_batches", "Batches signed or derived", registry=registry)
        self._batch_bytes = Counter("entresol_batch_bytes", "Bytes of their bodies", registry=registry)
        self.last_batch = 0

    def on_block(self, transactions: int, gas_used: int) -> None:
        self._blocks.inc()
        self._transactions.inc(transactions)
        self._gas.inc(gas_used)

    def on_execution(self, seconds: float) -> None:
        self._vm_seconds.observe(seconds)

    def on_batch(self, number: int, body_bytes: int) -> None:
        self.last_batch = max(self.last_batch, number)
        self._batches.inc()
        self._batch_bytes.inc(body_bytes)

    def set_heads(self, heads: Heads) -> None:
        for label in ("unsafe", "safe", "finalized", "attested", "received"):
            self._heads.labels(label).set(getattr(heads, label))

    def set_pool(self, pending: int, queued: int) -> None:
        self._pool.labels("pending").set(pending)
        self._pool.labels("queued").set(queued)


class LedgerMetrics:
    """Per connected ledger: reachable or not, heights, batches, outbox, alarms."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str) -> Gauge:
            return Gauge(f"entresol_ledger_{name}", words, ["ledger"], registry=registry)

        self._reachable = gauge("reachable", "1 while its node answers")
        self._height = gauge("height", "Height of its tip")
        self._finalized = gauge("finalized_height", "Height up to which it is final")
        self._batch_seen = gauge("batch_seen", "Last batch on it")
        self._batch_final = gauge("batch_final", "Last batch final on it")
        self._lag = gauge("batch_lag", "Signed batches that are not yet on it")
        self._outbox = gauge("outbox_batches", "Batches waiting to be final on it")
        self._alarms = gauge("alarms", "Alarms that concern it")

    def set_ledger(self, status: LedgerStatus, last_batch: int) -> None:
        """``last_batch`` is the number of the last signed or derived batch."""
        ledger = status.spec.ledger_id
        self._reachable.labels(ledger).set(status.reachable)
        self._height.labels(ledger).set(status.height)
        self._finalized.labels(ledger).set(status.finalized_height)
        self._batch_seen.labels(ledger).set(status.last_batch_seen)
        self._batch_final.labels(ledger).set(status.last_batch_final)
        self._lag.labels(ledger).set(max(last_batch - status.last_batch_seen, 0))
        self._outbox.labels(ledger).set(status.outbox_depth)
        self._alarms.labels(ledger).set(len(status.alarms))


class Metrics:
    """All of a node's metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.rpc = RpcMetrics(self.registry)
        self.sockets = SocketMetrics(self.registry)
        self.chain = ChainMetrics(self.registry)
        self.ledgers = LedgerMetrics(self.registry)
        self._loop_lag = Histogram(
            "entresol_loop_lag_seconds", "Lateness of the event loop", buckets=LAG_BUCKETS_S, registry=self.registry
        )

    def on_loop_lag(self, seconds: float) -> None:
        self._loop_lag.observe(seconds)

    def encode(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self.registry)
