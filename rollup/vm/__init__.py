"""Virtual machine node: py-evm over LevelDB in a process of its own, behind the port Executor.

node process    client      coroutines of the port, two threads, one pipe
- - - pipe - -  wire        requests, answers, errors as values
VM process      process     commands in turn, questions between transactions
                engine      blocks over one database; answers from any sealed state
                building    one block: deposits, candidates, limits
                apply       one transaction           calls, estimates   questions that run code
                messages    its top-level message     frame, program, ops_*, precompiles   instructions
                accounts    what it changed, undoable
                sealing     changes into roots        trie, headers, receipts
                database    one synced write per block
"""
