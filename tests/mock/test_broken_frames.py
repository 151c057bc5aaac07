"""A client whose frames break the protocol is told so, and is not said to have gone without a close frame."""

import asyncio

import pytest

from rtdoctor.mock.server import MockServer
from tests.conftest import KEY

SHAKE = (
    "GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Authorization: Bearer {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(first, data, *, masked=True):
    mask = bytes(4) if masked else b""
    return bytes([first, len(data) | masked << 7]) + mask + data


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(0x88, b"\x03"), 1002),
        (frame(0x08, b"\x03\xe8"), 1002),
        (frame(0x88, b"\x03\xe8\xff\xfe"), 1007),
        (frame(0x83, b"x"), 1002),
        (frame(0x80, b"x"), 1002),
        (frame(0x81, b"{}", masked=False), 1002),
    ],
    ids=["a close of one byte", "a close in parts", "a reason that is no UTF-8", "an opcode", "a start", "no mask"],
)
async def test_what_broke_the_protocol_is_told_with_the_close_that_it_brought(sent, code):
    lines = []
    async with MockServer({KEY}, hear=lines.append) as mock:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(mock.base_url.rsplit(":", 1)[1].split("/")[0]))
        writer.write(SHAKE.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        async with asyncio.timeout(5):
            assert (await reader.read()).endswith(b"\x88\x02" + code.to_bytes(2))
        writer.close()
    finding, close, end = lines[-3:]
    assert (finding["id"], close["from"], close["code"]) == ("frame.broken", "server", code)
    assert (end["by"], end["how"]) == ("server", "close")
