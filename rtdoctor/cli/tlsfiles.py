"""The files that OpenSSL opens by itself, by their variables: when it is loaded, and whenever a TLS context is made. It
waits for a FIFO for ever, where no deadline is heard; and it fails where SSLKEYLOGFILE cannot be opened."""

import os
import stat
from collections.abc import Callable

_VARIABLE = "SSLKEYLOGFILE"
_REMARK = b"# rtdoctor\n"
_NO_FILE = "is no regular file"


def mend_tls_variables() -> None:
    """Have OpenSSL open nothing that it would wait for. Comes before anything makes a context, as aiohttp does when it
    is imported.

    Raises:
        Usage: a variable names a FIFO or a device.
    """
    _drop_unusable_keylog()
    _hold("OPENSSL_CONF", os.environ.get("OPENSSL_CONF", ""), os.path.isfile, _NO_FILE)
    why = f"{_NO_FILE}; --ca-file takes what can be read once"
    _hold("SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE", ""), os.path.isfile, why)
    for name in os.environ.get("SSL_CERT_DIR", "").split(os.pathsep):
        _hold("SSL_CERT_DIR", name, os.path.isdir, "is no folder")


def _hold(variable: str, name: str, is_good: Callable[[str], bool], why: str) -> None:
    if name and os.path.exists(name) and not is_good(name):
        from rtdoctor.privacy.errors import Usage

        raise Usage("{} names {}, which {}", variable, name, why)


def _drop_unusable_keylog() -> None:
    """Say so, and go on without, where SSLKEYLOGFILE names what cannot be written to."""
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
        if os.path.lexists(name):
            kind = os.stat(name).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISCHR(kind)):
                return "no regular file"  # a FIFO would be waited for
        with open(name, "ab", buffering=0) as log:  # as OpenSSL does
            log.write(_REMARK)  # whether a disk is full is told by writing alone
            return ""
    except (OSError, ValueError) as error:
        from rtdoctor.privacy.errors import reason_of

        return reason_of(error)
