"""A page in headless Chromium, driven by its DevTools protocol: evaluate, choose a file, wait for a text."""

import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

# No sandbox, as root has none; the rest keeps the browser from looking for hosts of its own.
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0"
)


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._ids, self._session = socket, itertools.count(1), {}
        self.heard: list[dict[str, Any]] = []  # events of the protocol, for who switched them on
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self.command("Page.enable")

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        ident = next(self._ids)
        self._socket.send(json.dumps({"id": ident, "method": method, "params": params, **self._session}))
        message = self._until(lambda message: message.get("id") == ident)
        assert "error" not in message, message
        return message["result"]

    def _until(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if "method" in message:
                self.heard.append(message)
            if wanted(message):
                return message

    def open(self, url: str) -> None:
        """Load a page."""
        self.command("Page.navigate", url=url)
        self._until(lambda message: message.get("method") == "Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression; a promise is awaited."""
        done = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def choose(self, selector: str, file: Path) -> None:
        """Put a file into a file field."""
        node = self.command("Runtime.evaluate", expression=f"document.querySelector('{selector}')")["result"]
        self.command("DOM.setFileInputFiles", files=[str(file)], objectId=node["objectId"])

    def text_with(self, selector: str, part: str) -> str:
        """The text of an element as soon as it holds `part`."""
        return self.evaluate(
            "new Promise((done) => {"
            f" const node = document.querySelector({json.dumps(selector)});"
            f" const look = () => node.textContent.includes({json.dumps(part)}) && done(node.textContent);"
            " new MutationObserver(look).observe(node, {childList: true, characterData: true, subtree: true}); look();"
            "})"
        )


@contextmanager
def browser(program: str) -> Iterator[Page]:
    """Start Chromium with an empty profile; it is ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *_FLAGS.split(), f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HOME": profile}
        ) as process:
            try:
                assert process.stderr
                line = next(line for line in process.stderr if line.startswith("DevTools listening on "))
                with connect(line.removeprefix("DevTools listening on ").strip(), max_size=None, proxy=None) as socket:
                    yield Page(socket)
                    socket.send(json.dumps({"id": 0, "method": "Browser.close"}))
                    process.stderr.read()
            finally:
                process.kill()
