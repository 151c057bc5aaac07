"""What the system allows this process: how many files and sockets may be open at once."""

import sys

from rtdoctor.privacy.errors import Usage

FEW_FILES = "too few files may be open at once for this; raise the limit (ulimit -n)"
_BESIDE = 24  # open beside the sockets: standard streams, the event loop, the mock's own, a name server, a CA file
_EACH = 4  # of one scenario: a socket and the mock's end of it, and those of the one before, which are still closing


def sockets_at_once(wanted: int) -> int:
    """As many as are wanted, or as fit.

    Raises:
        Usage: not even one fits.
    """
    if sys.platform == "win32":  # which has no such limit
        return wanted
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return wanted
    room = (most - _BESIDE) // _EACH
    if room < 1:
        raise Usage(FEW_FILES)
    return min(wanted, room)
