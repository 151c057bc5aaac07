"""Carries out `rtdoctor mock`."""

import asyncio
import secrets
import ssl
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.mock_clients import Printer, Teller
from rtdoctor.cli.mock_summary import Summing
from rtdoctor.cli.mock_tape import recording
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.server_tls import USUAL_CA, check_ca_file, made_certificate, server_context, trusting, write_ca
from rtdoctor.cli.watchdog import quiet
from rtdoctor.engine.keys import find_key
from rtdoctor.files import read_bounded
from rtdoctor.mock.dialect import dialects
from rtdoctor.mock.faults import BadFault, Faults, known
from rtdoctor.mock.hearing import Hear
from rtdoctor.mock.respond import ANSWER, Replies
from rtdoctor.mock.script import BadScript, Script, load_script
from rtdoctor.mock.server import MockServer
from rtdoctor.model.target import is_loopback_host
from rtdoctor.privacy.clean import one_line
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.wire.audiofile import BadAudio, read_speech

USUAL_KEY = "sk-mock-0123456789abcdef"
_LONGEST_REPLY = 10_000
_COLUMNS = 80
_SCRIPT_FAILED = "script.failed"
_MOST_REPLY_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Ways:
    """What was asked of the command, option by option."""

    port: int
    host: str
    api_key: str | None
    key_env: str | None
    models: tuple[str, ...]
    transcript: str | None
    audio: Path | None
    lifetime: float
    edge: bool
    faults: tuple[str, ...]
    script: Path | None
    connections: int | None
    control: bool
    dialect: str
    tls: bool
    tls_ca: Path | None
    cert: Path | None
    key: Path | None
    record: Path | None
    reports: tuple[str, ...]
    verbose: bool


def show_faults() -> None:
    """Every fault by name, with what it does."""
    width = max(map(len, known()))
    for fault in known().values():
        value = "" if fault.value is None else f" (={fault.value:g} {fault.unit})"
        row = f"{fault.name:{width}}  {fault.words}{value}"
        print(textwrap.fill(row, _COLUMNS, subsequent_indent=" " * (width + 2), break_long_words=False))
    print(
        "\nNAME=VALUE sets what stands behind =; @N is the n-th connection, #PLACE an event\n"
        "by number or type (or the n-th response or turn), :RATE a share from 0 to 1:\n"
        "delay=0.2@1#response.done:0.5"
    )


def serve(ways: Ways) -> int:
    """Serve until interrupted; the exit code.

    Raises:
        Usage: the port is taken, or an option cannot be carried out.
    """
    try:
        named = Faults(ways.faults)
    except BadFault as error:
        raise Usage("--fault {}", error) from error
    if ways.api_key == "":
        raise Usage("--api-key is empty")
    if ways.api_key and ways.key_env:
        raise Usage("--api-key and --key-env name two keys; give one of them")
    accepted = find_key(ways.key_env, None, ways.api_key)
    source = "--api-key" if ways.api_key else accepted.source if accepted else None
    try:
        script = load_script(ways.script) if ways.script else None
    except BadScript as error:
        raise Usage("--script {}", error) from error
    if ways.dialect not in dialects():
        raise Usage("--dialect {}: is none of {}", ways.dialect, ", ".join(dialects()))
    tls, authority = _tls(ways)
    more: dict[str, Any] = {
        "dialect": ways.dialect,
        "script": script,
        "token": secrets.token_urlsafe(16) if ways.control else None,
        "named": named,
        "connections": ways.connections,
        "models": ways.models,
        "replies": _replies(ways),
        "seconds": ways.lifetime,
        "edge": ways.edge,
        "host": ways.host,
        "tls": tls,
    }
    printer = Printer()
    teller = Teller(printer.say, verbose=ways.verbose)
    # An interrupt ends the serving; a second one does not cut the summary off.
    with process.on_interrupt(lambda: None):
        with ExitStack() as stack:
            hears: list[Hear] = [teller]
            outputs = stack.enter_context(Outputs("mock", "terminal", ways.reports)) if ways.reports else None
            summing = Summing()
            if outputs is not None:
                hears.append(summing)
            taping = None
            if ways.record:
                to = f"ws://{ways.host}:{ways.port}"
                taping = stack.enter_context(recording(ways.record, to, printer.say))
                hears.append(taping)

            def begin() -> None:
                """Write what waits until the port stands, so that nothing that fails before touches a file."""
                if taping is not None:
                    taping.begin()
                if authority is not None:
                    write_ca(ways.tls_ca or USUAL_CA, authority)

            def hear(line: dict[str, Any]) -> None:
                for each in hears:
                    each(line)

            server = MockServer({accepted.reveal() if accepted else USUAL_KEY}, hear=hear, **more)
            asyncio.run(_forever(server, ways, source, printer.say, begin))
            wrong = [*server.stage.failures, *server.stage.unused()]
            for line in _farewell(teller, script, wrong):
                printer.say(line)
            code = int(bool(wrong))
            if not printer.finish():
                process.leave(code, flush=False)  # nobody reads standard output: to flush it would never end
            if outputs is not None:
                origin = quote(script.origin) if script else ""
                with process.telling():
                    outputs(summing.served(server.base_url, ways.dialect, server.named.on, origin, wrong))
                code = outputs.code(code)
    return code


def _farewell(teller: Teller, script: Script | None, wrong: Sequence[str]) -> Iterator[str]:
    yield from teller.summary(without=_SCRIPT_FAILED)
    if script:
        kept = "kept to." if not wrong else "not kept to:"
        yield f"The script {quote(script.origin)} was {kept}"
    for sentence in wrong:
        yield one_line(f"  {quote_start(sentence, 400)}")


async def _forever(
    server: MockServer, ways: Ways, source: str | None, say: Callable[[str], None], begin: Callable[[], None]
) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    try:
        await server.start(ways.port)
    except OSError as error:
        raise exits.not_listening(ways.port, error, ways.host) from error
    try:
        begin()
        with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
            for line in _greeting(server, ways, source):
                say(line)
            await over.wait()
    finally:
        await server.stop()


def _greeting(server: MockServer, ways: Ways, source: str | None) -> Iterator[str]:
    yield f"OPENAI_BASE_URL={server.base_url}"
    if ways.tls:
        yield from trusting(ways.tls_ca or USUAL_CA)
    sentence = f"the key in {source}" if source else f"the key {USUAL_KEY}"
    if ways.api_key:
        sentence = "the key of --api-key"
    yield f"# accepts {sentence}; Ctrl-C ends it"
    if server.token:
        yield f"# curl -H 'X-Rtdoctor-Token: {server.token}' -d '{{\"fault\": \"abort\"}}' {server.control_url}/faults"
    yield from warned(ways.host)


def warned(host: str) -> Iterator[str]:
    """What is to be said of the address that it listens on: nothing of this machine's own."""
    if not is_loopback_host(host):
        yield f"# WARNING: IT LISTENS ON {host.upper()}: WHOEVER REACHES THIS MACHINE CAN USE IT"


def _replies(ways: Ways) -> Replies:
    text, pcm = ANSWER, None
    if ways.transcript is not None:
        text = ways.transcript
        file = Path(text)
        try:
            is_file = len(text) < 4096 and "\0" not in text and file.is_file()
        except OSError:  # no name of a file
            is_file = False
        if is_file:
            try:
                text = read_bounded(file, _MOST_REPLY_BYTES).decode("utf-8-sig").strip()
            except OSError as error:
                raise Usage("--transcript {}: {}", file, error) from error
            except UnicodeDecodeError as error:
                raise Usage("--transcript {}: is no UTF-8 text", file) from error
        if len(text) > _LONGEST_REPLY:
            raise Usage("--transcript: at most {} characters", _LONGEST_REPLY)
    if ways.audio is not None:
        try:
            speech = read_speech(ways.audio)
        except BadAudio as error:
            raise Usage("--audio {}", error) from error
        pcm = speech.pcm
        if ways.transcript is None and speech.reference:
            text = speech.reference
    return Replies(text, pcm)


def _tls(ways: Ways) -> tuple[ssl.SSLContext | None, bytes | None]:
    """The context, if any, and the CA that was made for it, which is written once the port stands."""
    if ways.tls and ways.cert:
        raise Usage("--tls makes a certificate, and --cert names one; give one of them")
    if ways.tls_ca and not ways.tls:
        raise Usage("--tls-ca wants --tls beside it")
    if ways.tls:
        check_ca_file(ways.tls_ca or USUAL_CA)
        return made_certificate(ways.host)
    return server_context(ways.cert, ways.key), None
