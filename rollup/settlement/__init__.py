"""Carries batches to ledgers and sees where they land."""
