"""Faults of TLS: certificates that are wrong, versions that do not meet, ports that speak something else."""

import asyncio
import datetime
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rtdoctor.mock.server import MockServer
from tests.cli.commands.test_check import serving as serving_mock
from tests.hostile.frames import after_101, created, frame
from tests.hostile.http import answer, realtime
from tests.hostile.servers import Handle, Met, end, relay, serving

DAY = datetime.timedelta(days=1)
PLAIN_SAID = "The plain HTTP request was sent to HTTPS port"
CERTIFICATE_SAID = "No required SSL certificate was sent"
NGINX = (
    "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n"
    "<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
    "<center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)


def context_with(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context with this certificate and its whole chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def written(blob: trustme.Blob, file: Path) -> str:
    """The path of a file that holds it."""
    blob.write_to_path(str(file))
    return str(file)


def self_signed() -> ssl.SSLContext:
    """A certificate for localhost that is its own issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 90 * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(secret + made.public_bytes(serialization.Encoding.PEM)).tempfile() as file:
        context.load_cert_chain(file)
    return context


def leaf_only(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server that forgot to send its intermediate certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    alone = trustme.Blob(certificate.private_key_pem.bytes() + certificate.cert_chain_pems[0].bytes())
    with alone.tempfile() as file:
        context.load_cert_chain(file)
    return context


def old_only(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server that speaks TLS 1.1 and nothing newer."""
    context = context_with(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def wanting_client(ca: trustme.CA, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A server that wants a certificate of its clients, too, and speaks this version only."""
    context = context_with(ca.issue_cert("localhost"))
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    return context


def shaking(context: ssl.SSLContext) -> Handle:
    """Do a handshake that is to fail, and tell the client why by an alert (asyncio's own TLS would only hang up)."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                if not (data := await reader.read(65536)):
                    return
                incoming.write(data)
            except ssl.SSLError:
                writer.write(outgoing.read())
                await end(reader, writer)
                return
            else:
                raise AssertionError("this handshake was to fail")

    return handle


@contextmanager
def secured(context: ssl.SSLContext, *arguments: str, scheme: str = "https") -> Iterator[Met]:
    """A plausible server behind TLS. No handshake that fails can be counted by it."""
    greeting = after_101(frame(1, created()))
    with serving(realtime(greeting, []), context) as port:
        host = "localhost" if scheme == "https" else "127.0.0.1"
        yield Met(f"{scheme}://{host}:{port}/v1", arguments)


@contextmanager
def asking_by_400(ca: trustme.CA, *arguments: str) -> Iterator[Met]:
    """TLS stands without a client certificate, and every request is answered by a 400 that wants one, as nginx does."""
    hits: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            hits.append("asked")
            writer.write(
                answer("400 Bad Request", NGINX.replace(PLAIN_SAID, CERTIFICATE_SAID), "Content-Type: text/html")
            )
            await end(reader, writer)

    with serving(handle, context_with(ca.issue_cert("localhost"))) as port:
        yield Met(f"https://localhost:{port}/v1", arguments, hits=hits)


@contextmanager
def alerting(context: ssl.SSLContext, *arguments: str) -> Iterator[Met]:
    """A server whose handshakes end in an alert."""
    hits: list[object] = []
    shake = shaking(context)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append("connected")
        await shake(reader, writer)

    with serving(handle) as port:
        yield Met(f"https://localhost:{port}/v1", arguments, hits=hits)


@contextmanager
def healthy(
    ca: trustme.CA, *arguments: str, env: dict[str, str] | None = None, context: ssl.SSLContext | None = None
) -> Iterator[Met]:
    """The mock behind TLS."""
    with mock_with(ca, context) as mock:
        yield Met(mock.base_url, arguments, env or {})


@contextmanager
def mock_with(ca: trustme.CA, context: ssl.SSLContext | None = None) -> Iterator[MockServer]:
    """The mock with a certificate of this CA."""
    with serving_mock(tls=context or context_with(ca.issue_cert("localhost"))) as mock:
        yield mock


@contextmanager
def as_nginx(ca: trustme.CA) -> Iterator[Met]:
    """A TLS port that tells in plain text that it is one, when it is spoken to in plain text."""
    hits: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        if first[:1] == b"\x16":
            await relay(reader, writer, inner, first=first)
        elif first:
            hits.append(first)
            writer.write(answer("400 Bad Request", NGINX, "Server: nginx", "Content-Type: text/html"))
            await end(reader, writer)

    greeting = after_101(frame(1, created()))
    with serving(realtime(greeting, []), context_with(ca.issue_cert("127.0.0.1"))) as inner, serving(handle) as port:
        yield Met(f"http://127.0.0.1:{port}/v1", hits=hits)
