"""The rollup's genesis as a JSON file: written once, then the same on every node of the rollup."""

import json
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rollup.core.errors import BadConfig
from rollup.core.fees import FeeRule
from rollup.core.genesis import (
    ChainGenesis,
    ChainRule,
    FinalityRule,
    GenesisAccount,
    LedgerRole,
    LedgerSpec,
    RollupGenesis,
)
from rollup.core.ids import Address, LedgerId, LedgerIndex

GENESIS_FORMAT = 1


def _read_hex(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("expected a hex string that starts with 0x")
    return bytes.fromhex(value[2:])


def _read_quantity(value: object) -> int:
    return int(value, 16) if isinstance(value, str) and value.startswith("0x") else int(str(value))


Hex = Annotated[bytes, BeforeValidator(_read_hex)]
Account20 = Annotated[bytes, BeforeValidator(_read_hex), Field(min_length=20, max_length=20)]
Quantity = Annotated[int, BeforeValidator(_read_quantity), Field(ge=0, lt=1 << 256)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Fee(_Model):
    elasticity: int = Field(ge=1)
    change_denominator: int = Field(ge=1)
    base_fee_min_wei: Quantity
    base_fee_genesis_wei: Quantity


class _Account(_Model):
    balance: Quantity = 0
    nonce: Quantity = 0
    code: Hex = b""
    storage: dict[Quantity, Quantity] = {}


class _Ledger(_Model):
    index: int = Field(ge=0, lt=1 << 16)
    ledger_id: str = Field(pattern=r"^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$")
    family: str
    role: LedgerRole
    finality: FinalityRule
    finality_depth: int = Field(ge=0)
    address: str
    start_height: int = Field(ge=0)


class _Genesis(_Model):
    format: Literal[1]
    rollup_id: int = Field(ge=0, lt=1 << 32)
    chain_id: int = Field(ge=1, lt=1 << 53)
    timestamp: int = Field(ge=0)
    gas_limit: int = Field(ge=5_000_000)
    transaction_gas_max: int = Field(ge=21_000)
    work_max: int = Field(ge=1)
    fee: _Fee
    coinbase: Account20
    extra_data: Hex = Field(max_length=32)
    sequencer: Account20
    sequencer_epoch: int = Field(ge=0)
    attested_min: int = Field(ge=1)
    lying_ledgers_max: int = Field(ge=0)
    ledgers: tuple[_Ledger, ...] = Field(min_length=1)
    alloc: dict[Account20, _Account]


def read_genesis(path: Path) -> RollupGenesis:
    """Raises BadConfig that names the file, the key and what is wrong."""
    try:
        model = _Genesis.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise BadConfig(f"cannot read the rollup's genesis {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BadConfig(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    except ValueError as error:
        raise BadConfig(f"{path} is not JSON: {error}") from error
    genesis = _build(model)
    check_genesis(genesis)
    return genesis


LEDGERS_MAX = 40
"""A header of 4096 bytes holds 43 cursors of the largest size. One more, and no ledger would take any batch."""


def check_genesis(genesis: RollupGenesis) -> None:
    """Rules across fields (protocol sections 1 and 5). Raises BadConfig."""
    if len(genesis.ledgers) > LEDGERS_MAX:
        raise BadConfig(f"ledgers: at most {LEDGERS_MAX}, so that the cursors of all fit the header of a batch")
    if [spec.index for spec in genesis.ledgers] != list(range(len(genesis.ledgers))):
        raise BadConfig("ledgers: indexes must count from 0 in order")
    if len({spec.ledger_id for spec in genesis.ledgers}) != len(genesis.ledgers):
        raise BadConfig("ledgers: every ledger_id may stand once")
    if [spec.role for spec in genesis.ledgers].count(LedgerRole.ANCHOR) != 1:
        raise BadConfig("ledgers: exactly one ledger has the role anchor")
    count, attested = len(genesis.ledgers), genesis.attested_min
    if attested > count or 2 * attested - count <= genesis.lying_ledgers_max:
        raise BadConfig(
            f"attested_min {attested} of {count} ledgers is not safe: it must be at most {count} and "
            f"2 * attested_min - {count} must be above lying_ledgers_max ({genesis.lying_ledgers_max})"
        )


def write_genesis(path: Path, genesis: RollupGenesis) -> None:
    """The inverse of read_genesis; the file appears whole or not at all."""
    chain, rule = genesis.chain, genesis.chain.rule
    document = {
        "format": GENESIS_FORMAT,
        "rollup_id": genesis.rollup_id,
        "chain_id": rule.chain_id,
        "timestamp": chain.timestamp,
        "gas_limit": rule.gas_limit,
        "transaction_gas_max": rule.transaction_gas_max,
        "work_max": rule.work_max,
        "fee": asdict(rule.fee),
        "coinbase": rule.coinbase,
        "extra_data": rule.extra_data,
        "sequencer": genesis.sequencer,
        "sequencer_epoch": genesis.sequencer_epoch,
        "attested_min": genesis.attested_min,
        "lying_ledgers_max": genesis.lying_ledgers_max,
        "ledgers": [asdict(spec) for spec in genesis.ledgers],
        "alloc": {"0x" + address.hex(): _account_document(account) for address, account in chain.alloc},
    }
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=2, default=_plain) + "\n")
    draft.replace(path)


def _account_document(account: GenesisAccount) -> dict[str, Any]:
    document: dict[str, Any] = {"balance": hex(account.balance)}
    if account.nonce:
        document["nonce"] = hex(account.nonce)
    if account.code:
        document["code"] = account.code
    if account.storage:
        document["storage"] = {hex(slot): hex(value) for slot, value in account.storage}
    return document


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)


def _build(model: _Genesis) -> RollupGenesis:
    rule = ChainRule(
        chain_id=model.chain_id,
        gas_limit=model.gas_limit,
        transaction_gas_max=model.transaction_gas_max,
        work_max=model.work_max,
        fee=FeeRule(**model.fee.model_dump()),
        coinbase=Address(model.coinbase),
        extra_data=model.extra_data,
    )
    ledgers = tuple(
        LedgerSpec(
            index=LedgerIndex(row.index),
            ledger_id=LedgerId(row.ledger_id),
            family=row.family,
            role=row.role,
            finality=row.finality,
            finality_depth=row.finality_depth,
            address=row.address,
            start_height=row.start_height,
        )
        for row in model.ledgers
    )
    return RollupGenesis(
        chain=ChainGenesis(rule, model.timestamp, _build_alloc(model)),
        rollup_id=model.rollup_id,
        sequencer=Address(model.sequencer),
        sequencer_epoch=model.sequencer_epoch,
        attested_min=model.attested_min,
        lying_ledgers_max=model.lying_ledgers_max,
        ledgers=ledgers,
    )


def _build_alloc(model: _Genesis) -> tuple[tuple[Address, GenesisAccount], ...]:
    return tuple(
        (Address(address), GenesisAccount(row.balance, row.nonce, row.code, tuple(row.storage.items())))
        for address, row in model.alloc.items()
    )
