"""The ``entresol`` command. Every failure is one line that says what to do and an exit code of sysexits.h.

64 wrong usage, 65 bad data, 66 not found, 69 something needed is missing or taken, 70 our state is not to be trusted,
73 data directory, 74 disk, 75 try again later, 78 configuration.
"""

import sys

import typer
from typer.exceptions import TyperException

from node import early_signals
from node.commands import chain, inspect, operate
from node.commands.devnet import devnet
from node.supervise import find_fatal
from node.usage import WrongUsage
from rollup.core.errors import Fatal, Rejected, Transient

EXIT_USAGE, EXIT_NOT_FOUND, EXIT_TRY_AGAIN, EXIT_INTERRUPTED = 64, 66, 75, 130
LONG_RUNNING = (["devnet"], ["run"], ["serve"])
"""Commands whose end is a signal: no failure, however early it comes."""

app = typer.Typer(
    name="entresol",
    help="A multi-ledger rollup node: one EVM, settled on several ledgers at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(devnet)
app.command()(operate.init)
app.command()(operate.deploy)
app.command()(operate.run)
app.command()(inspect.status)
app.command()(inspect.batches)
app.command("import")(chain.import_)
app.command()(chain.serve)
app.command()(chain.export)
app.add_typer(operate.keys, name="keys")


def main() -> None:
    """Entry point of the distribution."""
    early_signals.raise_interrupts()
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    try:
        outcome = app(arguments, prog_name=str(app.info.name), standalone_mode=False)
    except WrongUsage as error:
        return _fail(f"{error} (see --help)", EXIT_USAGE)
    except TyperException as error:  # what the command line itself finds wrong; it prints the help where none was given
        words = error.format_message()
        return _fail(f"{words} (see --help)", EXIT_USAGE) if words else EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        return 0 if arguments[:1] in LONG_RUNNING else EXIT_INTERRUPTED
    except (Fatal, BaseExceptionGroup) as error:
        fatal = find_fatal(error)
        if fatal is None:
            raise
        return _fail(str(fatal), fatal.exit_code)
    except Transient as error:
        return _fail(f"{error}; try again", EXIT_TRY_AGAIN)
    except Rejected as error:
        return _fail(str(error), EXIT_NOT_FOUND)
    return outcome if isinstance(outcome, int) else 0


def _fail(message: str, exit_code: int) -> int:
    typer.echo(f"entresol: {' '.join(message.split())}", err=True)
    return exit_code


if __name__ == "__main__":
    main()
