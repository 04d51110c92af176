"""eth_simulateV1: blocks that never were, in the specification's codes of refusal."""

from typing import Final

from rollup.core import errors
from rollup.core.errors import CallTimedOut, EngineDefect, Rejected, TransactionRejected
from rollup.core.simulation import SimulationRequest
from rpc.block_refs import state_block
from rpc.errors import INTERNAL_ERROR, INVALID_PARAMS, SERVER_ERROR, RpcError
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, read_block
from rpc.shapes.simulation import simulated_json
from rpc.simulation_params import SimulationPayload, read_payload
from rpc.turns import build_in_turns

BLOCKS_PER_TURN = 8
TIMED_OUT: Final = -32016

REFUSALS: Final[dict[type[Rejected], int]] = {
    errors.NonceTooLow: -38010,
    errors.NonceTooHigh: -38011,
    errors.FeeTooLow: -38012,
    errors.TipAboveFeeCap: INVALID_PARAMS,
    errors.IntrinsicGasTooLow: -38013,
    errors.FloorDataGasTooLow: -38013,
    errors.InsufficientFunds: -38014,
    errors.SenderNotEoa: -38024,
    errors.InitCodeTooLarge: -38025,
}
"""Of a call that no block could hold (execution-apis, eth_simulateV1); other such refusals are internal errors."""


class SimulateMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {"eth_simulateV1": Method(self.simulate, (Param(read_payload), Param(read_block, LATEST)))}

    async def simulate(self, payload: SimulationPayload, ref: BlockRef) -> list[dict[str, object]]:
        """The blocks with the outcome of every call; a call that fails is part of the answer."""
        for chain_id in payload.chain_ids - {self._ports.rule.chain_id}:
            words = f"chainId does not match node's (have={chain_id}, want={self._ports.rule.chain_id})"
            raise RpcError(SERVER_ERROR, words)
        request = SimulationRequest(
            payload.steps, state_block(self._ports, ref), payload.validates, payload.logs_transfers
        )
        try:
            blocks = await self._ports.state.simulate(request)
        except EngineDefect:
            raise
        except TransactionRejected as error:
            raise RpcError(REFUSALS.get(type(error), INTERNAL_ERROR), f"err: {error}") from error
        except CallTimedOut as error:
            raise RpcError(TIMED_OUT, str(error)) from error
        full = payload.full_transactions
        return await build_in_turns(blocks, lambda block: simulated_json(block, full=full), BLOCKS_PER_TURN)
