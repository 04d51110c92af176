"""Ethereum JSON-RPC over HTTP, and the node's health and metrics pages."""
