"""From a block parameter to a block of the canonical chain."""

from rollup.core.block import Block
from rollup.core.errors import UnknownBlock
from rollup.core.ids import BlockNumber
from rpc.block_loader import load_block
from rpc.ports import NodePorts
from rpc.scalars import BlockRef


def head_number(ports: NodePorts) -> BlockNumber:
    """Raises UnknownBlock while there is no chain."""
    number = ports.chain.head_number()
    if number is None:
        raise UnknownBlock("the chain has no block yet")
    return number


def find_number(ports: NodePorts, ref: BlockRef) -> BlockNumber | None:
    """Number of the block that ``ref`` means, None when there is none."""
    head = head_number(ports)
    if ref.hash is not None:
        return ports.chain.number_of(ref.hash)
    if ref.number is not None:
        return BlockNumber(ref.number) if ref.number <= head else None
    if ref.tag == "earliest":
        return BlockNumber(0)
    if ref.tag in ("safe", "finalized") and ports.heads is not None:
        heads = ports.heads.heads()
        return min(heads.safe if ref.tag == "safe" else heads.finalized, head)
    return head


async def find_block(ports: NodePorts, ref: BlockRef) -> Block | None:
    number = find_number(ports, ref)
    block = None if number is None else await load_block(ports.chain, number)
    is_other = block is not None and ref.hash not in (None, block.header.hash)  # the chain was rewound meanwhile
    return None if is_other else block


def check_number(ports: NodePorts, ref: BlockRef) -> BlockNumber:
    """Like find_number, for methods to which an unknown block is an error. Raises UnknownBlock."""
    number = find_number(ports, ref)
    if number is None:
        raise UnknownBlock("" if ref.hash is None else f"block 0x{ref.hash.hex()}")
    return number


def state_block(ports: NodePorts, ref: BlockRef) -> BlockNumber | None:
    """The block to hand to a StateReader: None for ``latest`` and ``pending``, whose state is the executor's head.

    Raises UnknownBlock.
    """
    return None if ref.tag in ("latest", "pending") else check_number(ports, ref)
