"""A tape of the sockets of a run: what passed, redacted, with its order and times."""

import io
import json

from rtdoctor import CheckAsked, check_async
from rtdoctor.engine.taping import taped
from rtdoctor.recording.stream import read_stream
from tests.conftest import KEY


async def test_every_socket_of_a_check_is_on_the_tape_in_its_order_and_no_secret(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    lines = []
    with taped(lines.append, by="check", to="mock"):
        report = await check_async(CheckAsked(target="mock", tags=("smoke",)))
    sockets = {line["connection"]: [] for line in lines[1:]}
    for line in lines[1:]:
        sockets[line["connection"]].append(line)
    assert len(sockets) >= len(report.results)
    for told in sockets.values():
        assert [told[0]["kind"], told[1]["kind"], told[-1]["kind"]] == ["request", "answer", "end"]
        assert [line["t"] for line in told] == sorted(line["t"] for line in told)
    assert any('"audio_bytes"' in line.get("data", "") for line in lines)
    text = "\n".join(json.dumps(line, default=list) for line in lines)
    assert KEY not in text
    assert "sk-mock" not in text
    assert not [entry.problem for entry in read_stream(io.BytesIO(text.encode())) if entry.problem]


async def test_nothing_is_told_where_nobody_records(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    lines = []
    with taped(lines.append, by="check", to="mock"):
        pass
    await check_async(CheckAsked(target="mock", tags=("smoke",)))
    assert len(lines) == 1
