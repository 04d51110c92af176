"""Connector for Ethereum-like ledgers over JSON-RPC."""
