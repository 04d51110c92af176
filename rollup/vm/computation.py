"""A frame of execution: py-evm's Prague computation with our corrections and our bounds.

What differs from py-evm, and why:

- a finished child is folded into its parent instead of being kept with its memory (a loop of calls held gigabytes);
- init code is paid in the intrinsic gas of a transaction, once (a delegated account that creates paid twice);
- jumps are checked against one pass over the code (``jumps``);
- failures carry geth's words (``failures``);
- work is metered, and the clock looked at, while instructions run (``work``).
"""

from typing import Self, cast

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import Halt, InsufficientFunds, ReservedBytesInCode, VMError
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague.computation import PragueComputation
from eth_typing import Address as EthAddress

from rollup.vm.failures import CodeStorageOutOfGas, CodeTooLarge
from rollup.vm.instructions import INSTRUCTIONS, invalid_instruction
from rollup.vm.precompiles import PRECOMPILES
from rollup.vm.work import STEPS_BETWEEN_CLOCK_READS, WorkMeter

CODE_BYTES_MAX = 24_576  # EIP-170
GAS_CODE_BYTE = 200


class ChainContext(CancunTransactionContext):
    """What all frames of one transaction share; ``created`` holds the accounts that it created (EIP-6780)."""

    def __init__(self, gas_price: int, origin: EthAddress, meter: WorkMeter) -> None:
        super().__init__(gas_price=gas_price, origin=origin)
        self.meter = meter
        self.created: list[EthAddress] = []


class ChainComputation(PragueComputation):
    """One message call or creation."""

    opcodes = INSTRUCTIONS
    _precompiles = PRECOMPILES

    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        super().__init__(state, message, transaction_context)
        context = cast(ChainContext, transaction_context)
        self.meter = context.meter
        self.contracts_created = context.created

    @classmethod
    def apply_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> Self:
        """Transfer the value and run the code; on failure the state is as before. The depth was checked before."""
        snapshot = state.snapshot()
        if message.should_transfer_value and message.value:
            if state.get_balance(message.sender) < message.value:
                raise InsufficientFunds
            state.delta_balance(message.sender, -message.value)
            state.delta_balance(message.storage_address, message.value)
        else:
            state.touch_account(message.storage_address)
        computation = cls.apply_computation(state, message, transaction_context, parent_computation)
        if computation.is_error:
            state.revert(snapshot)
        return computation

    @classmethod
    def apply_create_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> Self:
        """Run init code and keep what it returns (EIPs 161, 170, 3541, 3860). The address is free: checked before."""
        cls.validate_create_message(message)
        snapshot = state.snapshot()
        cast(ChainContext, transaction_context).created.append(message.storage_address)
        state.increment_nonce(message.storage_address)
        computation = cls.apply_message(state, message, transaction_context, parent_computation)
        if not computation.is_error:
            computation.store_code()
        if computation.is_error:
            state.revert(snapshot)
        return computation

    @classmethod
    def apply_computation(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,  # noqa: ARG003
    ) -> Self:
        """Run a precompile or code to its end; a failure is a value."""
        computation = cls(state, message, transaction_context)
        computation.meter.check_deadline()
        try:
            precompile = None if message.is_delegation else PRECOMPILES.get(message.code_address)
            if precompile is None:
                computation.run()
            else:
                precompile(computation)
        except VMError as error:
            computation.fail(error)
        return computation

    def run(self) -> None:
        """Instructions until one halts. Raises VMError; WorkExhausted and ExecutionTooLong pass through every frame."""
        instructions = self.opcodes
        for steps, opcode in enumerate(self.code, 1):
            instruction = instructions.get(opcode)
            if instruction is None:
                raise invalid_instruction(opcode)
            if steps % STEPS_BETWEEN_CLOCK_READS == 0:
                self.meter.check_deadline()
            try:
                instruction(self)
            except Halt:
                return

    def store_code(self) -> None:
        """The end of a creation that ran through: pay for the code and set it, or fail."""
        code = self.output
        try:
            if len(code) > CODE_BYTES_MAX:
                raise CodeTooLarge
            if code[:1] == b"\xef":
                raise ReservedBytesInCode
            if len(code) * GAS_CODE_BYTE > self.get_gas_remaining():
                raise CodeStorageOutOfGas
            self.consume_gas(len(code) * GAS_CODE_BYTE, "code")
            if code:
                self.state.set_code(self.msg.storage_address, code)
        except VMError as error:
            self.fail(error)

    def fail(self, error: VMError) -> None:
        """End with an error: unless it is a revert, all gas and the return data are gone."""
        self._error = error
        if error.burns_gas:
            self._gas_meter.gas_remaining = 0
        if error.erases_return_data:
            self.return_data = b""

    def add_child_computation(self, child_computation: ComputationAPI) -> None:
        """Take over what a finished child leaves: return data, and on success refunds, logs and deletions."""
        child = cast(ChainComputation, child_computation)
        self.return_data = b"" if child.msg.is_create and not child.is_error else child.output
        if child.is_error:
            return
        self._gas_meter.refund_gas(child.get_gas_refund())
        self._log_entries += child._log_entries
        self.accounts_to_delete += child.accounts_to_delete

    def register_account_for_deletion(self, beneficiary: EthAddress) -> None:  # noqa: ARG002
        """SELFDESTRUCT of an account that this transaction created; a second time changes nothing."""
        if self.msg.storage_address not in self.accounts_to_delete:
            self.accounts_to_delete.append(self.msg.storage_address)
