"""An in-process Bitcoin-like ledger: no contracts, small payloads, finality by depth. Runs the devnet, stands in tests.

MemoryRules    what the network is: name (its identity), block time, finality, fees, funded accounts
MemoryNetwork  the network: mines, reorganises, halts, drops transactions; continues from a file where one is given
MemoryReader   one node of it, for reading; can be told to go offline, answer late, fall behind, lie
MemoryLedger   the same with a key: carries postings
"""

from ledgers.memory.chain import MemoryChain, MemoryRules, memory_ledger_id
from ledgers.memory.ledger import MemoryLedger, MemoryPosting
from ledgers.memory.network import MemoryNetwork
from ledgers.memory.reader import MemoryReader

__all__ = [
    "MemoryChain",
    "MemoryLedger",
    "MemoryNetwork",
    "MemoryPosting",
    "MemoryReader",
    "MemoryRules",
    "memory_ledger_id",
]
