"""Frames of a simulation: every log gets its number in the block, and ether transfers are logs where that is asked for.

Numbers count what was logged and taken back, too, as geth's tracer counts. A transfer is logged as if ether were an
ERC-20 token (ERC-7528); no receipt holds it.
"""

from dataclasses import dataclass
from typing import Final, cast

from eth.abc import MessageAPI, StateAPI, TransactionContextAPI
from eth_typing import Address as EthAddress

from rollup.core.block import Log
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.vm.accounts import StateSource
from rollup.vm.computation import ChainComputation
from rollup.vm.fork import BlockEnvironment, ChainState

ETHER_TOKEN: Final = Address(b"\xee" * 20)
TRANSFER_TOPIC: Final = keccak(b"Transfer(address,address,uint256)")


@dataclass(frozen=True, slots=True)
class NumberedLog(Log):
    number: int
    is_transfer: bool


class SimulatedState(ChainState):
    """``log_count`` is the number of the next log in the block that runs."""

    def __init__(self, source: StateSource, environment: BlockEnvironment, *, logs_transfers: bool) -> None:
        super().__init__(source, environment)
        self.logs_transfers = logs_transfers
        self.log_count = 0


class _NumberedLogs(list[Log]):
    """What one frame logs; the logs of its children come with their numbers."""

    def __init__(self, state: SimulatedState) -> None:
        super().__init__()
        self._state = state

    def append(self, log: Log) -> None:
        super().append(NumberedLog(log.address, log.topics, log.data, self._state.log_count, is_transfer=False))
        self._state.log_count += 1

    def append_transfer(self, sender: bytes, recipient: bytes, value: int) -> None:
        topics = (TRANSFER_TOPIC, Hash(sender.rjust(32, b"\x00")), Hash(recipient.rjust(32, b"\x00")))
        data = value.to_bytes(32, "big")
        super().append(NumberedLog(ETHER_TOKEN, topics, data, self._state.log_count, is_transfer=True))
        self._state.log_count += 1


class SimulatedFrame(ChainComputation):
    """Runs on a SimulatedState. Calls, creations and self-destructions transfer ether."""

    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        super().__init__(state, message, transaction_context)
        self.logs = _NumberedLogs(cast(SimulatedState, state))
        is_callcode = not message.is_create and message.code_address != message.storage_address
        if message.should_transfer_value and message.value and (message.is_delegation or not is_callcode):
            self._log_transfer(message.sender, message.storage_address, message.value)

    def on_destroyed(self, beneficiary: EthAddress, balance: int) -> None:
        """It gives away the balance, to itself too."""
        if balance:
            self._log_transfer(self.address, beneficiary, balance)

    def _log_transfer(self, sender: bytes, recipient: bytes, value: int) -> None:
        if cast(SimulatedState, self.state).logs_transfers:
            cast(_NumberedLogs, self.logs).append_transfer(sender, recipient, value)
