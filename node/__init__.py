"""The process: the only package that knows all the others."""
