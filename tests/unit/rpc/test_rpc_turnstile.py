"""So many per turn of the loop, in order, cancelled ones left out."""

import asyncio
from itertools import pairwise

from rpc.turnstile import Turnstile


async def test_so_many_pass_per_turn_in_order() -> None:
    turnstile, passed = Turnstile(3), list[int]()

    async def come(number: int) -> None:
        await turnstile.take()
        passed.append(number)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(come(number)) for number in range(10)]
        tasks[4].cancel()
        counts = []
        while len(passed) < 9:
            await asyncio.sleep(0)
            counts.append(len(passed))
    assert passed == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert max(later - earlier for earlier, later in pairwise(counts)) <= 3


async def test_a_quiet_turnstile_lets_pass_at_once() -> None:
    turnstile = Turnstile(1)
    for _ in range(5):
        await asyncio.wait_for(turnstile.take(), 1)
