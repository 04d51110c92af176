"""Genesis, headers and deposits: what a block of this chain says about itself."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import rlp
from eth.vm.forks.prague.blocks import PragueBlockHeader
from trie import HexaryTrie
from vm_chain import (
    ACCOUNTS,
    ANCESTOR,
    COUNTER,
    ETHER,
    LOGGER,
    RULE,
    SPINNER,
    build_genesis_of,
    open_engine,
    seal,
    sign,
    sign_legacy,
)

from rollup.core.block import DEPOSIT_TYPE, build_block_input
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.deposit import CURSOR_SENDER
from rollup.core.errors import BadDataDirectory
from rollup.core.fees import next_base_fee
from rollup.core.genesis import GenesisAccount
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_HASH, Address, BlockNumber, Hash, LedgerIndex
from rollup.vm.engine import Engine
from rollup.vm.headers import encode_block_header
from rollup.vm.history import HISTORY_STORAGE

STRANGER = Address(b"\x99" * 20)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path)
    yield opened
    opened.close()


def read_slot(engine: Engine, address: Address, slot: int = 0, block: int | None = None) -> int:
    return engine.read_storage(address, slot, None if block is None else BlockNumber(block))


def balance(engine: Engine, address: Address, block: int | None = None) -> int:
    return engine.read_accounts((address,), None if block is None else BlockNumber(block))[0].balance


def message(position: int, **changes: object) -> LedgerMessage:
    deposit = LedgerMessage(
        LedgerIndex(0), 5, position, keccak(bytes([position])), STRANGER, ACCOUNTS[0], 7 * ETHER, ETHER, 21_000, b""
    )
    return replace(deposit, **changes)


class TestGenesis:
    def test_is_the_same_everywhere(self, engine: Engine, tmp_path: Path) -> None:
        other = open_engine(tmp_path / "other")
        assert other.head() == engine.head()
        other.close()

    def test_depends_on_the_allocation(self, engine: Engine, tmp_path: Path) -> None:
        other = open_engine(tmp_path / "other", build_genesis_of(extra=((STRANGER, GenesisAccount(balance=1)),)))
        assert other.head().genesis_hash != engine.head().genesis_hash
        other.close()

    def test_holds_the_allocation(self, engine: Engine) -> None:
        first, counter = engine.read_accounts((ACCOUNTS[0], COUNTER), None)
        assert (first.nonce, first.balance, first.code_hash) == (0, 1000 * ETHER, EMPTY_CODE_HASH)
        assert (counter.nonce, read_slot(engine, COUNTER)) == (1, 41)
        assert keccak(engine.read_code(COUNTER, None)) == counter.code_hash

    def test_an_account_of_nothing_but_storage_is_kept(self, tmp_path: Path) -> None:
        engine = open_engine(tmp_path, build_genesis_of(extra=((STRANGER, GenesisAccount(storage=((3, 9),))),)))
        assert read_slot(engine, STRANGER, 3) == 9
        engine.close()

    def test_another_one_is_refused(self, engine: Engine, tmp_path: Path) -> None:
        engine.close()
        with pytest.raises(BadDataDirectory, match="belongs to the chain with genesis"):
            open_engine(tmp_path, build_genesis_of(replace(RULE, chain_id=1)))


class TestHeaders:
    def test_hash_is_that_of_a_prague_header(self, engine: Engine) -> None:
        header = seal(engine, sign(0, 0), sign(1, 0, LOGGER)).header
        decoded = rlp.decode(encode_block_header(header), PragueBlockHeader)
        assert decoded.hash == header.hash
        assert decoded.transaction_root == header.transactions_root
        assert decoded.gas_used == header.gas_used > 0

    def test_fixed_fields(self, engine: Engine) -> None:
        parent = engine.head().header
        header = seal(engine).header
        assert header.prev_randao == keccak(b"entresol:randao" + parent.hash)
        assert header.requests_hash == sha256(b"").digest()
        assert (header.difficulty, header.nonce, header.ommers_hash) == (0, bytes(8), keccak(rlp.encode([])))
        assert (header.gas_limit, header.coinbase, header.extra_data) == (RULE.gas_limit, RULE.coinbase, b"entresol")
        assert (header.blob_gas_used, header.excess_blob_gas, header.parent_beacon_root) == (0, 0, ZERO_HASH)

    def test_base_fee_follows_the_rule(self, engine: Engine) -> None:
        parent = engine.head().header
        assert parent.base_fee == RULE.fee.base_fee_genesis_wei
        for header in (seal(engine).header, seal(engine, sign(0, 0)).header):
            assert header.base_fee == next_base_fee(RULE.fee, parent.base_fee, parent.gas_used, parent.gas_limit)
            parent = header

    def test_roots_are_over_typed_envelopes(self, engine: Engine) -> None:
        block = seal(engine, sign(0, 0), sign_legacy(1, 0, LOGGER))
        transactions, receipts = HexaryTrie({}), HexaryTrie({})
        for index, (raw, receipt) in enumerate(zip(block.transactions, block.receipts, strict=True)):
            transactions[rlp.encode(index)] = raw
            logs = [[log.address, list(log.topics), log.data] for log in receipt.logs]
            body = rlp.encode([receipt.status, receipt.cumulative_gas_used, receipt.logs_bloom, logs])
            receipts[rlp.encode(index)] = (bytes([receipt.type]) if receipt.type else b"") + body
        assert block.header.transactions_root == transactions.root_hash
        assert block.header.receipts_root == receipts.root_hash
        assert [receipt.type for receipt in block.receipts] == [2, 0]
        assert block.header.logs_bloom == block.receipts[1].logs_bloom != bytes(256)

    def test_blockhash_reaches_back_256_blocks(self, engine: Engine) -> None:
        hashes = [engine.head().header.hash] + [seal(engine).header.hash for _ in range(257)]
        assert [self.ask(engine, nonce, number) for nonce, number in enumerate((0, 1, 4, 257, 262, 263))] == [
            0,  # asked in block 258, one too far back
            0,  # asked in block 259, two too far back
            hashes[4],  # asked in block 260, the oldest of 256
            hashes[257],
            0,  # itself
            0,  # not yet there
        ]

    def ask(self, engine: Engine, nonce: int, number: int) -> bytes | int:
        seal(engine, sign(0, nonce, ANCESTOR, data=number.to_bytes(32, "big")))
        value = read_slot(engine, ANCESTOR)
        return value.to_bytes(32, "big") if value else 0

    def test_history_contract_holds_the_parents_hash(self, tmp_path: Path) -> None:
        history = (HISTORY_STORAGE, GenesisAccount(nonce=1, code=b"\x00"))
        engine = open_engine(tmp_path, build_genesis_of(extra=(history,)))
        hashes = [engine.head().header.hash, seal(engine).header.hash, seal(engine).header.hash]
        assert read_slot(engine, HISTORY_STORAGE, 0) == int.from_bytes(hashes[0], "big")
        assert read_slot(engine, HISTORY_STORAGE, 1) == int.from_bytes(hashes[1], "big")
        engine.close()


class TestDeposits:
    CURSOR = Cursor(LedgerIndex(0), 5, Hash(b"\x05" * 32), 2, Hash(b"\x06" * 32))

    def test_run_before_the_users_in_protocol_order(self, engine: Engine) -> None:
        block = seal(engine, sign(0, 0), cursors=(self.CURSOR,), messages=(message(0), message(1)))
        assert [receipt.type for receipt in block.receipts] == [DEPOSIT_TYPE] * 3 + [2]
        assert [receipt.status for receipt in block.receipts] == [1] * 4
        assert block.senders == (CURSOR_SENDER, STRANGER, STRANGER, ACCOUNTS[0])
        assert balance(engine, STRANGER) == 2 * (7 - 1) * ETHER
        assert build_block_input(block).transactions == (sign(0, 0).raw,)

    def test_receipts_carry_the_nonce_and_the_version(self, engine: Engine) -> None:
        block = seal(engine, messages=(message(0), message(1)))
        receipts = HexaryTrie({})
        for index, receipt in enumerate(block.receipts):
            fields = [receipt.status, receipt.cumulative_gas_used, receipt.logs_bloom, [], index, 1]
            receipts[rlp.encode(index)] = b"\x7e" + rlp.encode(fields)
        assert block.header.receipts_root == receipts.root_hash

    def test_a_failed_call_is_included_and_keeps_the_mint(self, engine: Engine) -> None:
        block = seal(engine, messages=(message(0, recipient=SPINNER, gas_limit=50_000),))
        assert [receipt.status for receipt in block.receipts] == [0]
        assert balance(engine, STRANGER) == 7 * ETHER

    def test_come_back_with_the_block(self, engine: Engine) -> None:
        block = seal(engine, cursors=(self.CURSOR,), messages=(message(0),))
        assert engine.read_blocks(BlockNumber(1), 1) == (block,)
