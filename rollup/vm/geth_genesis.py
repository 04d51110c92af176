"""geth's ``genesis.json``: the config object with the fork schedule, the fields of block 0, the allocated accounts.

Numbers may be JSON numbers, decimal or hexadecimal strings; null counts as absent. What geth fills in for absent
fields is filled in here. Unknown keys are ignored, as geth does, but forks that the engine does not know are refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rollup.core.block import BlockHeader
from rollup.core.errors import BadConfig
from rollup.core.fees import FeeRule
from rollup.core.forks import (
    CANCUN_BLOBS,
    DEPOSIT_CONTRACT,
    PRAGUE_BLOBS,
    BlobRule,
    Fork,
    ForkSchedule,
)
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, Hash
from rollup.vm.headers import EMPTY_BLOOM, EMPTY_OMMERS_HASH, NO_REQUESTS_HASH
from rollup.vm.trie import EMPTY_ROOT

BY_NUMBER = {
    "homesteadBlock": Fork.HOMESTEAD,
    "eip150Block": Fork.TANGERINE_WHISTLE,
    "eip158Block": Fork.SPURIOUS_DRAGON,
    "byzantiumBlock": Fork.BYZANTIUM,
    "constantinopleBlock": Fork.CONSTANTINOPLE,
    "petersburgBlock": Fork.PETERSBURG,
    "istanbulBlock": Fork.ISTANBUL,
    "berlinBlock": Fork.BERLIN,
    "londonBlock": Fork.LONDON,
}
BY_TIME = {
    "shanghaiTime": Fork.SHANGHAI,
    "cancunTime": Fork.CANCUN,
    "pragueTime": Fork.PRAGUE,
    "osakaTime": Fork.OSAKA,
}
BOMB_DELAYS = {
    "byzantiumBlock": 3_000_000,
    "constantinopleBlock": 5_000_000,
    "muirGlacierBlock": 9_000_000,
    "londonBlock": 9_700_000,
    "arrowGlacierBlock": 10_700_000,
    "grayGlacierBlock": 11_400_000,
}
"""EIPs 649, 1234, 2384, 3554, 4345, 5133."""
UNKNOWN_FORKS = ("amsterdamTime", "verkleTime", "eof1Time")
DEFAULT_BLOBS = {"cancun": CANCUN_BLOBS, "prague": PRAGUE_BLOBS, "osaka": PRAGUE_BLOBS}
GAS_LIMIT_DEFAULT = 4_712_388
DIFFICULTY_DEFAULT = 131_072
BASE_FEE_INITIAL_WEI = 10**9  # EIP-1559
WORK_UNBOUNDED = 2**62
"""Other nodes executed these transactions: what they cost us beside gas is no reason to refuse them."""
GAS_UNBOUNDED = 2**64 - 1
TRANSACTION_BYTES_MAX = 2**24
FEE_RULE = FeeRule(elasticity=2, change_denominator=8, base_fee_min_wei=0, base_fee_genesis_wei=BASE_FEE_INITIAL_WEI)


def read_geth_genesis(path: Path) -> ChainGenesis:
    """Raises BadConfig, naming the key."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadConfig(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadConfig(f"{path}: a genesis is a JSON object")
    return parse_geth_genesis(document)


def parse_geth_genesis(document: Mapping[str, Any]) -> ChainGenesis:
    """The genesis of a decoded document. Raises BadConfig."""
    config = _member(document, "config")
    timestamp = _number(document, "timestamp")
    forks = _parse_schedule(config, timestamp)
    header = _parse_header(document, forks)
    rule = ChainRule(
        chain_id=_number(config, "chainId"),
        gas_limit=header.gas_limit,
        transaction_gas_max=GAS_UNBOUNDED,
        work_max=WORK_UNBOUNDED,
        transaction_bytes_max=TRANSACTION_BYTES_MAX,
        fee=FEE_RULE,
        coinbase=header.coinbase,
        extra_data=header.extra_data,
        forks=forks,
    )
    alloc = tuple(_parse_account(address, account) for address, account in _member(document, "alloc").items())
    return ChainGenesis(rule, timestamp, alloc, header)


def _parse_schedule(config: Mapping[str, Any], timestamp: int) -> ForkSchedule:
    for name in UNKNOWN_FORKS:
        if config.get(name) is not None:
            raise BadConfig(f"config.{name}: this fork is not known here")
    if config.get("daoForkSupport") and config.get("daoForkBlock") is not None:
        raise BadConfig("config.daoForkSupport: the irregular state change of the DAO fork is not supported")
    numbers = {fork: _number(config, name) for name, fork in BY_NUMBER.items() if config.get(name) is not None}
    if Fork.CONSTANTINOPLE in numbers:
        numbers.setdefault(Fork.PETERSBURG, numbers[Fork.CONSTANTINOPLE])
    times = {fork: _number(config, name) for name, fork in BY_TIME.items() if config.get(name) is not None}
    terminal = _number(config, "terminalTotalDifficulty", None)
    merge_block = _number(config, "mergeNetsplitBlock", None)
    if terminal == 0 or (times and min(times.values()) <= timestamp):
        merge_block = 0
    return ForkSchedule(
        by_number=tuple((BlockNumber(number), fork) for fork, number in sorted(numbers.items())),
        by_time=tuple((time, fork) for fork, time in sorted(times.items())),
        blobs=_parse_blobs(config),
        merge_block=None if merge_block is None else BlockNumber(merge_block),
        terminal_total_difficulty=terminal,
        fork_blocks=_starts(config, "Block", 0),
        fork_times=_starts(config, "Time", timestamp),
        deposit_contract=Address(_bytes(config, "depositContractAddress", DEPOSIT_CONTRACT, 20)),
        bomb_delays=_parse_bomb_delays(config),
    )


def _starts(config: Mapping[str, Any], kind: str, after: int) -> tuple[int, ...]:
    """Distinct numbers above ``after`` of the members whose names end in ``kind``."""
    given = {_number(config, name) for name, value in config.items() if name.endswith(kind) and value is not None}
    return tuple(sorted(start for start in given if start > after))


def _parse_bomb_delays(config: Mapping[str, Any]) -> tuple[tuple[BlockNumber, int], ...] | None:
    """None unless the chain says that it was mined."""
    if config.get("ethash") is None or config.get("clique") is not None:
        return None
    given = [(name, delay) for name, delay in BOMB_DELAYS.items() if config.get(name) is not None]
    return tuple((BlockNumber(_number(config, name)), delay) for name, delay in given)


def _parse_blobs(config: Mapping[str, Any]) -> tuple[tuple[int, BlobRule], ...]:
    """One row per entry of ``blobSchedule`` whose fork has a time, BPO forks (EIP-7892) among them."""
    given = config.get("blobSchedule") or {}
    rows = []
    for name in ("cancun", "prague", "osaka", *(f"bpo{number}" for number in range(1, 6))):
        time, entry = config.get(f"{name}Time"), given.get(name)
        if time is None:
            continue
        if entry is not None:
            fraction = _number(entry, "baseFeeUpdateFraction")
            rows.append(
                (_number(config, f"{name}Time"), BlobRule(_number(entry, "target"), _number(entry, "max"), fraction))
            )
        elif name in DEFAULT_BLOBS:
            rows.append((_number(config, f"{name}Time"), DEFAULT_BLOBS[name]))
    return tuple(sorted(rows, key=lambda row: row[0]))


def _parse_header(document: Mapping[str, Any], forks: ForkSchedule) -> BlockHeader:
    """Block 0 without state root and hash."""
    timestamp = _number(document, "timestamp")
    fork = forks.fork_at(0, timestamp, merged=forks.is_merged(0, _number(document, "difficulty")))
    count = header_field_count(fork)
    return BlockHeader(
        hash=ZERO_HASH,
        parent_hash=Hash(_bytes(document, "parentHash", ZERO_HASH, 32)),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=Address(_bytes(document, "coinbase", bytes(20), 20)),
        state_root=EMPTY_ROOT,
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        logs_bloom=EMPTY_BLOOM,
        difficulty=_number(document, "difficulty", 0 if forks.terminal_total_difficulty == 0 else DIFFICULTY_DEFAULT)
        or 0,
        number=BlockNumber(_number(document, "number")),
        gas_limit=_number(document, "gasLimit") or GAS_LIMIT_DEFAULT,
        gas_used=_number(document, "gasUsed"),
        timestamp=timestamp,
        extra_data=_bytes(document, "extraData", b""),
        prev_randao=Hash(_bytes(document, "mixHash", ZERO_HASH, 32)),
        nonce=(_number(document, "nonce")).to_bytes(8, "big"),
        base_fee=_number(document, "baseFeePerGas", BASE_FEE_INITIAL_WEI) or 0 if count >= 16 else 0,
        withdrawals_root=EMPTY_ROOT if count >= 17 else ZERO_HASH,
        blob_gas_used=_number(document, "blobGasUsed") if count >= 20 else 0,
        excess_blob_gas=_number(document, "excessBlobGas") if count >= 20 else 0,
        parent_beacon_root=ZERO_HASH,
        requests_hash=NO_REQUESTS_HASH if count >= 21 else ZERO_HASH,
        field_count=count,
    )


def header_field_count(fork: Fork) -> int:
    """How many fields the headers of a fork have."""
    starts = ((Fork.PRAGUE, 21), (Fork.CANCUN, 20), (Fork.SHANGHAI, 17), (Fork.LONDON, 16))
    return next((count for start, count in starts if fork >= start), 15)


def _parse_account(address: str, account: Mapping[str, Any]) -> tuple[Address, GenesisAccount]:
    slots = account.get("storage") or {}
    return Address(_to_bytes(address, f"alloc.{address}", 20)), GenesisAccount(
        balance=_number(account, "balance"),
        nonce=_number(account, "nonce"),
        code=_bytes(account, "code", b""),
        storage=tuple(
            (int.from_bytes(_to_bytes(slot, "storage"), "big"), int.from_bytes(_to_bytes(value, "storage"), "big"))
            for slot, value in slots.items()
            if int.from_bytes(_to_bytes(value, "storage"), "big")
        ),
    )


def _member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise BadConfig(f"{name}: an object is wanted in the genesis")
    return value


def _number(document: Mapping[str, Any], name: str, default: Any = 0) -> Any:
    value = document.get(name)
    if value is None:
        return default
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except (ValueError, TypeError) as error:
        raise BadConfig(f"{name}: {value!r} is no number") from error


def _bytes(document: Mapping[str, Any], name: str, default: bytes, length: int | None = None) -> bytes:
    value = document.get(name)
    return default if value is None else _to_bytes(value, name, length)


def _to_bytes(value: object, name: str, length: int | None = None) -> bytes:
    """Hex with or without 0x, of an odd number of digits, too; shorter values are padded on the left to ``length``."""
    text = str(value).removeprefix("0x")
    try:
        raw = bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
    except ValueError as error:
        raise BadConfig(f"{name}: {value!r} is no hex") from error
    if length is not None and len(raw) > length:
        raise BadConfig(f"{name}: {value!r} is longer than {length} bytes")
    return raw if length is None else raw.rjust(length, b"\x00")
