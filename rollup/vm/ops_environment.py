"""Instructions that read the message, the transaction and the block."""

from rollup.vm.frame import Frame


def address(frame: Frame, _: int) -> None:
    frame.stack.append(int.from_bytes(frame.address, "big"))


def origin(frame: Frame, _: int) -> None:
    frame.stack.append(int.from_bytes(frame.origin, "big"))


def caller(frame: Frame, _: int) -> None:
    frame.stack.append(int.from_bytes(frame.msg.sender, "big"))


def callvalue(frame: Frame, _: int) -> None:
    frame.stack.append(frame.msg.value)


def gasprice(frame: Frame, _: int) -> None:
    frame.stack.append(frame.gas_price)


def blockhash(frame: Frame, _: int) -> None:
    frame.stack[-1] = int.from_bytes(frame.state.get_ancestor_hash(frame.stack[-1]), "big")


def coinbase(frame: Frame, _: int) -> None:
    frame.stack.append(int.from_bytes(frame.state.environment.rule.coinbase, "big"))


def timestamp(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.timestamp)


def number(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.number)


def prevrandao(frame: Frame, _: int) -> None:
    frame.stack.append(int.from_bytes(frame.state.environment.prev_randao, "big"))


def gaslimit(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.rule.gas_limit)


def chainid(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.rule.chain_id)


def basefee(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.base_fee)


def blobhash(frame: Frame, _: int) -> None:
    index, hashes = frame.stack[-1], frame.blob_hashes
    frame.stack[-1] = int.from_bytes(hashes[index], "big") if index < len(hashes) else 0


def blobbasefee(frame: Frame, _: int) -> None:
    frame.stack.append(frame.state.environment.blob_base_fee)
