"""Whatever bytes come to the mock, it goes on, and prints no traceback."""

import random
import socket
import ssl
from contextlib import closing, suppress

import pytest
import trustme

from tests.processes import started

KEY = "sk-mock-0123456789abcdef"
MINT = f"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
SHAKE = (
    f"GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
)
OPEN = (SHAKE + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode()
GARBAGE = [
    b"\x00\xff\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //x:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nHost: " + b"a" * 20_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    (SHAKE + "Sec-WebSocket-Key: bad\r\n\r\n").encode(),
    OPEN + b"\x81\x84\x00\x00\x00\x00\xff\xff\xff\xff",
    OPEN + b"\xff" * 100,
    *(
        (MINT + head + "\r\n").encode() + body
        for head, body in (
            ("Content-Length: 5\r\n", b"\xff" * 5),
            ("Content-Length: 500\r\n", b"{"),
            ("Content-Length: 4\r\nContent-Encoding: gzip\r\n", b"{{{{"),
            ("Transfer-Encoding: chunked\r\n", b"zz\r\n"),
            ("Content-Length: 2\r\nContent-Type: text/plain; charset=nonsense\r\n", b"{}"),
            ("Content-Length: 20000\r\n", b"[" * 20_000),
        )
    ),
    *(random.Random(seed).randbytes(200) + b"\r\n\r\n" for seed in range(10)),
    *(OPEN + random.Random(seed).randbytes(200) for seed in range(10)),
]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_bytes_bring_a_traceback(tls, tmp_path):
    flags = []
    if tls:
        issued = trustme.CA().issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
        flags = ["--cert", str(tmp_path / "both.pem")]
    with started("mock", "--port", "0", *flags) as process:
        port = int(process.stdout.readline().rsplit(b":", 1)[1].split(b"/")[0])
        process.stdout.readline()
        for data in GARBAGE:
            for spoken in (False, True):
                with suppress(OSError):
                    _speak(port, data, tls=spoken)
        _speak(port, b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", tls=tls, answered=b"HTTP/1.1 401")
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, b"")
    assert b"Traceback" not in out
    assert all(line.isprintable() for line in out.decode().splitlines())


def _speak(port, data, *, tls, answered=b""):
    """Send, say that no more comes, and read to the end."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=0.2)) as plain:
        if not tls:
            there = plain
        else:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            there = context.wrap_socket(plain)
        with closing(there):
            there.sendall(data)
            if not answered and not tls:
                there.shutdown(socket.SHUT_WR)
            assert there.recv(100).startswith(answered)
