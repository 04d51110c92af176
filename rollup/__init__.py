"""The rollup proper: core nouns, virtual machine node, sequencer, consensus, settlement, store."""
