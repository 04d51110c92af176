"""What a command refuses because of how it was called."""


class WrongUsage(Exception):
    """The options do not go together or say something that cannot be; the message tells what to write instead."""
