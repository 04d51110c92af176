"""Raw receipts of a block with deposits: the nonces that their receipts lack are found, and the root holds."""

from pathlib import Path

import rlp
from executor_suite import ACCOUNTS, ETHER, GENESIS, STRANGER, next_work, sign
from trie import HexaryTrie

from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.cursor import LedgerMessage
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber, LedgerIndex
from rollup.store.store import open_store
from rollup.vm.client import open_vm
from rpc.methods.raw import RawMethods
from rpc.ports import NodePorts
from rpc.scalars import BlockRef


def message(position: int) -> LedgerMessage:
    """The same sender every time."""
    name = keccak(b"deposit %d" % position)
    return LedgerMessage(LedgerIndex(0), 5, position, name, STRANGER, ACCOUNTS[0], ETHER, ETHER, 21_000, b"")


async def test_raw_receipts_of_deposits_make_the_root(tmp_path: Path) -> None:
    async with open_vm(tmp_path / "vm", GENESIS) as vm:
        head = await vm.head()
        with open_store(tmp_path / "store", head.genesis_hash) as store:
            store.blocks.append_block(Block(head.header, (), (), ()))
            for number in (1, 2):
                messages = (message(2 * number), message(2 * number + 1))
                result = await vm.execute_block(await next_work(vm, sign(0, number - 1), messages=messages))
                assert result.block is not None
                store.blocks.append_block(result.block)
            block = store.blocks.block(BlockNumber(2))
            assert block is not None
            raw = await RawMethods(NodePorts(GENESIS.rule, vm, store.blocks)).receipts(BlockRef(number=2))
    assert [receipt.type for receipt in block.receipts] == [DEPOSIT_TYPE, DEPOSIT_TYPE, 2]
    trie = HexaryTrie({})
    for index, receipt in enumerate(raw):
        trie[rlp.encode(index)] = bytes.fromhex(receipt[2:])
    assert trie.root_hash == block.header.receipts_root
    nonces = [rlp.decode(bytes.fromhex(receipt[4:]))[4] for receipt in raw[:2]]
    assert nonces == [b"\x02", b"\x03"]
