"""Takes transactions, orders them into blocks and blocks into batches."""
