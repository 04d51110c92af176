"""What py-evm's own instructions (calls, creations, self-destruction) and precompiles ask of a frame."""

from rollup.vm.frame import Frame, charge, expand_memory, read_memory

COPIED_BYTES_PER_WORK = 1024


class PyEvmSurface:
    """py-evm's names for the moves of ``Frame``. Its stack mixes bytes and integers; ours holds integers."""

    def consume_gas(self: Frame, amount: int, reason: str) -> None:  # noqa: ARG002
        charge(self, amount)

    def return_gas(self: Frame, amount: int) -> None:
        self.gas += amount

    def refund_gas(self: Frame, amount: int) -> None:
        self.gas_refunded += amount

    def get_gas_remaining(self: Frame) -> int:
        return self.gas

    def get_gas_refund(self: Frame) -> int:
        return self.gas_refunded

    def stack_pop1_int(self: Frame) -> int:
        return self.stack.pop()

    def stack_pop1_bytes(self: Frame) -> bytes:
        return self.stack.pop().to_bytes(32, "big")

    def stack_pop_ints(self: Frame, num_items: int) -> tuple[int, ...]:
        return tuple(self.stack.pop() for _ in range(num_items))

    def stack_push_int(self: Frame, value: int) -> None:
        self.stack.append(value)

    def stack_push_bytes(self: Frame, value: bytes) -> None:
        self.stack.append(int.from_bytes(value, "big"))

    def extend_memory(self: Frame, start_position: int, size: int) -> None:
        expand_memory(self, start_position, size)

    def memory_read_bytes(self: Frame, start_position: int, size: int) -> bytes:
        """Input of a call or creation: copied here, free of gas in Ethereum once the memory is paid for."""
        self.meter.charge(size // COPIED_BYTES_PER_WORK)
        return read_memory(self, start_position, size)

    def memory_write(self: Frame, start_position: int, size: int, value: bytes) -> None:
        self.memory[start_position : start_position + size] = value
