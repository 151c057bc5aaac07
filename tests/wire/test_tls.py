"""Certificates, good and bad, on real sockets with a CA made for the test."""

import asyncio
import base64
import datetime
import fcntl
import os
import pty
import socket
import ssl
import subprocess
import sys
import termios
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rtdoctor.diagnose.lower_rungs import judge_certificate
from rtdoctor.model.target import DIRECT, Route
from rtdoctor.wire.proxy import open_tunnel
from rtdoctor.wire.tls import BadCertificateFile, context_for
from rtdoctor.wire.tls import secure as secure_by
from tests.processes import run


async def secure(address, port, host, context, timeout):
    return await secure_by(lambda: asyncio.open_connection(address, port), host, context, timeout)


@pytest.fixture(scope="module")
def ca():
    return trustme.CA(organization_name="A private CA of the tests")


@asynccontextmanager
async def server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def hang_up(_reader, writer):
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.fixture
def ca_file(ca, tmp_path):
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


async def test_a_trusted_certificate_is_read(ca, ca_file):
    async with server(ca.issue_cert("localhost")) as port:
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
    assert secured.fault is None
    assert secured.version == "TLSv1.3"
    assert secured.certificate.names == ("localhost",)
    judged = judge_certificate(secured.certificate, secured.version, None, secured.certificate.not_before + 1)
    assert judged.verdict == "pass"
    soon = judge_certificate(secured.certificate, secured.version, None, secured.certificate.not_after - 86_400)
    assert (soon.verdict, "ends in 1 days" in soon.summary) == ("warn", True)


async def test_a_private_ca_is_untrusted_and_its_issuer_is_named(ca):
    async with server(ca.issue_cert("localhost")) as port:
        secured = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 3)
    assert secured.fault.kind == "untrusted"
    assert "A private CA of the tests" in secured.certificate.issuer
    judged = judge_certificate(secured.certificate, None, secured.fault, 0)
    assert (judged.verdict, judged.cause) == ("inconclusive", "network.tls-untrusted")
    assert any("A private CA of the tests" in fact for fact in judged.facts)


async def test_another_host_name_is_told_with_the_names_it_has(ca, ca_file):
    async with server(ca.issue_cert("elsewhere.example")) as port:
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
    assert secured.fault.kind == "hostname"
    assert secured.certificate.names == ("elsewhere.example",)


async def test_an_expired_certificate_is_told_with_its_dates(ca, ca_file):
    past = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    old = ca.issue_cert("localhost", not_before=past - datetime.timedelta(days=90), not_after=past)
    async with server(old) as port:
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
    assert secured.fault.kind == "expired"
    assert secured.certificate.not_after == past.timestamp()
    assert any("2024-01-01" in fact for fact in judge_certificate(secured.certificate, None, secured.fault, 0).facts)


async def test_plain_text_on_the_port_is_a_tls_failure():
    async def speak_plainly(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(speak_plainly, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        secured = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 3)
    assert secured.fault.kind == "plain-text"


async def test_a_server_that_never_finishes_tls_times_out():
    held = []

    async def hold(_reader, writer):
        held.append(writer)

    listening = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        secured = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 0.2)
        for writer in held:
            writer.close()
    assert secured.fault.kind == "timeout"


def test_a_bad_ca_file_is_told_in_one_sentence(tmp_path):
    with pytest.raises(BadCertificateFile, match="no such file"):
        context_for(Route(str(tmp_path / "none.pem")))
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(BadCertificateFile, match="holds no PEM certificate"):
        context_for(Route(str(tmp_path / "junk.pem")))


@contextmanager
def choosy_server(ca, version):
    """A server that wants a client certificate of that CA, in that version of TLS. Yields port and what it was sent.

    In a thread with plain sockets: asyncio's own server drops the connection without the alert that says why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    ca.issue_cert("localhost").configure_cert(context)
    shown = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with plain, suppress(OSError):
                plain.settimeout(10)
                with context.wrap_socket(plain, server_side=True) as tls:
                    shown.append(tls.getpeercert())
                    tls.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], shown
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@pytest.fixture
def client(ca, tmp_path):
    """A client certificate of the CA and its key, in two files."""
    issued = ca.issue_cert("client@rtdoctor.example")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    return str(tmp_path / "client.pem"), str(tmp_path / "client.key")


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@VERSIONS
async def test_a_client_certificate_that_is_wanted_is_told_in_words(ca, ca_file, version):
    with choosy_server(ca, version) as (port, _):
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
    assert secured.fault.layer == "tls"
    assert secured.fault.kind in ("client-certificate", "failed")
    assert "wants a client certificate" in secured.fault.text


@VERSIONS
async def test_a_client_certificate_by_cert_and_key_is_taken(ca, ca_file, client, version):
    with choosy_server(ca, version) as (port, shown):
        route = Route(ca_file, cert=client[0], cert_key=client[1])
        secured = await secure("127.0.0.1", port, "localhost", context_for(route), 3)
    assert secured.fault is None
    assert secured.certificate.names == ("localhost",)
    assert len(shown) == 1
    assert "client@rtdoctor.example" in str(shown[0]["subjectAltName"])


@pytest.fixture
def one_file(client, tmp_path):
    (tmp_path / "both.pem").write_bytes(b"".join(Path(name).read_bytes() for name in client))
    return str(tmp_path / "both.pem")


async def test_cert_and_key_in_one_file_are_taken(ca, ca_file, one_file):
    with choosy_server(ca, ssl.TLSVersion.TLSv1_3) as (port, shown):
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file, cert=one_file)), 3)
    assert (secured.fault, len(shown)) == (None, 1)


@VERSIONS
async def test_a_client_certificate_of_another_ca_is_refused_in_words(ca, ca_file, tmp_path, version):
    issued = trustme.CA().issue_cert("stranger@rtdoctor.example")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "stranger.pem"))
    with choosy_server(ca, version) as (port, shown):
        route = Route(ca_file, cert=str(tmp_path / "stranger.pem"))
        secured = await secure("127.0.0.1", port, "localhost", context_for(route), 3)
    assert (secured.fault.kind, shown) == ("client-certificate", [])
    assert "CA of the client certificate" in secured.fault.text


def encrypted(pem):
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem, None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key.private_bytes(*form, serialization.BestAvailableEncryption(b"a password"))


def bad_pair(case, ca, client, folder):
    """What --cert and --key name in this case, and which of the two the message must begin with."""
    cert, key = client
    none, junk, other = str(folder / "none.pem"), str(folder / "junk.pem"), str(folder / "other.key")
    (folder / "junk.pem").write_text("junk")
    ca.issue_cert("other.example").private_key_pem.write_to_path(other)
    if case == "encrypted":
        data = encrypted((folder / "client.key").read_bytes())
        (folder / "locked.key").write_bytes(data)
        (folder / "locked-both.pem").write_bytes((folder / "client.pem").read_bytes() + data)
    return {
        "no cert": (none, None, none),
        "no cert, good key": (none, key, none),
        "no key": (cert, none, none),
        "junk cert": (junk, key, junk),
        "junk key": (cert, junk, cert),
        "cert without key": (cert, None, cert),
        "another's key": (cert, other, other),
        "encrypted": (cert, str(folder / "locked.key"), str(folder / "locked.key")),
        "encrypted, one file": (str(folder / "locked-both.pem"), None, str(folder / "locked-both.pem")),
        "folder": (str(folder), None, str(folder)),
    }[case]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("no cert", "no such file"),
        ("no cert, good key", "no such file"),
        ("no key", "no such file"),
        ("junk cert", "no PEM certificate"),
        ("junk key", "no PEM certificate with its key in"),
        ("cert without key", "no PEM certificate with its key in the same file"),
        ("another's key", "does not belong to the certificate"),
        ("encrypted", "the key is encrypted"),
        ("folder", ""),
    ],
)
def test_a_client_certificate_that_cannot_be_used_is_told_with_its_file(case, says, ca, client, tmp_path):
    cert, key, named = bad_pair(case, ca, client, tmp_path)
    with pytest.raises(BadCertificateFile) as told:
        context_for(Route(cert=cert, cert_key=key))
    assert str(told.value).startswith(f"{named}: ")
    assert says in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("case", ["encrypted", "encrypted, one file"])
def test_an_encrypted_key_asks_nothing_at_a_terminal(case, ca, client, tmp_path):
    bad_pair("encrypted", ca, client, tmp_path)
    cert, key, _ = bad_pair(case, ca, client, tmp_path)
    code = (
        "import sys\nfrom rtdoctor.model.target import Route\nfrom rtdoctor.wire.tls import *\n"
        "try:\n    context_for(Route(cert=sys.argv[1], cert_key=sys.argv[2] or None))\n"
        "except BadCertificateFile as error:\n    print('told:', error)\n"
    )
    # A terminal of its own, on which nobody types: OpenSSL asks at /dev/tty.
    leader, follower = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-c", code, cert, key or ""],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        ) as run:
            assert run.wait(20) == 0
        seen = os.read(leader, 65536).decode()
    finally:
        os.close(leader)
        os.close(follower)
    assert seen.startswith("told: ")
    assert "the key is encrypted" in seen
    assert "Enter" not in seen


def der(kind, *parts):
    """A value of ASN.1; an INTEGER is given as a number."""
    body = b"".join(
        part if isinstance(part, bytes) else part.to_bytes(part.bit_length() // 8 + 1, "big") for part in parts
    )
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    return bytes((kind,)) + (size if len(body) < 128 else bytes((0x80 | len(size),)) + size) + body


SEQUENCE, INTEGER, OCTETS = 0x30, 0x02, 0x04


def endless_key(form):
    """A key in PEM that takes years to be worked out: its password's rounds, or its public half."""
    if form == "rounds":
        rounds = der(SEQUENCE, der(OCTETS, bytes(16)), der(INTEGER, 2**31 - 1))
        by = der(SEQUENCE, bytes.fromhex("06092a864886f70d01050c"), rounds)  # PBKDF2
        cipher = der(SEQUENCE, bytes.fromhex("060960864801650304012a"), der(OCTETS, bytes(16)))  # AES-256-CBC
        scheme = der(SEQUENCE, bytes.fromhex("06092a864886f70d01050d"), der(SEQUENCE, by, cipher))  # PBES2
        return pem("ENCRYPTED PRIVATE KEY", der(SEQUENCE, scheme, der(OCTETS, bytes(48))))
    large = der(INTEGER, 2**400_000 - 3)
    dsa = der(SEQUENCE, bytes.fromhex("06072a8648ce380401"), der(SEQUENCE, large, der(INTEGER, 2**160 + 7), large))
    return pem("PRIVATE KEY", der(SEQUENCE, der(INTEGER, 0), dsa, der(OCTETS, large)))


def pem(label, data):
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


@pytest.mark.parametrize(
    ("command", "form", "says"),
    [
        *((command, "rounds", b"is encrypted") for command in ("check", "probe", "mock")),
        *((command, "numbers", b"could not be read within 1 s") for command in ("check", "probe")),
    ],
)
def test_a_key_that_takes_years_ends_no_command_later_than_its_deadline(command, form, says, client, tmp_path):
    cert, _ = client
    (tmp_path / "slow.key").write_text(endless_key(form))
    arguments = {
        "check": ["check", "--target", "https://127.0.0.1:1/v1", "--deadline", "1"],
        "probe": ["probe", "wss://127.0.0.1:1/v1/realtime", "--deadline", "1"],
        "mock": ["mock", "--port", "0"],
    }[command]
    done = run(*arguments, "--cert", cert, "--key", str(tmp_path / "slow.key"), timeout=20)
    assert (done.returncode, says in done.stderr) == (2, True)
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def ca_folder(ca, tmp_path):
    """OpenSSL looks a CA up by the hash of its subject, as c_rehash names it."""
    ca.cert_pem.write_to_path(str(tmp_path / "one.pem"))
    asked = ["openssl", "x509", "-hash", "-noout", "-in", str(tmp_path / "one.pem")]
    hashed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "cas").mkdir()
    (tmp_path / "one.pem").rename(tmp_path / "cas" / f"{hashed}.0")
    return str(tmp_path / "cas")


@pytest.mark.parametrize("part", ["ca_file", "ca_bundle"])
async def test_a_folder_of_cas_is_trusted(ca, ca_folder, part):
    async with server(ca.issue_cert("localhost")) as port:
        secured = await secure("127.0.0.1", port, "localhost", context_for(Route(**{part: ca_folder})), 3)
    assert secured.fault is None


def test_a_ca_bundle_is_held_to_the_same(tmp_path):
    with pytest.raises(BadCertificateFile, match="no such file"):
        context_for(Route(ca_bundle=str(tmp_path / "none.pem")))
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(BadCertificateFile, match="holds no PEM certificate"):
        context_for(Route(ca_bundle=str(tmp_path / "junk.pem")))


async def test_a_bundle_and_a_file_are_both_trusted(ca, ca_file, tmp_path):
    other = trustme.CA()
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    for first, second in ((ca_file, str(tmp_path / "other.pem")), (str(tmp_path / "other.pem"), ca_file)):
        async with server(ca.issue_cert("localhost")) as port:
            context = context_for(Route(first, ca_bundle=second))
            secured = await secure("127.0.0.1", port, "localhost", context, 3)
        assert secured.fault is None


async def test_the_number_of_certificates_that_the_server_sent_is_told(ca, ca_file):
    alone = ca.issue_cert("localhost")
    between = ca.create_child_ca()
    async with server(alone) as port:
        trusted = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
        untrusted = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 3)
    assert (trusted.sent, untrusted.sent) == (1, 1)
    async with server(between.issue_cert("localhost")) as port:
        trusted = await secure("127.0.0.1", port, "localhost", context_for(Route(ca_file)), 3)
        untrusted = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 3)
    assert (trusted.fault, trusted.sent) == (None, 2)
    assert (untrusted.fault.kind, untrusted.sent) == ("untrusted", 2)


async def test_tls_goes_by_a_tunnel(ca, ca_file):
    async with server(ca.issue_cert("localhost")) as far, tunnel_to(far) as (port, asked):
        route = Route(ca_file, proxy=f"http://127.0.0.1:{port}")
        secured = await secure_by(
            lambda: open_tunnel("127.0.0.1", route, "localhost", far, 3), "localhost", context_for(route), 3
        )
        blind = await secure_by(
            lambda: open_tunnel("127.0.0.1", route, "localhost", far, 3), "localhost", context_for(DIRECT), 3
        )
    assert (secured.fault, secured.version, secured.certificate.names) == (None, "TLSv1.3", ("localhost",))
    assert blind.fault.kind == "untrusted"
    assert "A private CA of the tests" in blind.certificate.issuer
    assert set(asked) == {f"CONNECT localhost:{far} HTTP/1.1".encode()}


async def test_a_tunnel_that_is_refused_is_no_fault_of_tls():
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 No\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listening:
        route = Route(proxy=f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        secured = await secure_by(
            lambda: open_tunnel("127.0.0.1", route, "localhost", 443, 3), "localhost", context_for(DIRECT), 3
        )
    assert (secured.fault.layer, secured.fault.kind) == ("tcp", "proxy-auth")


@asynccontextmanager
async def tunnel_to(far):
    """A CONNECT proxy that goes to that port; yields its own, and the request lines."""
    asked, pumps = [], []

    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def handle(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        there, out = await asyncio.open_connection("127.0.0.1", far)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        pumps.extend((asyncio.ensure_future(pump(reader, out)), asyncio.ensure_future(pump(there, writer))))

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked
        async with asyncio.timeout(5):
            await asyncio.gather(*pumps)


async def test_a_name_that_is_a_structure_of_its_own_is_left_out(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DirectoryName(name)])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=30))
    cert = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = cert.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "odd.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "odd.pem")
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        secured = await secure("127.0.0.1", port, "localhost", context_for(DIRECT), 3)
    assert secured.certificate.names == ("localhost",)
