"""Limits and policies of one listener."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """Defaults suit a node that strangers may reach.

    ``cors_origins`` are the browser origins that may read answers (``*`` for any; a devnet wants that).
    ``virtual_hosts`` are the names accepted in the Host header beside IP addresses (DNS rebinding); ``*`` for any.
    """

    body_bytes_max: int = 5 * 1024 * 1024
    batch_items_max: int = 1000
    batch_concurrency: int = 32
    response_bytes_max: int = 25 * 1024 * 1024
    logs_count_max: int = 10_000
    log_searches_max: int = 64
    call_gas_max: int = 50_000_000
    request_timeout_s: float = 30.0
    keepalive_timeout_s: float = 120.0
    cors_origins: tuple[str, ...] = ()
    virtual_hosts: tuple[str, ...] = ("localhost",)
    head_age_max_s: float = 60.0
    tip_suggested_wei: int = 1_000_000
    client_version: str = "entresol/v0.1.0"
