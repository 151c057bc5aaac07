"""Certificates, good and bad, on real sockets with a CA made for the test."""

import asyncio
import datetime
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme

from rtdoctor.diagnose.rungs import judge_certificate
from rtdoctor.model.target import DIRECT, Route
from rtdoctor.wire.tls import BadCertificateFile, context_for
from rtdoctor.wire.tls import secure as secure_by


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
    with pytest.raises(BadCertificateFile, match="No such file"):
        context_for(Route(str(tmp_path / "none.pem")))
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(BadCertificateFile, match="holds no PEM certificate"):
        context_for(Route(str(tmp_path / "junk.pem")))
