"""The TLS layer: is the certificate trusted, whose is it, until when.

A handshake that fails verification is repeated without it, to read the certificate: no byte of ours follows on that
connection, so no key can leak through it.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any

from rtdoctor.model.exchange import Certificate, Fault

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL: read a certificate whose dates are over, too.
_NO_CHECK_TIME = 0x200000
_EXPIRED = frozenset((9, 10))  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_HOSTNAME = frozenset((62, 64))  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


class BadCaFile(ValueError):
    """The CA file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Secured:
    """The TLS version and the certificate; or why TLS does not stand (the certificate is then told if it was seen)."""

    version: str | None
    certificate: Certificate | None
    fault: Fault | None = None


def context_for(ca_file: str | None) -> ssl.SSLContext:
    """A verifying context; a CA file is trusted beside the system's roots.

    Raises:
        BadCaFile: the file cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except ssl.SSLError as error:
            raise BadCaFile(f"{ca_file}: holds no PEM certificate") from error
        except OSError as error:
            raise BadCaFile(f"{ca_file}: {error.strerror or error}") from error
    return context


async def secure(address: str, port: int, host: str, context: ssl.SSLContext, timeout: float) -> Secured:
    """Do one TLS handshake and close it."""
    try:
        version, raw = await _shake(address, port, host, context, timeout)
    except ssl.SSLCertVerificationError as error:
        certificate = await _unverified(address, port, host, timeout)
        if error.verify_code in _EXPIRED:
            kind = "expired"
        elif error.verify_code in _HOSTNAME:
            kind = "hostname"
        else:
            kind = "untrusted"
        return Secured(None, certificate, Fault("tls", kind, error.verify_message, _details(certificate)))
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        return Secured(None, None, Fault("tls", "failed", f"the TLS handshake failed: {reason}"))
    except TimeoutError:
        return Secured(None, None, Fault("tls", "timeout", f"TLS was not finished within {timeout:g} s"))
    except OSError as error:
        return Secured(None, None, Fault("tls", "dropped", f"the connection ended in the TLS handshake: {error}"))
    return Secured(version, _read(raw))


async def _shake(
    address: str, port: int, host: str, context: ssl.SSLContext, timeout: float
) -> tuple[str | None, dict[str, Any]]:
    async with asyncio.timeout(timeout):
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    version, raw = tls.version(), tls.getpeercert()
    writer.transport.abort()
    return version, raw or {}


async def _unverified(address: str, port: int, host: str, timeout: float) -> Certificate | None:
    """Read the certificate of a server that failed verification. Python parses only what it verified, so the second
    handshake trusts exactly the certificate that the first one showed, whatever its name and dates."""
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, port, ssl=blind, server_hostname=host)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        anchored = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anchored.check_hostname = False
        anchored.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
        anchored.load_verify_locations(cadata=der)
        _, raw = await _shake(address, port, host, anchored, timeout)
    except (OSError, TimeoutError, ValueError):
        return None
    return _read(raw)


def _read(raw: dict[str, Any]) -> Certificate | None:
    if not raw:
        return None
    return Certificate(
        subject=_name(raw.get("subject", ())),
        issuer=_name(raw.get("issuer", ())),
        names=tuple(value for _, value in raw.get("subjectAltName", ())),
        not_before=ssl.cert_time_to_seconds(raw["notBefore"]),
        not_after=ssl.cert_time_to_seconds(raw["notAfter"]),
    )


def _name(parts: Any) -> str:
    flat = {key: value for part in parts for key, value in part}
    told = [flat[key] for key in ("commonName", "organizationName") if key in flat]
    return ", ".join(dict.fromkeys(told)) or "(no name)"


def _details(certificate: Certificate | None) -> tuple[tuple[str, str], ...]:
    if certificate is None:
        return ()
    return (
        ("issuer", certificate.issuer),
        ("subject", certificate.subject),
        ("names", ", ".join(certificate.names)),
    )
