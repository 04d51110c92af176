"""A chain file, replayed: blocks that are there already are compared, the others executed, checked and kept."""

from collections.abc import Iterator

from rollup.core.block import Block
from rollup.core.block_rlp import decode_block_rlp, split_blocks
from rollup.core.errors import InvalidBlock, MalformedBatch
from rollup.vm.engine import Engine


def replay_chain(engine: Engine, chain: bytes) -> Iterator[Block]:
    """The new blocks of ``chain`` (a plain concatenation of block RLPs), each durable in the engine when it is yielded.

    A file may begin with blocks that the engine holds, block 0 among them; so an import that was cut off goes on.
    Raises InvalidBlock that names the block and the first difference; the blocks before it stay.
    """
    head = engine.head().header
    blocks = split_blocks(chain)
    while True:
        try:
            encoded = next(blocks, None)
            if encoded is None:
                return
            body = decode_block_rlp(encoded)
        except MalformedBatch as error:
            raise InvalidBlock(f"the file after block {head.number}: {error.detail}") from error
        header = body.header
        if header.number <= head.number:
            known = engine.read_header(header.number)
            if known.hash != header.hash:
                raise InvalidBlock(
                    f"block {header.number} is 0x{header.hash.hex()}, the chain here has 0x{known.hash.hex()}"
                )
            continue
        block = engine.replay_block(body)
        head = block.header
        yield block
