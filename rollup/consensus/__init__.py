"""Derives one state from several ledgers: a pure machine, and a driver that carries its commands out."""
