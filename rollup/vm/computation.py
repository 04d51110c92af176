"""A frame of execution: py-evm's Prague computation with our corrections and our bounds.

What differs from py-evm, and why:

- a finished child is folded into its parent instead of being kept with its memory (a loop of calls held gigabytes);
- init code is paid in the intrinsic gas of a transaction, once (a delegated account that creates paid twice);
- jumps are checked against one pass over the code (``jumps``);
- instructions run in prepared runs (``program``), on a stack of integers;
- failures carry geth's words (``failures``);
- work is metered, and the clock looked at, while instructions run (``work``).
"""

from typing import Self, cast

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import InsufficientFunds, OutOfGas, ReservedBytesInCode, VMError
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague.computation import PragueComputation
from eth_typing import Address as EthAddress

from rollup.core.admission import INIT_CODE_BYTES_MAX
from rollup.core.block import Log
from rollup.core.forks import Fork
from rollup.core.ids import Hash
from rollup.vm.failures import CodeStorageOutOfGas, CodeTooLarge, InitCodeTooLong
from rollup.vm.fork import ChainState
from rollup.vm.frame import HALTED
from rollup.vm.precompiles import PRECOMPILES
from rollup.vm.program import program_of
from rollup.vm.surface import PyEvmSurface
from rollup.vm.work import WorkMeter

CODE_BYTES_MAX = 24_576  # EIP-170
GAS_CODE_BYTE = 200


class ChainContext(CancunTransactionContext):
    """What all frames of one transaction share; ``created`` holds the accounts that it created (EIP-6780)."""

    def __init__(
        self, gas_price: int, origin: EthAddress, meter: WorkMeter, blob_hashes: tuple[Hash, ...] = ()
    ) -> None:
        super().__init__(gas_price=gas_price, origin=origin)
        self.meter = meter
        self.blob_hashes = blob_hashes
        self.created: list[EthAddress] = []


class ChainComputation(PyEvmSurface, PragueComputation):
    """One message call or creation. Its attributes are those of ``Frame``."""

    _precompiles = PRECOMPILES
    state: ChainState

    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        context = cast(ChainContext, transaction_context)
        self.state = cast(ChainState, state)
        self.msg = message
        self.transaction_context = transaction_context
        self.meter = context.meter
        self.contracts_created = context.created
        self.gas_price = context.gas_price
        self.origin: bytes = context.origin
        self.blob_hashes = context.blob_hashes
        self.address: bytes = message.storage_address
        self.stack: list[int] = []
        self.memory = bytearray()
        self.gas = message.gas
        self.memory_gas = 0
        self.gas_refunded = message.refund
        self.pc = 0
        self.destinations: bytes | None = None
        self.logs: list[Log] = []
        self.accounts_to_delete: list[EthAddress] = []
        self.beneficiaries: list[EthAddress] = []

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
        fork = cast(ChainState, state).fork
        if len(message.code) > INIT_CODE_BYTES_MAX and fork >= Fork.SHANGHAI:
            raise InitCodeTooLong
        snapshot = state.snapshot()
        cast(ChainContext, transaction_context).created.append(message.storage_address)
        if fork >= Fork.SPURIOUS_DRAGON:
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
            precompile = None if message.is_delegation else computation.state.precompiles.get(message.code_address)
            if precompile is None:
                computation.run()
            else:
                precompile(computation)
        except VMError as error:
            computation.fail(error)
        return computation

    def run(self) -> None:
        """Instructions until one halts. Raises VMError; WorkExhausted and ExecutionTooLong pass through every frame."""
        program, stack, check_deadline = (
            program_of(self.msg.code, self.state.fork),
            self.stack,
            self.meter.check_deadline,
        )
        runs, is_timed = program.runs, self.meter.deadline is not None
        while (pc := self.pc) != HALTED:
            run = runs.get(pc) or program.prepare(pc)
            self.gas -= run.gas
            if self.gas < 0:
                raise OutOfGas
            if not run.depth_min <= len(stack) <= run.depth_max:
                raise program.stack_fault(run, len(stack))
            if is_timed:
                check_deadline()
            self.pc = run.next
            for step, argument in run.steps:
                step(self, argument)

    def store_code(self) -> None:
        """The end of a creation that ran through: pay for the code and set it, or fail."""
        code, fork = self.output, self.state.fork
        try:
            if len(code) > CODE_BYTES_MAX and fork >= Fork.SPURIOUS_DRAGON:
                raise CodeTooLarge
            if code[:1] == b"\xef" and fork >= Fork.LONDON:
                raise ReservedBytesInCode
            cost = len(code) * GAS_CODE_BYTE
            if cost > self.gas:
                if fork == Fork.FRONTIER:
                    self.output = b""  # EIP-2: before Homestead such a contract has no code
                    return
                raise CodeStorageOutOfGas
            self.gas -= cost
            if code:
                self.state.set_code(self.msg.storage_address, code)
        except VMError as error:
            self.fail(error)

    def fail(self, error: VMError) -> None:
        """End with an error: unless it is a revert, all gas and the output are gone. Its traceback goes, too: it holds
        this frame, and would keep both until the next collection of cycles."""
        error.__traceback__ = None
        self._error = error
        self.gas_refunded = self.msg.refund
        self.logs = []
        self.accounts_to_delete = []
        if error.burns_gas:
            self.gas = 0

    def add_child_computation(self, child_computation: ComputationAPI) -> None:
        """Take over what a finished child leaves: return data, and what it earned, logged and destroyed."""
        child = cast(ChainComputation, child_computation)
        self.return_data = b"" if child.msg.is_create and not child.is_error else child.output
        self.gas_refunded += child.gas_refunded
        self.logs += child.logs
        self.accounts_to_delete += child.accounts_to_delete

    def on_destroyed(self, beneficiary: EthAddress, balance: int) -> None:
        """A SELFDESTRUCT gave ``balance`` away. For whoever watches frames."""

    def register_account_for_deletion(self, beneficiary: EthAddress) -> None:  # noqa: ARG002
        """SELFDESTRUCT of an account that this transaction created; a second time changes nothing."""
        if self.msg.storage_address not in self.accounts_to_delete:
            self.accounts_to_delete.append(self.msg.storage_address)
