"""The exit codes of every command, and how a usage error is told."""

import sys
from typing import NoReturn

from rtdoctor.privacy.errors import InputError

OK = 0
WRONG = 1  # the endpoint answered and something is wrong
USAGE = 2  # usage or configuration
INCONCLUSIVE = 3  # network, time-out, 429, 5xx
BUG = 4  # rtdoctor itself failed
INTERRUPTED = 130


class Usage(InputError):
    """Bad input: one sentence that names the place and the reason. Ends the command with exit code 2."""


def fail(message: str, code: int) -> NoReturn:
    """Print one sentence to stderr and leave. What was typed may hold a key (`--key-env $OPENAI_API_KEY`)."""
    from rtdoctor.privacy.clean import clean

    print(f"rtdoctor: {clean(message)}", file=sys.stderr)
    raise SystemExit(code)
