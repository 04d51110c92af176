"""Node and connector layer: one connector per ledger family, all behind the port Ledger."""
