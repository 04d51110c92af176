"""Nouns, codecs, hashes and errors that every other package speaks. Pure: no clock, no input or output, no asyncio."""
