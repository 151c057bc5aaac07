"""TLS for `rtdoctor mock`: with the user's own certificate, or with one of a CA that is made for the run."""

import ssl
from pathlib import Path

from rtdoctor.files import writing
from rtdoctor.privacy.errors import Usage
from rtdoctor.wire.tls import BadCertificateFile, show_certificate

USUAL_CA = Path("rtdoctor-mock-ca.pem")


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


def made_certificate(ca_file: Path, host: str) -> ssl.SSLContext:
    """TLS with a certificate for localhost and the host, of a CA that is made here and written to `ca_file`. Its key
    is written nowhere, so that nobody else can issue with it.

    Raises:
        Usage: trustme is not installed, or the file cannot be written.
    """
    try:
        import trustme
    except ModuleNotFoundError as error:
        raise Usage("--tls wants the package trustme: pip install 'rtdoctor[tls]'") from error
    authority = trustme.CA(organization_name="rtdoctor mock")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys(("localhost", "127.0.0.1", host))).configure_cert(context)
    with writing(ca_file) as write:
        write(authority.cert_pem.bytes())
    return context


def trusting(ca_file: Path) -> list[str]:
    """The lines with which clients trust the CA, one a kind of client."""
    shown = ca_file.resolve()
    return [
        f"export NODE_EXTRA_CA_CERTS={shown}   # Node",
        f"export SSL_CERT_FILE={shown}   # Python (httpx, websockets, aiohttp), curl, Go, .NET on Linux",
        f"export REQUESTS_CA_BUNDLE={shown} WEBSOCKET_CLIENT_CA_BUNDLE={shown}   # Python (requests, websocket-client)",
    ]
