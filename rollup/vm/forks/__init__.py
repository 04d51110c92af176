"""Ethereum's forks on the one engine: what differs from Prague, and blocks that were made elsewhere.

``tables`` and ``contracts`` say which instructions and precompiles a fork has, ``checks`` what its headers must hold,
``rewards`` and ``requests`` what happens around the transactions of a block, and ``replay`` runs such a block.
"""
