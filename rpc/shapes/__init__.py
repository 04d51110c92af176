"""Core values as the JSON objects of execution-apis. Pure functions; field order and presence are geth's."""
