"""Frames that tell a tracer what happens in them.

Instructions run one by one with the same steps as everywhere; nothing that they do depends on being watched. Where an
ordinary frame fails at the door of a run of instructions, because its gas or stack will not do, this one goes as far
as it can, to show which instruction it was; the work that it does on that way is not charged, as it is not elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self, cast

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import FullStack, InsufficientStack, OutOfGas, VMError

from rollup.core.admission import INIT_CODE_BYTES_MAX
from rollup.core.forks import Fork
from rollup.vm.computation import ChainComputation
from rollup.vm.failures import describe_failure
from rollup.vm.fork import ChainState
from rollup.vm.frame import HALTED, Frame, charge
from rollup.vm.instructions import Instruction
from rollup.vm.jumps import JUMPDEST
from rollup.vm.program import Program, Run, find_stack_fault, program_of
from rollup.vm.tracing.mnemonics import (
    CALL,
    CALLCODE,
    CALLS,
    CREATIONS,
    DELEGATECALL,
    LOG0,
    LOG4,
    MNEMONICS,
    SELFDESTRUCT,
)
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, Tracer
from rollup.vm.work import WorkExhausted, WorkMeter

WORK_UNBOUNDED = 2**62
WORK_WORDS = "work limit exceeded"
DEPTH_MAX = 1024
CHARGES_KEPT_MAX = 8
COUNTABLE_GAS_MAX = 2**56
ADDRESS_MASK = (1 << 160) - 1


def _land(frame: Frame, _: int) -> None:
    """Nothing happens at a jump destination."""


LANDING = Instruction(1, 0, 0, _land)
"""Programs skip jump destinations instead of running them."""


class TracedFrame(ChainComputation):
    """``frames_for`` sets ``tracer`` and ``running``, the frames from the top down. ``has_root`` says whether there was
    any."""

    tracer: ClassVar[Tracer]
    running: ClassVar[list["TracedFrame"]]
    has_root: ClassVar[bool]

    def __init__(self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI) -> None:
        super().__init__(state, message, transaction_context)
        self.refund_before = 0
        self.operands: tuple[int, ...] = ()
        self.has_child = False
        self.returned_code: bytes | None = None
        self.consumed: list[int] = []
        self.returned: list[tuple[int, int]] = []

    @property
    def depth(self) -> int:
        """1 at the top."""
        return self.msg.depth + 1

    @property
    def refund(self) -> int:
        return self.refund_before + self.gas_refunded

    # --- frames -------------------------------------------------------------------------------------------------------

    @classmethod
    def apply_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> Self:
        if message.is_create:
            return super().apply_message(state, message, transaction_context, parent_computation)
        cls._enter(_describe_call(cast(ChainState, state), message, cls._parent()))
        try:
            frame = super().apply_message(state, message, transaction_context, parent_computation)
        except WorkExhausted:
            cls.tracer.on_exit(FrameExit(b"", message.gas, WORK_WORDS))
            raise
        return frame.leave()

    @classmethod
    def apply_create_message(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> Self:
        is_too_long = len(message.code) > INIT_CODE_BYTES_MAX and cast(ChainState, state).fork >= Fork.SHANGHAI
        if is_too_long:  # it fails before there is a frame
            return super().apply_create_message(state, message, transaction_context, parent_computation)
        cls._enter(_describe_creation(message, cls._parent()))
        try:
            frame = super().apply_create_message(state, message, transaction_context, parent_computation)
        except WorkExhausted:
            cls.tracer.on_exit(FrameExit(b"", message.gas, WORK_WORDS))
            raise
        return frame.leave()

    @classmethod
    def _parent(cls) -> "TracedFrame | None":
        return cls.running[-1] if cls.running else None

    @classmethod
    def _enter(cls, entry: FrameEntry) -> None:
        parent = cls._parent()
        if parent is not None:
            parent.has_child = True
        cls.has_root = True
        cls.tracer.on_enter(entry)

    def leave(self) -> Self:
        """The end of the frame, told. Of a creation what its code returned is shown, even where nobody could pay for it
        (Frontier)."""
        error = describe_failure(self.error) if self.is_error else ""
        output = self.output if self.returned_code is None else self.returned_code
        self.tracer.on_exit(FrameExit(output, self.msg.gas - self.gas, error))
        return self

    def store_code(self) -> None:
        self.returned_code = self.output
        super().store_code()

    # --- instructions -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """As that of an ordinary frame, step by step. Empty code has no instruction."""
        if not self.msg.code:
            super().run()
            return
        parent = self._parent()
        self.refund_before = parent.refund if parent is not None else 0
        self.running.append(self)
        program = program_of(self.msg.code, self.state.fork)
        try:
            while (position := self.pc) != HALTED:
                run = program.runs.get(position) or program.prepare(position)
                self.meter.check_deadline()
                if self._is_doomed(run):
                    self.meter = WorkMeter(WORK_UNBOUNDED, self.meter.deadline)
                while position < run.next:
                    position = self._step(program, position)
        finally:
            self.running.pop()

    def _is_doomed(self, run: Run) -> bool:
        return self.gas < run.gas or not run.depth_min <= len(self.stack) <= run.depth_max

    def _step(self, program: Program, position: int) -> int:
        """Returns the position of the instruction after it in the code."""
        opcode = program.opcode_at(position)
        instruction, argument, following = program.read_instruction(position)
        if opcode == JUMPDEST:
            instruction = LANDING
        gas_before, tracer = self.gas, self.tracer
        self._note(opcode)
        tracer.on_step(self, position, opcode)
        try:
            if (fault := find_stack_fault(instruction, len(self.stack))) is not None:
                raise fault
            charge(self, instruction.gas)
            self.pc = following
            instruction.step(self, argument)
        except VMError as error:
            tracer.on_paid(self, opcode, gas_before - self.gas + _missing(error, instruction.gas), error)
            raise
        self._tell(opcode)
        tracer.on_paid(self, opcode, gas_before - self._gas_at_lowest(opcode), None)
        return following

    def _note(self, opcode: int) -> None:
        """Remember what cannot be known after the instruction ran."""
        if opcode in CALLS or opcode in CREATIONS:
            self.operands = (opcode, *self.stack[:-8:-1])
            self.has_child = False
            self.consumed.clear()
            self.returned.clear()
        elif opcode == SELFDESTRUCT:
            self.operands = (opcode, *self.stack[-1:], self.state.get_balance(self.address))

    def _tell(self, opcode: int) -> None:
        """What an instruction did that tracers hear of."""
        if LOG0 <= opcode <= LOG4:
            self.tracer.on_log(self.logs[-1])
        elif opcode == SELFDESTRUCT:
            self._tell_destruction()
        elif (opcode in CALLS or opcode in CREATIONS) and not self.has_child:
            self._tell_unstarted(opcode)

    def _tell_destruction(self) -> None:
        _, beneficiary, balance = self.operands
        entry = FrameEntry(
            "SELFDESTRUCT", self.address, _address(beneficiary), b"", b"", gas=0, value=balance, depth=self.depth
        )
        self.tracer.on_enter(entry)
        self.tracer.on_exit(FrameExit(b"", 0, ""))

    def _tell_unstarted(self, opcode: int) -> None:
        """A call or creation whose frame never was: too deep, no funds, or its address is taken."""
        why = "max call depth exceeded" if self.depth > DEPTH_MAX else "insufficient balance for transfer"
        if opcode in CALLS:
            gas, used = self.returned[0][1], 0
            _, _, to, value, *area = self.operands
            start, size = (area[0], area[1]) if opcode in (CALL, CALLCODE) else (value, area[0])
            entry = FrameEntry(
                MNEMONICS[opcode],
                self.address,
                _address(to),
                self._memory_at(start, size),
                b"",
                gas=gas,
                value=self._value_of_call(),
                depth=self.depth,
            )
        else:
            _, value, start, size, *_ = self.operands
            is_taken = len(self.consumed) > 1
            gas = self.consumed[1] if is_taken else self._creation_gas()
            why, used = ("contract address collision", gas) if is_taken else (why, 0)
            code = self._memory_at(start, size)
            entry = FrameEntry(
                MNEMONICS[opcode], self.address, bytes(20), code, code, gas=gas, value=value, depth=self.depth
            )
        self.tracer.on_enter(entry)
        self.tracer.on_exit(FrameExit(b"", used, why))

    def _creation_gas(self) -> int:
        return self.gas - self.gas // 64 if self.state.fork >= Fork.TANGERINE_WHISTLE else self.gas

    def _value_of_call(self) -> int | None:
        opcode = self.operands[0]
        if opcode in (CALL, CALLCODE):
            return self.operands[3]
        return self.msg.value if opcode == DELEGATECALL else None

    def _memory_at(self, start: int, size: int) -> bytes:
        return bytes(self.memory[start : start + size]).ljust(size, b"\x00")

    # --- gas ----------------------------------------------------------------------------------------------------------

    def consume_gas(self, amount: int, reason: str) -> None:
        super().consume_gas(amount, reason)
        if len(self.consumed) < CHARGES_KEPT_MAX:
            self.consumed.append(amount)

    def return_gas(self, amount: int) -> None:
        self.returned.append((self.gas, amount))
        super().return_gas(amount)

    def _gas_at_lowest(self, opcode: int) -> int:
        """What was left when everything was paid, before anything came back; that of a creation is not a payment."""
        if opcode in CALLS:
            return self.returned[0][0] if self.returned else self.gas
        if opcode in CREATIONS and len(self.consumed) > 1:
            left = self.returned[0][0] if self.returned else self.gas
            return left + self.consumed[1]
        return self.gas


def _describe_call(state: ChainState, message: MessageAPI, parent: TracedFrame | None) -> FrameEntry:
    to, kind, sender = bytes(message.storage_address), "CALL", bytes(message.sender)
    value: int | None = message.value
    if parent is not None:
        opcode, _, target, *_ = parent.operands
        kind, sender, to, value = MNEMONICS[opcode], parent.address, _address(target), parent._value_of_call()
    return FrameEntry(
        kind,
        sender,
        to,
        bytes(message.data_as_bytes),
        message.code,
        gas=message.gas,
        value=value,
        depth=message.depth,
        is_precompile=not message.is_delegation and message.code_address in state.precompiles,
    )


def _describe_creation(message: MessageAPI, parent: TracedFrame | None) -> FrameEntry:
    kind, sender = "CREATE", bytes(message.sender)
    if parent is not None:
        kind, sender = MNEMONICS[parent.operands[0]], parent.address
    code = message.code
    return FrameEntry(
        kind, sender, message.storage_address, code, code, gas=message.gas, value=message.value, depth=message.depth
    )


def _address(word: int) -> bytes:
    return (word & ADDRESS_MASK).to_bytes(20, "big")


def _missing(error: VMError, static_gas: int) -> int:
    """What an instruction would have taken beyond what it did; 0 where geth's 64 bits would not hold it."""
    if isinstance(error, InsufficientStack | FullStack):
        return static_gas
    amount: Any = error.args[0] if isinstance(error, OutOfGas) and error.args else 0
    return amount if isinstance(amount, int) and amount < COUNTABLE_GAS_MAX else 0


@contextmanager
def frames_for(tracer: Tracer) -> Iterator[type[TracedFrame]]:
    """The kind of frame that tells this tracer. Classes refer to themselves: at the end this one lets go of the tracer,
    so that what that recorded does not wait for a collection of cycles."""
    frames: type[TracedFrame] = type(
        "FrameOfTracer", (TracedFrame,), {"tracer": tracer, "running": [], "has_root": False}
    )
    try:
        yield frames
    finally:
        frames.tracer = Tracer()
