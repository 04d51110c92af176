"""Limits and policies of one listener."""

from dataclasses import dataclass, field

from rpc.access import AccessRules


@dataclass(frozen=True, slots=True)
class WebSocketSettings:
    """``waiting_bytes_max`` bounds the news, and the answers, that wait for a slow reader; ``write_timeout_s`` is how
    long it may read nothing. Silent peers are pinged; without subscriptions they go after ``idle_timeout_s``."""

    connections_max: int = 1024
    subscriptions_max: int = 1024
    calls_max: int = 32
    waiting_bytes_max: int = 4 * 1024 * 1024
    write_timeout_s: float = 10.0
    ping_interval_s: float = 30.0
    idle_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """Defaults suit a node that strangers may reach. ``methods`` are the namespaces and names on offer, ``*`` for all.

    ``connections_max`` counts WebSockets, too; the process's limit of open files may lower it (``rpc.connections``).
    ``cors_origins`` are the browser origins that may read answers (``*`` for any; a devnet wants that).
    ``websocket_origins`` are those that may open WebSockets: geth's rules (``rpc.origins``); none means this machine's.
    ``testing_methods`` adds the ``testing_`` namespace: it builds blocks on demand, and keeps none.
    ``virtual_hosts`` are the names accepted in the Host header beside IP addresses (DNS rebinding); ``*`` for any.
    """

    connections_max: int = 4096
    body_bytes_max: int = 5 * 1024 * 1024
    batch_items_max: int = 1000
    batch_concurrency: int = 32
    response_bytes_max: int = 25 * 1024 * 1024
    logs_count_max: int = 10_000
    logs_range_max: int = 10_000_000
    log_searches_max: int = 64
    answer_cache_bytes_max: int = 32 * 1024 * 1024
    filters_max: int = 1000
    filter_expiry_s: float = 300.0
    sync_wait_s: float = 10.0
    sync_wait_max_s: float = 25.0
    call_gas_max: int = 50_000_000
    request_timeout_s: float = 30.0
    keepalive_timeout_s: float = 120.0
    cors_origins: tuple[str, ...] = ()
    virtual_hosts: tuple[str, ...] = ("localhost",)
    testing_methods: bool = False
    websocket: WebSocketSettings = field(default_factory=WebSocketSettings)
    websocket_origins: tuple[str, ...] = ()
    head_age_max_s: float = 60.0
    tip_suggested_wei: int = 1_000_000
    methods: tuple[str, ...] = ("*",)
    access: AccessRules = field(default_factory=AccessRules)
    client_version: str = "entresol/v0.1.0"
