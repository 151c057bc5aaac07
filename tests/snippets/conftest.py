"""A mock in a thread for the snippets, with and without TLS, one for all tests of a process."""

import ssl

import pytest
import trustme

from tests.cli.commands.test_check import serving


@pytest.fixture(scope="session")
def plain():
    """The base URL of a mock without TLS."""
    with serving() as server:
        yield server.base_url


@pytest.fixture(scope="session")
def secure(tmp_path_factory):
    """The base URL of a mock with TLS, and the file with the CA to trust."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    with serving(tls=context) as server:
        yield server.base_url, file
