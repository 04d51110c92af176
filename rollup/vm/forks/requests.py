"""Contracts that a block itself calls: beacon roots (EIP-4788), block hashes (EIP-2935), and the requests that it takes
from the execution to the consensus layer (EIPs 6110, 7002, 7251, 7685).
"""

from collections.abc import Iterable
from hashlib import sha256

from rollup.core.block import BlockHeader, Log
from rollup.core.errors import InvalidBlock
from rollup.core.forks import Fork
from rollup.core.ids import Address, Hash
from rollup.vm.fork import ChainState
from rollup.vm.messages import MessageRequest, destroy, run_message

SYSTEM = Address(bytes.fromhex("fffffffffffffffffffffffffffffffffffffffe"))
SYSTEM_GAS = 30_000_000
BEACON_ROOTS = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
BLOCK_HASHES = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
WITHDRAWAL_REQUESTS = Address(bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002"))
CONSOLIDATION_REQUESTS = Address(bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251"))
DEPOSIT_TOPIC = Hash(bytes.fromhex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5"))
DEPOSIT_BYTES = 576
DEPOSIT_OFFSETS = (160, 256, 320, 384, 512)
DEPOSIT_SIZES = (48, 32, 8, 96, 8)
"""Public key, withdrawal credentials, amount, signature and index in an event's data."""


def call_system(state: ChainState, contract: Address, data: bytes) -> bytes:
    """What the contract answers to the system; b'' where there is none. It pays nothing and may fail. Raises
    InvalidBlock when it does although its answer matters."""
    if not state.get_code(contract):
        return b""
    request = MessageRequest(sender=SYSTEM, to=contract, value=0, data=data, gas=SYSTEM_GAS, gas_price=0)
    outcome = run_message(state, request)
    destroy(state, outcome)
    state.end_transaction()
    if outcome.error and not data:
        raise InvalidBlock(f"the system contract 0x{contract.hex()} fails: {outcome.error}")
    return outcome.output


def open_block(state: ChainState, header: BlockHeader) -> None:
    """Before the first transaction."""
    if state.fork >= Fork.CANCUN:
        call_system(state, BEACON_ROOTS, header.parent_beacon_root)
    if state.fork >= Fork.PRAGUE:
        call_system(state, BLOCK_HASHES, header.parent_hash)


def collect_requests(state: ChainState, deposit_contract: Address, logs: Iterable[Log]) -> tuple[bytes, ...]:
    """After the last transaction: each kind's number and data, kinds without data left out. Raises InvalidBlock."""
    found = (
        b"\x00" + b"".join(_read_deposit(log) for log in logs if _is_deposit(log, deposit_contract)),
        b"\x01" + call_system(state, WITHDRAWAL_REQUESTS, b""),
        b"\x02" + call_system(state, CONSOLIDATION_REQUESTS, b""),
    )
    return tuple(request for request in found if len(request) > 1)


def hash_requests(requests: tuple[bytes, ...]) -> Hash:
    """EIP-7685."""
    return Hash(sha256(b"".join(sha256(request).digest() for request in requests)).digest())


def _is_deposit(log: Log, contract: Address) -> bool:
    return log.address == contract and log.topics[:1] == (DEPOSIT_TOPIC,)


def _read_deposit(log: Log) -> bytes:
    """The fields of a deposit event without their ABI framing (EIP-6110). Raises InvalidBlock."""
    if len(log.data) != DEPOSIT_BYTES:
        raise InvalidBlock("a deposit event of another form than the deposit contract's")
    heads = [int.from_bytes(log.data[at : at + 32], "big") for at in range(0, 160, 32)]
    sizes = [int.from_bytes(log.data[at : at + 32], "big") for at in DEPOSIT_OFFSETS]
    if tuple(heads) != DEPOSIT_OFFSETS or tuple(sizes) != DEPOSIT_SIZES:
        raise InvalidBlock("a deposit event of another form than the deposit contract's")
    return b"".join(log.data[at + 32 : at + 32 + size] for at, size in zip(DEPOSIT_OFFSETS, DEPOSIT_SIZES, strict=True))
