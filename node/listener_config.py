"""From the configuration's ``[rpc]`` and ``[admin]`` to listeners, with the secrets that they name."""

from pathlib import Path

from node.config import AdminSection, NodeConfig, RpcSection
from node.rollup_settings import Listener
from rollup.core.errors import BadConfig
from rpc.access import AccessRules
from rpc.settings import RpcSettings, WebSocketSettings

JWT_SECRET_BYTES = 32
API_KEY_CHARACTERS_MIN = 16


def build_listener(rpc: RpcSection) -> Listener:
    """The public one. Raises BadConfig for secrets that cannot be used."""
    settings = RpcSettings(
        body_bytes_max=rpc.body_bytes_max,
        batch_items_max=rpc.batch_items_max,
        response_bytes_max=rpc.response_bytes_max,
        logs_count_max=rpc.logs_count_max,
        logs_range_max=rpc.logs_range_max,
        answer_cache_bytes_max=rpc.answer_cache_bytes_max,
        filters_max=rpc.filters_max,
        filter_expiry_s=rpc.filter_expiry_s,
        sync_wait_s=rpc.sync_wait_s,
        sync_wait_max_s=rpc.sync_wait_max_s,
        request_timeout_s=rpc.request_timeout_s,
        keepalive_timeout_s=rpc.keepalive_timeout_s,
        cors_origins=rpc.cors_origins,
        virtual_hosts=rpc.vhosts,
        websocket=WebSocketSettings(
            connections_max=rpc.websocket_connections_max,
            subscriptions_max=rpc.websocket_subscriptions_max,
            waiting_bytes_max=rpc.websocket_waiting_bytes_max,
            ping_interval_s=rpc.websocket_ping_interval_s,
            idle_timeout_s=rpc.websocket_idle_timeout_s,
        ),
        websocket_origins=rpc.websocket_origins,
        head_age_max_s=rpc.head_age_max_s,
        methods=rpc.methods,
        access=_read_access(rpc.jwt_secret_file, rpc.api_keys_file),
    )
    return Listener(rpc.host, rpc.port, settings)


def build_admin_listener(config: NodeConfig) -> Listener | None:
    """None where none is configured. Raises BadConfig when strangers could call it."""
    admin: AdminSection = config.admin
    if admin.port is None:
        return None
    access = _read_access(admin.jwt_secret_file, admin.api_keys_file)
    is_open = access.jwt_secret is None and not access.api_keys
    if is_open and admin.host not in ("127.0.0.1", "::1", "localhost"):
        raise BadConfig(
            "admin.host is reachable from other machines: set admin.jwt_secret_file or admin.api_keys_file, "
            "or listen on 127.0.0.1"
        )
    settings = RpcSettings(
        virtual_hosts=admin.vhosts,
        methods=admin.methods,
        access=access,
        logs_count_max=config.rpc.logs_count_max,
        logs_range_max=config.rpc.logs_range_max,
        head_age_max_s=config.rpc.head_age_max_s,
    )
    return Listener(admin.host, admin.port, settings)


def _read_access(jwt_secret_file: Path | None, api_keys_file: Path | None) -> AccessRules:
    return AccessRules(
        jwt_secret=None if jwt_secret_file is None else _read_jwt_secret(jwt_secret_file),
        api_keys=() if api_keys_file is None else _read_api_keys(api_keys_file),
    )


def _read_jwt_secret(path: Path) -> bytes:
    """As geth's ``--authrpc.jwtsecret``: 32 bytes in hex."""
    try:
        secret = bytes.fromhex(_read_secret(path).strip().removeprefix("0x"))
    except ValueError as error:
        raise BadConfig(f"{path} does not hold a secret in hex: openssl rand -hex 32 > {path}") from error
    if len(secret) != JWT_SECRET_BYTES:
        raise BadConfig(
            f"{path} holds {len(secret)} bytes, {JWT_SECRET_BYTES} are wanted: openssl rand -hex 32 > {path}"
        )
    return secret


def _read_api_keys(path: Path) -> tuple[str, ...]:
    """One key per line; empty lines and those that begin with # are skipped."""
    lines = (line.strip() for line in _read_secret(path).splitlines())
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys or any(len(key) < API_KEY_CHARACTERS_MIN for key in keys):
        raise BadConfig(f"{path}: one key per line is wanted, each of {API_KEY_CHARACTERS_MIN} characters or more")
    return keys


def _read_secret(path: Path) -> str:
    try:
        text, mode = path.read_text(), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"cannot read the secrets in {path}: {error}") from error
    if mode & 0o077:
        raise BadConfig(f"{path} is readable by others: chmod 600 {path}")
    return text
