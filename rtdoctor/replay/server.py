"""Plays a recording: each request gets the answer that was recorded for it, and each socket what the server said, once
the client has said what it said then."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from rtdoctor.model.replayed import Play, Replayed
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.privacy.same_site import is_ours
from rtdoctor.replay.cassette import Take
from rtdoctor.replay.conversation import MOST_TOLD, OWN, Conversation, Pace, Playing, reset
from rtdoctor.replay.match import Policy, same_request
from rtdoctor.wire.messages import Head, Messages, parse_head

_MOST_BODY = 8 << 20
_MOST_OPEN = 200


class Replay:
    """The endpoint, as an asynchronous context; `say` hears a sentence of each mismatch as it comes."""

    def __init__(
        self,
        takes: list[Take],
        *,
        file: str = "",
        policy: Policy = "order",
        pace: Pace = "none",
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._file, self._policy, self._pace, self._say = file, policy, pace, say
        self._playing = [Playing(take) for take in takes]
        self._strays: list[str] = []
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.done = asyncio.Event()  # everything was played
        self.base_url = ""

    async def start(self, port: int = 0, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        """Listen; under TLS with a context, and then on https://localhost.

        Raises:
            OSError: the port cannot be had.
        """
        self._server = await asyncio.start_server(self._serve, host, port, ssl=context)
        place = "https://localhost" if context else f"http://{host}"
        self.base_url = f"{place}:{self._server.sockets[0].getsockname()[1]}{_base(self._playing)}"

    async def stop(self) -> Replayed:
        """End what is open, and tell what came of each connection."""
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        plays = tuple(
            Play(one.take.number, one.take.what, one.played, tuple(one.mismatches), tuple(one.left))
            for one in self._playing
        )
        return Replayed(quote(self._file), self.base_url, plays, tuple(self._strays))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= _MOST_OPEN:
            writer.close()
            return
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._requests(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()
            if all(one.played for one in self._playing) and not self._open:
                self.done.set()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = Messages()
        head, raw, body = None, b"", 0
        while data := await reader.read(1 << 16):
            pieces = messages.feed(data)
            for piece in pieces:
                if piece.kind == "head":
                    head, raw, body = parse_head(piece.raw), piece.raw, 0
                body += len(piece.payload)
                if piece.kind == "raw" or body > _MOST_BODY:
                    return  # no HTTP, or no end of it
                if piece.kind != "end" or head is None:
                    continue
                if not is_ours(head.headers, (str(writer.get_extra_info("sockname")[0]),)):
                    await self._refuse(head, writer)
                    return
                if head.upgrades:
                    messages.go_raw()
                    early = b"".join(rest.raw for rest in pieces)
                    await self._socket(head, raw + early, reader, writer)
                    return
                if not await self._rest(head, reader, writer):
                    return

    async def _refuse(self, head: Head, writer: asyncio.StreamWriter) -> None:
        """A page of another site, or a name that is not this machine's: nothing of the recording, and no take."""
        asked = quote_start(f"Host '{head.value('host')}', Origin '{head.value('origin')}'", 300)
        self._say(f"refused a request that is none of this machine's own: {asked}")
        writer.write(
            _answer(403, "Forbidden", (), b'{"error": {"message": "refused: Host or Origin is a foreign one"}}')
        )
        await writer.drain()

    def _find(self, head: Head) -> Playing | None:
        """What was recorded of such a request and was not played yet; a note where there is nothing."""
        method, path = head.words[0], head.words[1]
        for one in self._playing:
            take = one.take
            if one.played or take.rest == head.upgrades:
                continue
            if not take.asked or (take.method == method and same_request(take.path, path, self._policy)):
                one.played = True
                return one
        asked = quote_start(f"{method} {path}", 300)
        if len(self._strays) < MOST_TOLD:
            self._strays.append(asked)
        self._say(f"nothing on the recording answers {asked}")
        return None

    async def _rest(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; False where the connection is over with it."""
        one = self._find(head)
        if one is None:
            writer.write(
                _answer(404, "Not Found", (), b'{"error": {"message": "nothing on the recording answers this"}}')
            )
        elif one.take.status is None:
            await _no_answer(one.take, reader, writer)
            return False
        else:
            take = one.take
            writer.write(_answer(take.status or 500, take.reason, take.headers, take.body))
        await writer.drain()
        return True

    async def _socket(self, head: Head, raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = self._find(head)
        if one is None or one.take.status not in (None, 101):
            if one is None:
                writer.write(_answer(404, "Not Found", (), b""))
            else:
                writer.write(_answer(one.take.status or 500, one.take.reason, one.take.headers, one.take.body))
            await writer.drain()
            return
        if one.take.status is None:
            await _no_answer(one.take, reader, writer)
            return
        await Conversation(one, self._policy, self._pace, self._say, reader, writer).play(raw)


async def _no_answer(take: Take, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A request that was never answered ends as it did: the client went, or it was reset, or closed."""
    if take.end is not None and take.end.side == "client":
        while await reader.read(1 << 16):
            pass
    elif take.end is None or take.end.how != "eof":
        reset(writer)


def _base(playing: list[Playing]) -> str:
    """What a client's base URL has before the paths that were recorded."""
    path = next((one.take.path for one in playing if "/realtime" in one.take.path), "/v1/realtime")
    return path[: path.index("/realtime")]


def _answer(status: int, reason: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {_plain(reason)}"]
    lines += [f"{_plain(name)}: {_plain(value)}" for name, value in headers if name.lower() not in OWN]
    if not any(name.lower() == "content-type" for name, _ in headers) and body[:1] == b"{":
        lines.append("Content-Type: application/json")
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _plain(text: str) -> str:
    """A header's text without what would end its line."""
    return "".join(char for char in text if char >= " ")
