"""Connector to ledgers of the Bitcoin family over Bitcoin Core's JSON-RPC: Bitcoin Core, Litecoin Core and their kin.

networks   what tells the chains apart
access     where a node is and how it lets us in
answers    JSON values of a node to plain values, strictly
pointers   pointers in outputs (pure)
connector  UtxoLedger: heads, blocks, postings
fees       what to offer (pure)
chain      the postings of one wallet as an account with nonces (pure)
wallet     the wallet: coins, signatures, its postings
posting    UtxoPostingLedger: the same with a wallet of the node that posts
refusals   a node's words to the project's errors
"""
