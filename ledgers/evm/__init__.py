"""Connector to EVM ledgers over their standard JSON-RPC.

answers    JSON values of a node to plain values, strictly
connector  EvmLedger: heads, blocks, postings
posting    EvmPostingLedger: the same with an account that posts
fees       what to offer (pure)
refusals   a node's words to the project's errors
signer     who signs
deploy     puts the rollup's contracts on a ledger
"""
