"""The TLS layer: is the certificate trusted, whose is it, until when.

A handshake that fails verification is repeated without it, to read the certificate: no byte of ours follows on that
connection, so no key can leak through it.
"""

import asyncio
import os
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.files import in_time, is_regular, read_bounded
from rtdoctor.model.exchange import Certificate, Fault
from rtdoctor.model.target import Route
from rtdoctor.privacy.errors import InputError
from rtdoctor.wire.proxy import TunnelRefused
from rtdoctor.wire.tcp import Stream

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL: read a certificate whose dates are over, too.
_NO_CHECK_TIME = 0x200000
_MOST_PEM = 4 << 20  # bytes of a file with certificates
_EXPIRED = frozenset((9, 10))  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_HOSTNAME = frozenset((62, 64))  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
# What OpenSSL's reason says in plain words (RFC 8446, section 6, for the alerts).
_REASONS = {
    "WRONG_VERSION_NUMBER": ("plain-text", "the port answers in plain text and not in TLS"),
    "HTTP_REQUEST": ("plain-text", "the port answers in plain text and not in TLS"),
    "UNSUPPORTED_PROTOCOL": ("version", "the server speaks no version of TLS that is allowed here (1.2 and later)"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("version", "the server speaks no version of TLS that is allowed here"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ("client-certificate", "the server wants a client certificate"),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("client-certificate", "the server does not take the client certificate"),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": ("client-certificate", "the server does not take the client certificate"),
    "TLSV1_ALERT_UNKNOWN_CA": ("client-certificate", "the server does not know the CA of the client certificate"),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "failed",
        "the server refused the handshake: it wants a client certificate, or shares no cipher",
    ),
    "TLSV1_UNRECOGNIZED_NAME": ("failed", "the server has no certificate for that host name (SNI)"),
}

# Opens a connection on which TLS can begin: straight to an address, or through a proxy's tunnel.
Opener = Callable[[], Awaitable[Stream]]


class BadCertificateFile(InputError):
    """A CA file, client certificate or key cannot be used; the message says which and why."""


class _Encrypted(Exception):
    """A file wants a password."""


@dataclass(frozen=True, slots=True)
class Secured:
    """The TLS version and the certificate; or why TLS does not stand (the certificate is then told if it was seen).

    `sent` is how many certificates the server sent, None where that is not known. `stream` is the connection where it
    was to be kept and nothing came over it yet; `ms` is the time that the handshake took.
    """

    version: str | None
    certificate: Certificate | None
    fault: Fault | None = None
    sent: int | None = None
    stream: Stream | None = None
    ms: float | None = None


def context_for(route: Route) -> ssl.SSLContext:
    """The context of a route: it verifies unless the route says otherwise; a CA file is trusted beside the system's
    roots (OpenSSL takes those from SSL_CERT_FILE and SSL_CERT_DIR where these are set).

    Raises:
        BadCertificateFile: a file cannot be read, or holds no certificate or key.
    """
    try:
        context = ssl.create_default_context()
    except OSError as error:  # it opens the file that SSLKEYLOGFILE names
        place = os.environ.get("SSLKEYLOGFILE", "the system's roots")
        raise BadCertificateFile("{}: {}", place, error) from error
    for name in (route.ca_file, route.ca_bundle):
        if name is not None:
            _trust(context, name)
    if route.cert is not None:
        show_certificate(context, route.cert, route.cert_key)
    if route.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


# What a pipe or device gave: it can be read once, and a run makes its contexts anew.
_read_once: dict[str, bytes] = {}


def read_pem(name: str) -> bytes:
    """The bytes of a file with certificates or a key; of what is no regular file those that came the first time.

    Raises:
        OSError: it cannot be read, or holds more than 4 MiB.
    """
    if name in _read_once:
        return _read_once[name]
    data = read_bounded(Path(name), _MOST_PEM)
    if not is_regular(Path(name)):
        _read_once[name] = data
    return data


@contextmanager
def _as_path(name: str) -> Iterator[str]:
    """A path that OpenSSL can read without waiting and more than once: the file itself, or, of a pipe or device, a
    private copy that is gone afterwards.

    Raises:
        OSError: it cannot be read.
    """
    data = read_pem(name)
    if name not in _read_once:
        yield name
        return
    handle, copy = process.new_file(tempfile.gettempdir(), ".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield copy
    finally:
        Path(copy).unlink(missing_ok=True)
        process.unfinished.discard(copy)


def _trust(context: ssl.SSLContext, name: str) -> None:
    try:
        if Path(name).is_dir():
            context.load_verify_locations(capath=name)
        else:
            with _as_path(name) as path:
                context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise BadCertificateFile("{}: holds no PEM certificate", name) from error
    except OSError as error:
        raise BadCertificateFile("{}: {}", name, error) from error


def show_certificate(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    """Let a context show a certificate with its key, which may lie in the same file.

    Raises:
        BadCertificateFile: a file cannot be read, or holds no certificate or key.
    """

    def ask() -> str:
        # OpenSSL would ask at the terminal, and hang where nobody sits; and from whatever it was told it would derive a
        # key, in as many rounds as the file says.
        raise _Encrypted

    try:
        with ExitStack() as stack:
            read = cert
            chain = stack.enter_context(_as_path(cert))
            read = key or cert
            private = stack.enter_context(_as_path(key)) if key else None
            # OpenSSL works out what a file leaves out (the public half of a DSA key), however large its numbers are.
            in_time(lambda: context.load_cert_chain(chain, private, password=ask))
    except _Encrypted as error:
        raise BadCertificateFile("{}: the key is encrypted; openssl pkey -in FILE decrypts it", key or cert) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadCertificateFile(
                "{}: the key does not belong to the certificate in {}", key or cert, cert
            ) from error
        raise BadCertificateFile("{}: no PEM certificate with its key in {}", cert, key or "the same file") from error
    except OSError as error:
        raise BadCertificateFile("{}: {}", read, error) from error


async def secure(
    open_plain: Opener, host: str, context: ssl.SSLContext, timeout: float, *, keep: bool = False
) -> Secured:
    """Do one TLS handshake over the connection that `open_plain` opens, and close it, or `keep` it for what follows."""
    try:
        shaken = await _shake(open_plain, host, context, timeout, keep=keep)
    except ssl.SSLCertVerificationError as error:
        seen = await _unverified(open_plain, host, timeout)
        fault = replace(_unverifiable(error), details=_details(seen.certificate))
        return Secured(None, seen.certificate, fault, seen.sent)
    except TimeoutError:
        return Secured(None, None, Fault("tls", "timeout", f"TLS was not finished within {timeout:g} s"))
    except OSError as error:
        return Secured(None, None, fault_in_tls(error))
    except TunnelRefused as refused:
        return Secured(None, None, refused.fault)
    return shaken


def fault_in_tls(error: OSError) -> Fault:
    """What an error in or right after a TLS handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _unverifiable(error)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        kind, text = _REASONS.get(reason, ("failed", "the TLS handshake failed"))
        return Fault("tls", kind, f"{text} ({reason.lower().replace('_', ' ') or error})")
    if isinstance(error, ConnectionResetError):
        return Fault("tls", "reset", "the connection was reset in the TLS handshake")
    return Fault("tls", "dropped", f"the connection ended in the TLS handshake: {error}")


def _unverifiable(error: ssl.SSLCertVerificationError) -> Fault:
    """Why a certificate was not taken."""
    kind = "expired" if error.verify_code in _EXPIRED else "hostname" if error.verify_code in _HOSTNAME else "untrusted"
    return Fault("tls", kind, error.verify_message)


async def _shake(
    open_plain: Opener, host: str, context: ssl.SSLContext, timeout: float, *, keep: bool = False
) -> Secured:
    """One handshake.

    Raises:
        ssl.SSLError, OSError, TimeoutError: it fails.
    """
    writer: asyncio.StreamWriter | None = None
    kept = False
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await open_plain()
            started = time.monotonic()
            await writer.start_tls(context, server_hostname=host)
            took = time.monotonic() - started
            tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
            secured = Secured(tls.version(), _read(tls), sent=_chain_length(tls), ms=took * 1000)
            silent = await _silent(reader, max(0.05, 2 * took))
        kept = keep and silent
        return replace(secured, stream=(reader, writer)) if kept else secured
    finally:
        if writer is not None and not kept:
            await _drop(writer)


async def _drop(writer: asyncio.StreamWriter) -> None:
    """Close without a good-bye; two turns of the loop are what that takes."""
    writer.transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def _silent(reader: asyncio.StreamReader, seconds: float) -> bool:
    """In TLS 1.3 the client is done before the server has looked at its certificate: a refusal comes one round trip
    later (RFC 8446, section 4.4.2.4). A healthy server says nothing here; False where it spoke or hung up.

    Raises:
        ssl.SSLError: the server refused.
    """
    try:
        async with asyncio.timeout(seconds):
            await reader.read(1)
    except TimeoutError:
        return True
    except ConnectionError:
        pass  # a server that hangs up on a client without a request is not refusing TLS
    return False


async def _unverified(open_plain: Opener, host: str, timeout: float) -> Secured:
    """Read the certificate of a server that failed verification. Python parses only what it verified, so the second
    handshake trusts exactly the certificate that the first one showed, whatever its name and dates."""
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout):
            _, writer = await open_plain()
            try:
                await writer.start_tls(blind, server_hostname=host)
                tls = writer.get_extra_info("ssl_object")
                der, sent = tls.getpeercert(binary_form=True), _chain_length(tls)
            finally:
                await _drop(writer)
        anchored = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anchored.check_hostname = False
        anchored.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
        anchored.load_verify_locations(cadata=der)
        shaken = await _shake(open_plain, host, anchored, timeout)
    except (OSError, TimeoutError, ValueError, TunnelRefused):
        return Secured(None, None)
    return Secured(None, shaken.certificate, sent=sent)


def _chain_length(tls: ssl.SSLObject) -> int | None:
    # Public from Python 3.13 on; before, the object underneath has it.
    chain = getattr(tls, "get_unverified_chain", None) or getattr(
        getattr(tls, "_sslobj", None), "get_unverified_chain", None
    )
    certificates = chain() if chain is not None else None
    return len(certificates) if certificates else None


def _read(tls: ssl.SSLObject) -> Certificate | None:
    raw: dict[str, Any] = dict(tls.getpeercert() or {})
    if not raw:
        return None
    return Certificate(
        subject=_name(raw.get("subject", ())),
        issuer=_name(raw.get("issuer", ())),
        # A name may be of a kind that is a structure of its own (DirName).
        names=tuple(value for _, value in raw.get("subjectAltName", ()) if isinstance(value, str)),
        not_before=ssl.cert_time_to_seconds(raw["notBefore"]),
        not_after=ssl.cert_time_to_seconds(raw["notAfter"]),
    )


def _name(parts: Any) -> str:
    flat = {key: value for part in parts for key, value in part}
    names = [flat[key] for key in ("commonName", "organizationName") if key in flat]
    return ", ".join(dict.fromkeys(names)) or "(no name)"


def _details(certificate: Certificate | None) -> tuple[tuple[str, str], ...]:
    if certificate is None:
        return ()
    return (
        ("issuer", certificate.issuer),
        ("subject", certificate.subject),
        ("names", ", ".join(certificate.names)),
    )
