"""The commands of ``entresol``, thin: they read options, build parts by wiring and run them."""
