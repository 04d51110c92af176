"""A program for the kill test: a sequencer under load that prints what it acknowledged and confirmed.

Argument: the data directory. Two accounts send from where they stand on.
"""

import asyncio
import json
import sys
from pathlib import Path

from pool_accounts import signed_transfer, signer_of
from running import Heard, Running, open_parts, running

from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation


def tell(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Telling(Heard):
    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        tell(number=block.header.number, hash=block.header.hash.hex())


async def send(node: Running, index: int) -> None:
    (account,) = await node.vm.read_accounts((signer_of(index),), None)
    nonce = node.sequencer.pending_nonce(signer_of(index)) or account.nonce
    while True:
        tell(acknowledged=(await node.sequencer.submit(signed_transfer(index, nonce).raw)).hex())
        nonce += 1


async def main() -> None:
    async with open_parts(Path(sys.argv[1])) as parts, running(*parts, listener=Telling()) as node:
        await asyncio.gather(send(node, 0), send(node, 1))


if __name__ == "__main__":
    asyncio.run(main())
