"""Virtual machine node: py-evm over LevelDB in a process of its own, behind the port Executor."""
