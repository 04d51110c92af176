"""The JSON-RPC methods, one class per topic over the node's ports, and the table of them all."""
