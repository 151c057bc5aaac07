"""Whether a text is a client's code or a command line, and whether something that ran printed into it."""

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.errors import reading
from rtdoctor.linear import pattern

_CODE = pattern(
    r"(?m)^\s*(?:import|from|package|using|use|const|let|var|val|def|func|fn|async|await|return|curl|websocat|wscat)\s"
    r"|new WebSocket|WebSocket::Client|\.new\([\"']wss:|websockets?\.connect|[#]include|^\s*\w+\s*:?=\s*[\"'`]wss://"
)
_PRINTED = pattern(
    r"(?im)\bwhat\(\):|\bpanicked at\b|^\W*(?:uncaught|unhandled) "
    r"|^traceback |^\s+at \S+ ?\(|^\s*File \"|^\W*\d{4}[-/]\d\d[-/]\d\d[ T]\d"
    r"|^\W*(?:\w+\.)*\w*(?:error|exception|warning|fatal|panic)\b ?[:\]]"
)


def of_code(name: str) -> bool:
    """True for the name of a file of code."""
    return name.lower().rpartition(".")[2] in reading()["code_files"]


def is_code(block: Block) -> bool:
    """True where a window holds what only code or a command line has."""
    return _CODE.search(block.text, flattened=block.flat) is not None


def is_printed(block: Block) -> bool:
    """True where a window holds what programs print: a trace, an error's name, a line with its date."""
    return _PRINTED.search(block.text, flattened=block.flat) is not None
