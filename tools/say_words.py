"""What a client printed, without what differs from run to run: ports, times, places, keys, stack frames."""

import re
from collections.abc import Iterator, Mapping

MOST = 3_000  # characters that are kept of a cell

# Frames of stack traces name places of a machine and of a version. Of Python's the deepest stays: it tells what was
# waited for.
_PYTHON_FRAME = re.compile(r'(?P<lead>[ \t|+]*)File "(?P<place>[^"]*)", line \d+(?P<name>, in .*)?$')
_FRAME = re.compile(
    r"(?m)^[ \t]+at [^\n]*(?<!\{)\n|^[ \t]+\.\.\. \d+ (?:more|lines)[^\n]*\n"  # Java, Node, .NET
    r"|^[ \t]*from \S+:\d+:in [^\n]*\n"  # Ruby
    r"|^goroutine \d+ [^\n]*\n(?:[^\n]+\n)*"  # Go
)
_OPENING_FRAME = re.compile(r"\n[ \t]+at [^\n]* \{\n")  # Node: the last frame, and the error's fields
_NOISE = re.compile(
    r"(?m)^(?:NOTE: )?Picked up J[^\n]*\n|^\(Use `node --trace[^\n]*\n|^Node\.js v[^\n]*\n|^Bun v[^\n]*\n"
    r"|^note: run with `RUST_BACKTRACE=1`[^\n]*\n|^exit status \d+\n"
)
_SUBSTITUTES = (
    (re.compile(r"sk-proj-[\w*.-]+"), "sk-***"),
    (re.compile(r"\b(localhost|127\.0\.0\.[12]|\[::1\])(:|, |/127\.0\.0\.1:)\d{4,5}\b"), r"\1\g<2>8443"),
    (re.compile(r"\b(port:? |port[\"']?[:=] ?|127\.0\.0\.1 |localhost |::1 )\d{4,5}\b"), r"\g<1>8443"),
    (re.compile(r"\b\d{4}[-/]\d\d[-/]\d\d([T ])\d\d:\d\d:\d\d(?:[.,]\d+)?"), r"2026-11-30\g<1>10:00:00"),
    (
        re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
        "Mon, 30 Nov 2026 10:00:00 GMT",
    ),
    (re.compile(r"\b20\d{12}Z\b"), "20261130100000Z"),
    (re.compile(r"\b(\w+\.c|_ssl\.c):\d{2,5}\b"), r"\1:1000"),
    (re.compile(r"\bOpenSSL/3\.\d+\.\d+"), "OpenSSL/3.0.0"),
    (re.compile(r"\bin \d+(?:\.\d+)?(?:m?s| ?milliseconds?)\b"), "in 12ms"),
    (re.compile(r"\bafter \d+ ms\b"), "after 12 ms"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "0x1"),
    (re.compile(r"\b[0-9A-F]{12,16}:error:"), "0:error:"),
    (re.compile(r"(?<![\w+/])(?=[\w+/]*[A-Z+/])[A-Za-z0-9+/]{22,27}={1,2}(?!=)"), "bm9uY2Ugb2YgdGhpcyBydW4="),
    (re.compile(r"@[0-9a-f]{6,8}\b"), "@1"),
    (re.compile(r"\b(evt_|event_|sess_|item_|resp_|conv_|req_)\w{8,}"), r"\g<1>1"),
    (re.compile(r"Testing cert #[\w-]+"), "Testing cert #1"),
    (re.compile(r"\b17\d{8}\b( \(UNIX\)|)"), r"1796000000\1"),
    (re.compile(r"\(\d+ seconds (ago|in future)\)"), r"(86400 seconds \1)"),
    (re.compile(r"\b\d+ milliseconds with\b"), "2000 milliseconds with"),
    (re.compile(r"sha256/[A-Za-z0-9+/=]{43,44}"), "sha256/1"),
    (re.compile(r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}"), "Mon Nov 30 10:00:00 UTC 2026"),
    (re.compile(r"\b[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M"), "Nov 30, 2026 10:00:00 AM"),
    (re.compile(r"(10:00:00):\d{4}\b"), r"\1"),
    (re.compile(r"\b(timeStamp: )[\d.]+"), r"\g<1>12.5"),
    (re.compile(r"\b(expires_at[\"']?[:=] ?)\d{9,}"), r"\g<1>1796000000"),
    (re.compile(r"\((node|pid):? ?\d+\)|\bpid=\d+"), "(node:1)"),
)


def plain(text: str, ports: tuple[int, ...], places: Mapping[str, str]) -> str:
    """The text as it is kept; `ports` are those of the run, `places` what stands for folders of this machine."""
    for place, instead in sorted(places.items(), key=lambda item: -len(item[0])):
        text = text.replace(place, instead)
    for port in ports:
        text = re.sub(rf"(?<!\d){port}(?!\d)", "8443", text)
    text = "\n".join(_deepest(text.replace("\r\n", "\n").split("\n"))) + "\n"
    text = _NOISE.sub("", _OPENING_FRAME.sub(" {\n", _FRAME.sub("", text)))
    for pattern, instead in _SUBSTITUTES:
        text = pattern.sub(instead, text)
    text = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    return text if len(text) <= MOST else f"{text[: MOST // 2]}\n…\n{text[-MOST // 2 :]}"


def _deepest(lines: list[str]) -> Iterator[str]:
    """The lines, of each run of Python's frames only the last one with its first line of code."""
    held: list[str] = []
    lead: str | None = None
    for line in lines:
        if found := _PYTHON_FRAME.match(line):
            lead = found["lead"].replace("+", " ")
            place = "/".join(found["place"].split("/")[-2:])
            held = [f'{found["lead"]}File "{place}", line 1{found["name"] or ""}']
        elif lead is not None and line.startswith(lead + "  "):
            held += [line] if len(held) == 1 else []
        else:
            yield from held
            held, lead = [], None
            yield line
    yield from held
