"""Transactions run again under observation: what geth calls tracers.

``frames`` runs instruction by instruction and tells a ``tracer`` what happens; ``replay`` brings a sealed block's
transactions up to the wanted one, ``calls`` traces what is in no block. Every tracer is one module; ``tracers`` finds
them by name. They write JSON text: hex belongs to their formats, which are geth's.
"""
