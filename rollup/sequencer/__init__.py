"""The sequencer: admission, mempool, journal, block building, batching. Knows ports, not the parts behind them."""
