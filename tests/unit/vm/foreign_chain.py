"""Small chains that py-evm makes, two blocks per fork from Frontier to Prague, for tests that import them."""

import functools
from dataclasses import dataclass
from typing import Any

from eth import constants
from eth.chains.base import MiningChain
from eth.consensus import NoProofConsensus
from eth.db.atomic import AtomicDB
from eth.vm.forks.berlin import BerlinVM
from eth.vm.forks.byzantium import ByzantiumVM
from eth.vm.forks.cancun import CancunVM
from eth.vm.forks.constantinople import ConstantinopleVM
from eth.vm.forks.frontier import FrontierVM
from eth.vm.forks.homestead import HomesteadVM
from eth.vm.forks.istanbul import IstanbulVM
from eth.vm.forks.london import LondonVM
from eth.vm.forks.paris import ParisVM
from eth.vm.forks.petersburg import PetersburgVM
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.shanghai import ShanghaiVM
from eth.vm.forks.shanghai.withdrawals import Withdrawal
from eth.vm.forks.spurious_dragon import SpuriousDragonVM
from eth.vm.forks.tangerine_whistle import TangerineWhistleVM
from eth_account import Account
from rlp import encode

from rollup.core.forks import Fork

CHAIN_ID = 1337
KEYS = tuple(number.to_bytes(32, "big") for number in range(1, 4))
ACCOUNTS = tuple(bytes.fromhex(Account.from_key(key).address[2:]) for key in KEYS)
COIN = 10**18
BLOCKS_PER_FORK = 2
SECONDS = 10


class _HomesteadVM(HomesteadVM):
    """Without the DAO fork."""

    support_dao_fork = False


FORKS: tuple[tuple[Fork, Any], ...] = (
    (Fork.FRONTIER, FrontierVM),
    (Fork.HOMESTEAD, _HomesteadVM),
    (Fork.TANGERINE_WHISTLE, TangerineWhistleVM),
    (Fork.SPURIOUS_DRAGON, SpuriousDragonVM),
    (Fork.BYZANTIUM, ByzantiumVM),
    (Fork.CONSTANTINOPLE, ConstantinopleVM),
    (Fork.PETERSBURG, PetersburgVM),
    (Fork.ISTANBUL, IstanbulVM),
    (Fork.BERLIN, BerlinVM),
    (Fork.LONDON, LondonVM),
    (Fork.PARIS, ParisVM),
    (Fork.SHANGHAI, ShanghaiVM),
    (Fork.CANCUN, CancunVM),
    (Fork.PRAGUE, PragueVM),
)
CONFIG_NAMES = {
    Fork.HOMESTEAD: "homesteadBlock",
    Fork.TANGERINE_WHISTLE: "eip150Block",
    Fork.SPURIOUS_DRAGON: "eip158Block",
    Fork.BYZANTIUM: "byzantiumBlock",
    Fork.CONSTANTINOPLE: "constantinopleBlock",
    Fork.PETERSBURG: "petersburgBlock",
    Fork.ISTANBUL: "istanbulBlock",
    Fork.BERLIN: "berlinBlock",
    Fork.LONDON: "londonBlock",
    Fork.SHANGHAI: "shanghaiTime",
    Fork.CANCUN: "cancunTime",
    Fork.PRAGUE: "pragueTime",
}

STORER = b"\x51" * 20
"""Slot calldata[0] := calldata[32], then to zero and back: what it costs and refunds is another sum in most forks."""
STORER_CODE = bytes.fromhex("6020356000355560006000355560203560003555" + "00")
DESTROYER = b"\x52" * 20
"""SELFDESTRUCT in favour of calldata[0]."""
DESTROYER_CODE = bytes.fromhex("600035ff")
CREATOR = b"\x53" * 20
"""CREATE with the calldata as init code and 1 wei, the address into slot 0, then a CALL of it with 1 wei."""
CREATOR_CODE = bytes.fromhex("36600060003736600060" + "01f080600055" + "6000600060006000600185620186a0f15000")
READER = b"\x54" * 20
"""BALANCE, EXTCODESIZE and a CALL without value of calldata[0]; EXP; a log of what they gave."""
READER_CODE = bytes.fromhex(
    "600035316000526000353b6020526000600060006000600060003561c350f160405261ffff60030a606052600760806000a100"
)
CALLER = b"\x55" * 20
"""CALL of the precompile in calldata[0] with the rest of the calldata; slot 0 says whether it did, a log its output."""
CALLER_CODE = bytes.fromhex("60203603602060003760406000602036036000600060003562030d40f1600055" + "60406000a000")
SPINNER = b"\x56" * 20
SPINNER_CODE = bytes.fromhex("5b600056")
CODES = {
    STORER: STORER_CODE,
    DESTROYER: DESTROYER_CODE,
    CREATOR: CREATOR_CODE,
    READER: READER_CODE,
    CALLER: CALLER_CODE,
    SPINNER: SPINNER_CODE,
}
EMPTY = b"\x57" * 20
DEPLOY = bytes.fromhex("6005600c60003960056000f3" + "6001600055")
"""Init code that deploys five bytes, which store 1 in slot 0."""
BIG_DEPLOY = bytes.fromhex("6120006000f3")
"""Init code that returns 8 kB of zeros: dearer than the gas that it gets."""


@dataclass(frozen=True, slots=True)
class ForeignChain:
    """geth's genesis and the blocks in RLP, with what py-evm says about them."""

    genesis: dict[str, Any]
    blocks: tuple[bytes, ...]
    hashes: tuple[bytes, ...]

    @property
    def file(self) -> bytes:
        """What geth would export."""
        return b"".join(self.blocks)


def _word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\x00")


class _Maker:
    """One chain in the making."""

    def __init__(self) -> None:
        starts = tuple(
            (index * BLOCKS_PER_FORK, vm.configure(consensus_class=NoProofConsensus))
            for index, (_, vm) in enumerate(FORKS)
        )
        chain_class = MiningChain.configure("ForeignChain", vm_configuration=starts, chain_id=CHAIN_ID)
        accounts = {address: _account(1000 * COIN) for address in ACCOUNTS}
        accounts |= {address: _account(5, code) for address, code in CODES.items()}
        params = {
            "difficulty": 131_072,
            "gas_limit": 5_000_000,
            "timestamp": 1,
            "coinbase": constants.ZERO_ADDRESS,
            "nonce": bytes(8),
            "extra_data": b"",
        }
        self.chain = chain_class.from_genesis(AtomicDB(), params, accounts)
        self._nonces = [0, 0, 0]

    def make_blocks(self) -> tuple[list[bytes], list[bytes]]:
        blocks, hashes = [], []
        for number in range(1, len(FORKS) * BLOCKS_PER_FORK):
            fork = FORKS[number // BLOCKS_PER_FORK][0]
            self.chain.set_header_timestamp(number * SECONDS)
            builder = self.chain.get_vm(self.chain.header).get_transaction_builder()
            transactions = [builder.decode(raw) for raw in self._transactions(fork, number)]
            withdrawals = [Withdrawal(number, 7, b"\x77" * 20, 3), Withdrawal(number, 8, b"\x78" * 20, 0)]
            extra: dict[str, Any] = {"withdrawals": withdrawals} if fork >= Fork.SHANGHAI else {}
            if number % 2 and number > 1 and fork < Fork.PARIS:
                extra["uncles"] = [self._ommer(number)]
            result, _, _ = self.chain.mine_all(transactions, coinbase=bytes([number]) * 20, **extra)
            blocks.append(encode(result.imported_block))
            hashes.append(result.imported_block.hash)
        return blocks, hashes

    def _ommer(self, number: int) -> Any:
        """A sibling of the last block."""
        last = self.chain.get_canonical_block_by_number(number - 1).header
        return last.copy(extra_data=b"ommer", coinbase=b"\x79" * 20)

    def _transactions(self, fork: Fork, number: int) -> list[bytes]:
        raws = [
            self._sign(0, fork, to=STORER, data=_word(number) + _word(5)),
            self._sign(0, fork, to=STORER, data=_word(number - 1) + _word(0)),
            self._sign(0, fork, to=EMPTY, value=0),
            self._sign(1, fork, to=CREATOR, data=DEPLOY, value=2),
            self._sign(1, fork, to=None, data=DEPLOY),
            self._sign(1, fork, to=None, data=BIG_DEPLOY, gas=300_000),
            self._sign(1, fork, to=READER, data=_word(b"\x66" * 20)),
            self._sign(1, fork, to=READER, data=_word(STORER)),
            self._sign(2, fork, to=SPINNER, gas=50_000),
        ]
        points = _word(1) + _word(2) + _word(1) + _word(2)
        raws += [
            self._sign(2, fork, to=CALLER, data=_word(contract) + points, gas=600_000) for contract in range(1, 12)
        ]
        if number % 2:
            raws.append(self._sign(2, fork, to=DESTROYER, data=_word(b"\x68" * 20), value=3))
        if fork >= Fork.BERLIN:
            raws.append(self._sign(0, fork, kind=1, to=STORER, data=_word(number) + _word(9)))
        if fork >= Fork.LONDON:
            raws.append(self._sign(0, fork, kind=2, to=STORER, data=_word(number) + _word(1)))
        if fork >= Fork.CANCUN:
            raws.append(self._sign(0, fork, kind=3, to=READER, data=_word(1)))
        if fork >= Fork.PRAGUE:
            raws.append(self._sign(0, fork, kind=4, to=ACCOUNTS[1], data=_word(3) + _word(number)))
        return raws

    def _sign(self, key: int, fork: Fork, kind: int = 0, **fields: Any) -> bytes:
        given = {"gas": 200_000, "value": 0, "data": b""} | fields
        if given["to"] is None:
            del given["to"]
        given |= {"nonce": self._nonces[key]}
        self._nonces[key] += 1
        price = 2 * 10**9
        if kind < 2:
            given["gasPrice"] = price
        else:
            given |= {"maxFeePerGas": price, "maxPriorityFeePerGas": 10**8}
        if kind or fork >= Fork.SPURIOUS_DRAGON:
            given["chainId"] = CHAIN_ID
        if kind:
            row = {"address": "0x" + STORER.hex(), "storageKeys": ["0x" + _word(1).hex()]}
            given |= {"type": kind, "accessList": [row]}
        if kind == 3:
            given |= {"maxFeePerBlobGas": 10**9, "blobVersionedHashes": [b"\x01" + bytes(31)] * 2}
        if kind == 4:
            given["authorizationList"] = [self._authorize(2)]
        return bytes(Account.sign_transaction(given, KEYS[key]).raw_transaction)

    def _authorize(self, key: int) -> Any:
        """The account runs the storer's code from then on."""
        fields = {"chainId": CHAIN_ID, "address": STORER, "nonce": self._nonces[key]}
        self._nonces[key] += 1
        return Account.sign_authorization(fields, KEYS[key])


def _account(balance: int, code: bytes = b"") -> dict[str, Any]:
    return {"balance": balance, "nonce": 0, "code": code, "storage": {}}


def _genesis_document() -> dict[str, Any]:
    config: dict[str, Any] = {"chainId": CHAIN_ID, "mergeNetsplitBlock": _start(Fork.PARIS)}
    for fork, name in CONFIG_NAMES.items():
        config[name] = _start(fork) * (SECONDS if name.endswith("Time") else 1)
    alloc = {address.hex(): {"balance": hex(1000 * COIN)} for address in ACCOUNTS}
    alloc |= {address.hex(): {"balance": "0x5", "code": "0x" + code.hex()} for address, code in CODES.items()}
    return {
        "config": config,
        "difficulty": "0x20000",
        "gasLimit": "0x4c4b40",
        "timestamp": "0x1",
        "nonce": "0x0",
        "extraData": "0x",
        "baseFeePerGas": None,
        "alloc": alloc,
    }


def _start(fork: Fork) -> int:
    return [each for each, _ in FORKS].index(fork) * BLOCKS_PER_FORK


@functools.cache
def make_chain() -> ForeignChain:
    """The same chain for every test."""
    maker = _Maker()
    genesis_hash = maker.chain.get_canonical_block_by_number(0).hash
    blocks, hashes = maker.make_blocks()
    return ForeignChain(_genesis_document(), tuple(blocks), (genesis_hash, *hashes))
