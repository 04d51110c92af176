"""The client of the read benchmark: one answer is one answer, however the network cuts it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"jsonrpc":"2.0","id":1,"result":17}'


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("load", "traffic", "reads"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("reads")


@pytest.mark.parametrize("piece", [1, 7, 41, 60, 1000])
async def test_the_next_request_follows_a_whole_answer(reads: ModuleType, piece: int) -> None:
    wire, asker = Wire(), reads.Asker(reads.Read("eth_chainId", b"ask"))
    asker.connection_made(wire)
    for round_number in (1, 2, 3):
        assert len(wire.written) == round_number
        for at in range(0, len(ANSWER), piece):
            assert len(asker.taken) == round_number - 1
            asker.data_received(ANSWER[at : at + piece])
        assert len(asker.taken) == round_number


async def test_it_ends_with_the_answer_that_it_waits_for(reads: ModuleType) -> None:
    wire, asker = Wire(), reads.Asker(reads.Read("eth_chainId", b"ask"))
    asker.connection_made(wire)
    asker.is_stopping = True
    assert not wire.is_closed
    asker.data_received(ANSWER)
    assert (wire.is_closed, wire.written) == (True, [b"ask"])
    asker.connection_lost(None)
    assert asker.ended.done()


def test_a_request_is_whole(reads: ModuleType) -> None:
    request = reads.make_request("http://127.0.0.1:1", reads.make_call("eth_chainId", ()))
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}'
    assert b"Content-Length: %d" % len(body) in head
