"""The exit codes of every command, and how a usage error is told."""

import errno
import os
import sys
from typing import NoReturn

from rtdoctor.engine.limits import FEW_FILES
from rtdoctor.privacy.errors import Usage, reason_of

OK = 0
WRONG = 1  # the endpoint answered and something is wrong
USAGE = 2  # usage or configuration
INCONCLUSIVE = 3  # network, time-out, 429, 5xx
BUG = 4  # rtdoctor itself failed
INTERRUPTED = 130


def fail(message: str, code: int) -> NoReturn:
    """Print one sentence to stderr and leave. What was typed may hold a key (`--key-env $OPENAI_API_KEY`)."""
    raise SystemExit(say(message, code))


def say(message: str, code: int) -> int:
    """Print one sentence to stderr; the code comes back."""
    from rtdoctor.privacy.clean import clean
    from rtdoctor.privacy.guard import say as tell_own

    tell_own(f"rtdoctor: {clean(message)}")
    return code


def not_listening(port: int, error: OSError, host: str = "") -> Exception:
    """What to raise where a port could not be had: the option, the reason, and what to do. That too many files are open
    is told in words of its own, and is not the port's fault."""
    from rtdoctor.model.target import is_loopback_host

    if error.errno in (errno.EMFILE, errno.ENFILE):
        return error
    more = "; --port 0 takes a free one" if error.errno == errno.EADDRINUSE else ""
    if host and not is_loopback_host(host):
        return Usage("--host {} --port {}: {}{}", host, port, error, more)
    return Usage("--port {}: {}{}", port, error, more)


def _annotated(message: str) -> int:
    """Tell it as an annotation of a GitHub workflow, on stderr; the runner reads both streams."""
    from rtdoctor.privacy.clean import clean
    from rtdoctor.privacy.guard import say as tell_own

    tell_own(f"::error title=rtdoctor::{clean(message).replace('%', '%25')}")
    return USAGE


def tell(error: BaseException) -> int:
    """Tell what ended the command in one sentence on stderr; its exit code comes back."""
    from rtdoctor.privacy.guard import Leak

    match error:
        case Leak():
            sentence = f"rtdoctor refused to write: the output held a secret ({error}); please report this"
            print(sentence, file=sys.stderr)
            return BUG
        case Usage():
            return _annotated(str(error)) if os.environ.get("GITHUB_ACTIONS") == "true" else say(str(error), USAGE)
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return say(FEW_FILES, USAGE)
        case MemoryError():
            return say("there is too little memory for this; raise the limit (ulimit -v)", USAGE)
        case OSError():
            return say(f"the output cannot be written: {reason_of(error)}", USAGE)
    if os.environ.get("RTDOCTOR_DEBUG"):
        import traceback

        from rtdoctor.privacy.quote import quote

        print(quote("".join(traceback.format_exception(error))), end="", file=sys.stderr)
        return BUG
    # The message of an unknown error could hold anything, a key included: only its kind is told.
    return say(f"a bug in rtdoctor itself ({type(error).__name__}); RTDOCTOR_DEBUG=1 shows where", BUG)
