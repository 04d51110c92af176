"""Ethereum JSON-RPC over HTTP and WebSocket, and the operations pages on the same listener.

body -> ``dispatch`` (JSON-RPC 2.0) -> ``endpoint`` -> ``methods`` (one class per topic) -> ``ports`` -> ``shapes``
node -> ``feed`` (what happens to the chain) -> ``subscriptions`` of a ``websocket``, ``filters``, calls that wait

The server knows nodes only through ``NodePorts``: a sequencer, a follower and an embedded ledger are the same to it.
"""
