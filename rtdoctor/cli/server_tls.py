"""TLS for what listens here: with the user's own certificate, or with one of a CA that is made for the run."""

import ssl
import stat
from pathlib import Path

from rtdoctor.files import NotWritten, read_bounded, renewed, writing
from rtdoctor.privacy.errors import Usage
from rtdoctor.wire.tls import BadCertificateFile, show_certificate

USUAL_CA = Path("rtdoctor-mock-ca.pem")
_OWN = "rtdoctor mock"  # the organisation of a CA that is made here
_MOST_CA = 1 << 16
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def server_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The TLS context of a server with this certificate; None without one.

    Raises:
        Usage: it cannot be used.
    """
    if cert is None and key is None:
        return None
    if cert is None:
        raise Usage("--key needs --cert beside it")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        show_certificate(context, str(cert), str(key) if key else None)
    except BadCertificateFile as error:
        raise Usage("{}", error) from error
    return context


def made_certificate(host: str) -> tuple[ssl.SSLContext, bytes]:
    """TLS with a certificate for localhost and the host, of a CA that is made here, and that CA as PEM. Its key is
    written nowhere, so that nobody else can issue with it.

    Raises:
        Usage: trustme is not installed.
    """
    try:
        import trustme
    except ModuleNotFoundError as error:
        raise Usage("--tls wants the package trustme: pip install 'rtdoctor[tls]'") from error
    authority = trustme.CA(organization_name=_OWN)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys(("localhost", "127.0.0.1", host))).configure_cert(context)
    return context, authority.cert_pem.bytes()


def check_ca_file(ca_file: Path) -> None:
    """See that the CA may be written there: the file is new, or the CA of an earlier run.

    Raises:
        Usage: it is anything else.
    """
    try:
        mode = ca_file.lstat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise Usage("--tls-ca {}: {}", ca_file, getattr(error, "strerror", None) or error) from error
    if stat.S_ISLNK(mode):
        raise Usage("--tls-ca {}: is a link, and no link is followed for writing; name a file", ca_file)
    if not stat.S_ISREG(mode) or not _is_own(ca_file):
        raise Usage("--tls-ca {}: is there already, and no CA that rtdoctor made; name a new file", ca_file)


def write_ca(ca_file: Path, pem: bytes) -> None:
    """Write the CA.

    Raises:
        Usage: the file cannot be written, or is another's.
    """
    check_ca_file(ca_file)
    try:
        renewed(ca_file)
        with writing(ca_file, (1, 2)) as write:
            write(pem)
    except NotWritten as error:
        raise Usage("--tls-ca {}", error) from error


def _is_own(file: Path) -> bool:
    """True for one certificate of a CA of ours and nothing else."""
    try:
        text = read_bounded(file, _MOST_CA).decode("ascii").strip()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (OSError, ValueError):  # of ssl, too
        return False
    if text.count("-----BEGIN") != 1 or not (text.startswith(_BEGIN) and text.endswith(_END)):
        return False
    return any(("organizationName", _OWN) in part for one in context.get_ca_certs() for part in one["subject"])


def trusting(ca_file: Path) -> list[str]:
    """The lines with which clients trust the CA, one a kind of client."""
    shown = ca_file.resolve()
    return [
        f"export NODE_EXTRA_CA_CERTS={shown}   # Node",
        f"export SSL_CERT_FILE={shown}   # Python (httpx, websockets, aiohttp), curl, Go, .NET on Linux",
        f"export REQUESTS_CA_BUNDLE={shown} WEBSOCKET_CLIENT_CA_BUNDLE={shown}   # Python (requests, websocket-client)",
    ]
