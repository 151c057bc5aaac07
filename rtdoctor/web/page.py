"""The page as one response: HTML, style and script in it, and the policy that lets just these run."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
# In this order: they are one script, and a name is set where it is first used.
SCRIPTS = (
    "text.js",
    "audio.js",
    "events.js",
    "tape.js",
    "rows.js",
    "dom.js",
    "wave.js",
    "player.js",
    "panels.js",
    "state.js",
    "stream.js",
    "chosen.js",
    "draw.js",
    "page.js",
)


@dataclass(frozen=True, slots=True)
class Page:
    """The document, and its Content-Security-Policy."""

    html: bytes
    policy: str


@cache
def page() -> Page:
    """The page, put together once."""
    style = _text("page.css")
    script = '(() => {\n"use strict";\n' + "\n".join(map(_text, SCRIPTS)) + "\n})();\n"
    assert not any(end in script.lower() for end in ("</script", "<!--"))  # it would end where it stands
    assert "</style" not in style.lower()
    html = _text("page.html").replace("/*style*/", style, 1).replace("/*script*/", script, 1)
    return Page(html.encode(), _policy(style, script))


def _policy(style: str, script: str) -> str:
    """Nothing but this style and this script, and no host but this one. Text of a server that became HTML after all
    could load nothing, run nothing and send nothing; trusted types keep it from becoming HTML."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "connect-src 'self'",
            "img-src data:",  # the empty icon
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
