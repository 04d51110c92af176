"""The node's configuration: one TOML file plus environment variables ``ENTRESOL_<SECTION>__<KEY>``. Frozen.

Unknown keys are errors that name the key; so are values that cannot work together.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rollup.core.errors import BadConfig

ENVIRONMENT_PREFIX = "ENTRESOL_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RpcSection(_Section):
    """Where JSON-RPC, health and metrics are served."""

    host: str = "127.0.0.1"
    port: int = Field(8545, ge=0, le=65_535)
    cors_origins: tuple[str, ...] = ()
    websocket_origins: tuple[str, ...] = ()
    vhosts: tuple[str, ...] = ("localhost",)
    call_time_max_s: float = Field(1.0, gt=0)
    logs_count_max: int = Field(10_000, ge=1)
    logs_range_max: int = Field(10_000_000, ge=1)
    head_age_max_s: float = Field(300.0, gt=0)
    methods: tuple[str, ...] = ("*",)
    jwt_secret_file: Path | None = None
    api_keys_file: Path | None = None
    body_bytes_max: int = Field(5 * 1024 * 1024, ge=1024)
    batch_items_max: int = Field(1000, ge=1)
    response_bytes_max: int = Field(25 * 1024 * 1024, ge=1024)
    request_timeout_s: float = Field(30.0, gt=0)
    keepalive_timeout_s: float = Field(120.0, gt=0)
    answer_cache_bytes_max: int = Field(32 * 1024 * 1024, ge=0)
    filters_max: int = Field(1000, ge=0)
    filter_expiry_s: float = Field(300.0, gt=0)
    sync_wait_s: float = Field(10.0, gt=0)
    sync_wait_max_s: float = Field(25.0, gt=0)
    websocket_connections_max: int = Field(1024, ge=0)
    websocket_subscriptions_max: int = Field(1024, ge=0)
    websocket_waiting_bytes_max: int = Field(4 * 1024 * 1024, ge=64 * 1024)
    websocket_ping_interval_s: float = Field(30.0, gt=0)
    websocket_idle_timeout_s: float = Field(600.0, gt=0)

    @model_validator(mode="after")
    def _waits_end_first(self) -> Self:
        if not self.sync_wait_s <= self.sync_wait_max_s < self.request_timeout_s:
            raise ValueError("sync_wait_s, sync_wait_max_s and request_timeout_s must ascend")
        return self


class AdminSection(_Section):
    """Where operators' methods are served; nowhere without a port."""

    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=65_535)
    vhosts: tuple[str, ...] = ("localhost",)
    methods: tuple[str, ...] = ("*",)
    jwt_secret_file: Path | None = None
    api_keys_file: Path | None = None


class SequencerSection(_Section):
    """Block building. Intervals in seconds."""

    key_file: Path = Path("keys/sequencer.key")
    block_interval_s: float = Field(0.2, ge=0.05)
    idle_block_interval_s: float = Field(5.0, ge=0.05)
    block_time_budget_s: float = Field(0.4, gt=0)
    cursor_interval_s: float = Field(5.0, ge=0)
    pool_transactions_max: int = Field(50_000, ge=1)
    pool_bytes_max: int = Field(64 * 1024 * 1024, ge=1024)
    pool_per_sender_max: int = Field(4_096, ge=1)
    pool_expiry_s: float = Field(3 * 3600, gt=0)

    @model_validator(mode="after")
    def _idle_is_slower(self) -> Self:
        if self.idle_block_interval_s < self.block_interval_s:
            raise ValueError("idle_block_interval_s must not be below block_interval_s")
        return self


class BatchSection(_Section):
    """When a batch closes, and how many may wait for the anchor before new transactions are refused."""

    blocks_max: int = Field(4_096, ge=1)
    bytes_max: int = Field(118_000, ge=104_096, le=120_000)
    gas_max: int = Field(1_000_000_000, ge=30_000_000)
    age_s_max: float = Field(60.0, gt=0)
    outbox_batches_max: int = Field(64, ge=1)


class LedgerSection(_Section):
    """How to reach one ledger of the genesis. ``key_file`` is the posting account's; without it nothing is posted."""

    ledger_id: str
    url: str
    key_file: Path | None = None
    poll_interval_s: float = Field(2.0, gt=0)
    request_timeout_s: float = Field(10.0, gt=0)
    fee_wei_max: int = Field(500 * 10**9, gt=0)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected a URL like http://127.0.0.1:8545")
        return value


class LogSection(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class NodeConfig(_Section):
    """Relative paths count from the directory of the file."""

    role: Literal["sequencer", "follower"]
    data: Path = Path("data")
    genesis: Path = Path("rollup.json")
    rpc: RpcSection = RpcSection()
    admin: AdminSection = AdminSection()
    sequencer: SequencerSection = SequencerSection()
    batch: BatchSection = BatchSection()
    ledgers: tuple[LedgerSection, ...] = Field(min_length=1)
    logs: LogSection = LogSection()


def read_config(path: Path) -> NodeConfig:
    """Raises BadConfig naming the file, the key and what to write instead."""
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise BadConfig(f"cannot read {path}: {error.strerror}; `entresol init` writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not TOML: {error}") from error
    _merge_environment(document)
    try:
        config = NodeConfig.model_validate(document)
    except ValidationError as error:
        key, problem = _first_problem(error)
        raise BadConfig(f"{_source_of(key) or path}: {problem}") from error
    return _anchor_paths(config, path.resolve().parent)


def _merge_environment(document: dict[str, Any]) -> None:
    """``ENTRESOL_RPC__PORT=9000`` sets rpc.port; values are TOML where they parse as such, else text."""
    for name, text in os.environ.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        table = document
        for section in sections:
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                raise BadConfig(f"{name}: {section} is not a section of the configuration")
        table[key] = _toml_value(text)


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _source_of(key: str) -> str | None:
    """The environment variable that set a key, so that nobody looks for it in the file."""
    name = ENVIRONMENT_PREFIX + key.replace(".", "__").upper()
    return name if name in os.environ else None


def _first_problem(error: ValidationError) -> tuple[str, str]:
    """The key, and what is wrong with it."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "configuration"
    if first["type"] == "extra_forbidden":
        return key, f"unknown key {key}: remove it or correct its name"
    return key, f"{key}: {first['msg']}"


def _anchor_paths(config: NodeConfig, home: Path) -> NodeConfig:
    ledgers = tuple(
        row.model_copy(update={"key_file": home / row.key_file if row.key_file else None}) for row in config.ledgers
    )
    secrets = ("jwt_secret_file", "api_keys_file")
    rpc, admin = (
        section.model_copy(update={name: home / path for name in secrets if (path := getattr(section, name))})
        for section in (config.rpc, config.admin)
    )
    sequencer = config.sequencer.model_copy(update={"key_file": home / config.sequencer.key_file})
    return config.model_copy(
        update={
            "data": home / config.data,
            "genesis": home / config.genesis,
            "rpc": rpc,
            "admin": admin,
            "ledgers": ledgers,
            "sequencer": sequencer,
        }
    )
