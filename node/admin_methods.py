"""What an operator does to a running node: the ``admin_`` methods. They are on the admin listener only.

Postings: list them, try one again, stop trying, adopt a transaction that was sent by other means, mark one as failed.
Alarms: acknowledge a sticky one. The process: ask who it is, stop it.
"""

import asyncio
import os
from dataclasses import dataclass

from rollup.consensus.driver import ConsensusDriver
from rollup.core.genesis import RollupGenesis
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.settlement.post_office import PostOffice
from rpc.errors import InvalidArgument
from rpc.hexes import quantity
from rpc.method import Method, Param
from rpc.scalars import read_hash, read_uint64
from rpc.server import RpcServer
from rpc.shapes.rollup import posting_json

TEXT_CHARACTERS_MAX = 500


class StopButton:
    """``run`` ends when somebody presses: whoever runs the node's parts ends with it."""

    def __init__(self) -> None:
        self._pressed = asyncio.Event()

    def press(self) -> None:
        self._pressed.set()

    async def run(self) -> None:
        await self._pressed.wait()


def describe(genesis: RollupGenesis, public: RpcServer) -> dict[str, object]:
    """What admin_nodeInfo answers."""
    return {
        "pid": os.getpid(),
        "chainId": quantity(genesis.chain.rule.chain_id),
        "rollupId": quantity(genesis.rollup_id),
        "url": public.url,
    }


def read_number(value: object) -> int:
    """A QUANTITY, or a plain number: operators type these by hand."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    return read_uint64(value)


def read_text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARACTERS_MAX:
        raise InvalidArgument(f"a text of 1 to {TEXT_CHARACTERS_MAX} characters is wanted")
    return value


_LEDGER, _BATCH, _TEXT = Param(read_number), Param(read_number), Param(read_text)


@dataclass(frozen=True, slots=True)
class AdminMethods:
    office: PostOffice
    driver: ConsensusDriver
    stop: StopButton
    node_info: dict[str, object]

    def table(self) -> dict[str, Method]:
        return {
            "admin_nodeInfo": Method(self.info),
            "admin_postings": Method(self.postings, (_LEDGER,)),
            "admin_retryPosting": Method(self.retry, (_LEDGER, _BATCH)),
            "admin_abortPosting": Method(self.abort, (_LEDGER, _BATCH)),
            "admin_adoptPosting": Method(self.adopt, (_LEDGER, _BATCH, Param(read_hash))),
            "admin_markPostingFailed": Method(self.mark_failed, (_LEDGER, _BATCH, _TEXT)),
            "admin_clearAlarm": Method(self.clear_alarm, (_TEXT, Param(read_number, None))),
            "admin_stop": Method(self.stop_node),
        }

    async def info(self) -> dict[str, object]:
        return self.node_info

    async def postings(self, ledger: int) -> list[dict[str, object]]:
        """Every row of the ledger's outbox, by batch number."""
        return [self._shape(record) for record in await self.office.list_postings(ledger)]

    async def retry(self, ledger: int, batch: int) -> dict[str, object]:
        return self._shape(await self.office.retry(ledger, BatchNumber(batch)))

    async def abort(self, ledger: int, batch: int) -> dict[str, object]:
        return self._shape(await self.office.abort(ledger, BatchNumber(batch)))

    async def adopt(self, ledger: int, batch: int, tx_id: Hash) -> dict[str, object]:
        return self._shape(await self.office.adopt(ledger, BatchNumber(batch), tx_id))

    async def mark_failed(self, ledger: int, batch: int, reason: str) -> dict[str, object]:
        return self._shape(await self.office.mark_failed(ledger, BatchNumber(batch), reason))

    async def clear_alarm(self, code: str, ledger: int | None) -> bool:
        """Whether such an alarm stood. It is gone once consensus has taken note."""
        stands = any(alarm.code == code and alarm.ledger_index == ledger for alarm in self.driver.alarms())
        await self.driver.acknowledge_alarm(code, ledger)
        return stands

    async def stop_node(self) -> bool:
        """As a signal: everything is flushed, the exit code is 0."""
        self.stop.press()
        return True

    def _shape(self, record: PostingRecord) -> dict[str, object]:
        return posting_json(record, {s.spec.index: s.spec.ledger_id for s in self.driver.ledger_status()})
