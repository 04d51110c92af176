"""Blocks, headers, receipts and transactions as the bytes that their hashes and roots are over (``debug_getRaw*``)."""

from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.block_rlp import encode_block_rlp
from rollup.core.header_codec import encode_header
from rollup.core.ids import BlockNumber, Hash
from rollup.core.receipt_rlp import encode_receipt_rlp
from rpc.block_loader import load_block, load_transaction
from rpc.block_refs import check_number
from rpc.errors import RESOURCE_NOT_FOUND, SERVER_ERROR, RpcError
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_block, read_hash
from rpc.turns import build_in_turns

RECEIPTS_PER_TURN = 100


class RawMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        block = (Param(read_block),)
        return {
            "debug_getRawBlock": Method(self.block, block),
            "debug_getRawHeader": Method(self.header, block),
            "debug_getRawReceipts": Method(self.receipts, block),
            "debug_getRawTransaction": Method(self.transaction, (Param(read_hash),)),
            "debug_getBadBlocks": Method(self.bad_blocks),
            "debug_getRawBlockAccessList": Method(self.raw_access_list, block),
            "eth_getBlockAccessList": Method(self.access_list, block),
        }

    async def block(self, ref: BlockRef) -> str:
        return data(encode_block_rlp(await self._find(ref)))

    async def header(self, ref: BlockRef) -> str:
        return data(encode_header((await self._find(ref)).header))

    async def receipts(self, ref: BlockRef) -> list[str]:
        block = await self._find(ref)
        nonces = await self._deposit_nonces(block)
        rows = zip(block.receipts, nonces, strict=True)
        return await build_in_turns(rows, lambda row: data(encode_receipt_rlp(*row)), RECEIPTS_PER_TURN)

    async def _deposit_nonces(self, block: Block) -> list[int]:
        """Per transaction. Deposits come first in a block, and each moves its sender's nonce by one."""
        senders = [
            sender
            for sender, receipt in zip(block.senders, block.receipts, strict=True)
            if receipt.type == DEPOSIT_TYPE
        ]
        nonces = [0] * len(block.receipts)
        if senders:
            parent = BlockNumber(block.header.number - 1)
            accounts = await self._ports.state.read_accounts(tuple(senders), parent)
            nonces[: len(senders)] = [
                account.nonce + senders[:index].count(account.address) for index, account in enumerate(accounts)
            ]
        return nonces

    async def transaction(self, transaction_hash: Hash) -> str:
        """As it is in its block, or in the pool; ``0x`` where nobody knows it."""
        found = await load_transaction(self._ports.chain, transaction_hash)
        if found is not None:
            block, index = found
            return data(block.transactions[index])
        waiting = None if self._ports.pool is None else self._ports.pool.find(transaction_hash)
        return "0x" if waiting is None else data(waiting[0].raw)

    async def access_list(self, ref: BlockRef) -> None:
        """Always null: no fork that the engine knows gives a block an access list (EIP-7928)."""
        check_number(self._ports, ref)

    async def raw_access_list(self, ref: BlockRef) -> None:
        """The same in the words that execution-apis has for it."""
        check_number(self._ports, ref)
        raise RpcError(RESOURCE_NOT_FOUND, "resource not found: the block has no access list")

    async def bad_blocks(self) -> list[object]:
        """A block that does not hold is refused, never kept."""
        return []

    async def _find(self, ref: BlockRef) -> Block:
        block = await load_block(self._ports.chain, check_number(self._ports, ref))
        if block is None:
            raise RpcError(SERVER_ERROR, "block not found")
        return block
