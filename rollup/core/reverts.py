"""What a contract says when it reverts: Solidity's ``Error(string)`` and ``Panic(uint256)``, in geth's words."""

ERROR_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
PANIC_SELECTOR = bytes.fromhex("4e487b71")  # Panic(uint256)

WORD_BYTES = 32

PANICS = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def revert_reason(output: bytes) -> str:
    """'' for anything that is neither. A string need not be padded to whole words: geth reads those, too."""
    selector, data = output[:4], output[4:]
    if selector == ERROR_SELECTOR:
        return _read_string(data)
    if selector == PANIC_SELECTOR and len(data) >= WORD_BYTES:
        code = _read_word(data, 0)
        return PANICS.get(code, f"unknown panic code: {code:#x}")
    return ""


def _read_string(data: bytes) -> str:
    """The one string of an ABI encoding; '' where its offset or length points past the end, or it is not UTF-8."""
    start = _read_word(data, 0) + WORD_BYTES
    end = start + _read_word(data, start - WORD_BYTES)
    if len(data) < start or len(data) < end:
        return ""
    try:
        return data[start:end].decode()
    except UnicodeDecodeError:
        return ""


def _read_word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD_BYTES], "big")
