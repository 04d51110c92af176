"""Ether transfers as logs, for simulations that ask for them: as if ether were an ERC-20 token (ERC-7528)."""

from typing import Final

from eth.abc import MessageAPI, StateAPI, TransactionContextAPI
from eth_typing import Address as EthAddress

from rollup.core.block import Log
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.vm.computation import ChainComputation

ETHER_TOKEN: Final = Address(b"\xee" * 20)
TRANSFER_TOPIC: Final = keccak(b"Transfer(address,address,uint256)")


class TransferLog(Log):
    """Not part of any receipt."""

    __slots__ = ()


class TransferWatch(ChainComputation):
    """Frames that log every transfer of ether by call, creation or self-destruction; who fails takes its logs back."""

    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        super().__init__(state, message, transaction_context)
        is_foreign_code = not message.is_create and message.code_address != message.storage_address
        if message.should_transfer_value and message.value and (message.is_delegation or not is_foreign_code):
            self.logs.append(_transfer_log(message.sender, message.storage_address, message.value))

    def on_destroyed(self, beneficiary: EthAddress, balance: int) -> None:
        """A self-destruction gives away the balance, to itself too."""
        if balance:
            self.logs.append(_transfer_log(self.address, beneficiary, balance))


def _transfer_log(sender: bytes, recipient: bytes, value: int) -> TransferLog:
    topics = (TRANSFER_TOPIC, Hash(sender.rjust(32, b"\x00")), Hash(recipient.rjust(32, b"\x00")))
    return TransferLog(ETHER_TOKEN, topics, value.to_bytes(32, "big"))
