"""Load on a node that may die at any time, and a memory of everything that the node promised meanwhile."""

import threading
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from node_process import NodeProcess, RpcRefused, wait_for

from node.devnet_layout import CHAIN_ID
from node.keys import devnet_keys
from rollup.core.hashes import keccak

PAUSE_S = 0.005


@dataclass
class Promises:
    """What the node has said to anybody: acknowledged transactions, blocks and batches by number."""

    acknowledged: set[str] = field(default_factory=set)
    blocks: dict[int, str] = field(default_factory=dict)
    batches: dict[int, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def note(self, kind: str, number: int, block_hash: str) -> None:
        known: dict[int, str] = getattr(self, kind)
        if known.setdefault(number, block_hash) != block_hash:
            self.broken.append(f"{kind} {number}: {known[number]} became {block_hash}")


class LoadClient:
    """Sends one account's transfers in order, as fast as they are acknowledged; sends again what was not."""

    def __init__(self) -> None:
        self.promises = Promises()
        self._account = Account.from_key(devnet_keys(1)[0])
        self._nonce = 0
        self._stop = threading.Event()

    def run(self, node: NodeProcess) -> threading.Thread:
        """Until the node is gone, or ``stop``."""
        self._stop.clear()
        thread = threading.Thread(target=self._run, args=(node,))
        thread.start()
        return thread

    def stop(self, thread: threading.Thread) -> None:
        self._stop.set()
        thread.join()

    def wait_for_acknowledged(self, more: int) -> None:
        goal = len(self.promises.acknowledged) + more
        wait_for(lambda: len(self.promises.acknowledged) >= goal)

    def _run(self, node: NodeProcess) -> None:
        while not self._stop.is_set() and node.process.poll() is None:
            try:
                self._send(node)
                self.look(node)
            except RpcRefused:
                self._stop.wait(0.1)  # it is starting, or the backlog is full
            except OSError:
                self._stop.wait(PAUSE_S)

    def _send(self, node: NodeProcess) -> None:
        for _ in range(10):
            raw = self._sign(self._nonce)
            transaction = "0x" + keccak(raw).hex()
            try:
                assert node.call("eth_sendRawTransaction", "0x" + raw.hex()) == transaction
            except RpcRefused as refusal:
                if "already known" not in str(refusal) and "nonce too low" not in str(refusal):
                    raise
                # the acknowledgement was lost with the node, the transaction was not
            self.promises.acknowledged.add(transaction)
            self._nonce += 1

    def look(self, node: NodeProcess) -> None:
        """Note the newest block and batch."""
        block: Any = node.call("eth_getBlockByNumber", "latest", False)
        self.promises.note("blocks", int(block["number"], 16), block["hash"])
        self.look_for_batches(node)

    def look_for_batches(self, node: NodeProcess) -> int:
        """Note those that are new; the number of the newest."""
        number = max(self.promises.batches, default=0)
        while batch := node.call("rollup_getBatch", hex(number + 1)):
            number += 1
            self.promises.note("batches", number, batch["hash"])
        return number

    def check(self, node: NodeProcess) -> None:
        """The node keeps every promise that it or an earlier one has made."""
        for transaction in sorted(self.promises.acknowledged):
            wait_for(lambda transaction=transaction: node.call("eth_getTransactionReceipt", transaction))
        for number in list(self.promises.blocks):
            self.promises.note("blocks", number, node.call("eth_getBlockByNumber", hex(number), False)["hash"])
        for number in list(self.promises.batches):
            self.promises.note("batches", number, node.call("rollup_getBatch", hex(number))["hash"])
        assert self.promises.broken == []

    def _sign(self, nonce: int) -> bytes:
        fields = {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": nonce,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 1,
            "gas": 21_000,
            "to": b"\x00" * 18 + b"\xee\x02",
            "value": 1,
        }
        return bytes(self._account.sign_transaction(fields).raw_transaction)
