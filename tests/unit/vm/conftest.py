"""Hypothesis is imported before py-evm raises the recursion limit: its plugin would import it when pytest ends, and
CPython 3.11 then fails to parse what pytest rewrites ("AST constructor recursion depth mismatch")."""

import hypothesis

__all__ = ["hypothesis"]
