"""SSLKEYLOGFILE: Python opens it whenever a TLS context is made, and fails where it cannot."""

import os
import stat

_VARIABLE = "SSLKEYLOGFILE"


def drop_unusable_keylog() -> None:
    """Say so, and go on without, where SSLKEYLOGFILE names what cannot be written to. Comes before anything makes a
    context, as aiohttp does when it is imported."""
    if not (name := os.environ.get(_VARIABLE)):
        return
    why = _why_not(name)
    if why:
        from rtdoctor.cli.exits import say
        from rtdoctor.privacy.quote import quote

        del os.environ[_VARIABLE]
        say(f"{_VARIABLE} is ignored: {quote(name)}: {why}", 0)


def _why_not(name: str) -> str:
    try:
        if not os.path.lexists(name):
            with open(name, "ab"):  # as OpenSSL does
                return ""
        kind = os.stat(name).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISCHR(kind)):
            return "no regular file"  # a FIFO would be waited for
        with open(name, "ab"):
            return ""
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
