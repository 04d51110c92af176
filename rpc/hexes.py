"""Hex as Ethereum JSON-RPC writes it (execution-apis: QUANTITY has no leading zeros, DATA two digits per byte)."""


def quantity(value: int) -> str:
    return hex(value)


def data(value: bytes) -> str:
    return "0x" + value.hex()


def word(value: int) -> str:
    """32 bytes, as storage is shown."""
    return f"0x{value:064x}"
