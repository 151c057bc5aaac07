"""A run as one trace in OTLP's JSON form, a line a file, as the file exporter of OpenTelemetry's collector writes it: a
span for the run and one for each layer that took time. Nothing is sent: a collector reads the file, or
`curl -H 'Content-Type: application/json' --data @rtdoctor.otlp.json http://COLLECTOR:4318/v1/traces` hands it over.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO
from urllib.parse import urlsplit

from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import LADDER, Case, Digest, verdict_line
from rtdoctor.report.digests import digest

_CLIENT, _OK, _ERROR = 3, 1, 2  # SPAN_KIND_CLIENT, STATUS_CODE_OK, STATUS_CODE_ERROR
_WRONG = ("fail", "inconclusive")


def show(value: Any, out: TextIO) -> None:
    """Print the trace, in one write; ASCII only."""
    out.write(json.dumps(document(digest(value)), ensure_ascii=True, allow_nan=False) + "\n")


def document(of: Digest) -> dict[str, Any]:
    """The trace as plain JSON values. Ids are of the run; times are nanoseconds as text, as OTLP has them."""
    resource = {"service.name": "rtdoctor", "service.version": of.version}
    spans = {"scope": {"name": "rtdoctor", "version": of.version}, "spans": list(_spans(of))}
    return {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [spans]}]}


def _spans(of: Digest) -> Iterator[dict[str, Any]]:
    trace, root = _id(of, "trace", 32), _id(of, "run", 16)
    began = datetime.fromisoformat(of.started_at).timestamp() if of.started_at else 0.0
    attributes: dict[str, Any] = {
        "url.full": of.subject,
        "network.protocol.name": "websocket",
        "rtdoctor.verdict": of.verdict,
        "rtdoctor.exit_code": of.exit_code,
        "rtdoctor.answer": verdict_line(of),
        "rtdoctor.fix": of.fix,
        "error.type": of.cause if of.exit_code else None,
    }
    attributes |= _address(of.subject)
    yield {
        "traceId": trace,
        "spanId": root,
        "name": f"rtdoctor {of.command}",
        "kind": _CLIENT,
        **_times(began, (of.duration_s or 0.0) * 1000),
        "attributes": _attributes(attributes),
        "status": {"code": _ERROR, "message": cut(of.sentence)} if of.exit_code else {"code": _OK},
    }
    start = began
    for case in of.cases:
        if case.group != LADDER or case.ms is None:
            continue
        yield {
            "traceId": trace,
            "spanId": _id(of, case.name, 16),
            "parentSpanId": root,
            "name": case.name,
            "kind": _CLIENT,
            **_times(start, case.ms),
            "attributes": _attributes(_of_layer(case)),
            "status": {"code": _ERROR, "message": cut(case.seen)} if case.verdict in _WRONG else {"code": _OK},
        }
        start += case.ms / 1000


def _id(of: Digest, name: str, digits: int) -> str:
    """An id of this run's own, and the same whenever the run is written."""
    measured = "\0".join((name, of.started_at, of.subject, repr(of.duration_s), repr([case.ms for case in of.cases])))
    return hashlib.sha256(measured.encode("utf-8", "backslashreplace")).hexdigest()[:digits]


def _of_layer(case: Case) -> dict[str, Any]:
    outcome, finding = case.outcome, case.finding
    return {
        "rtdoctor.verdict": case.verdict,
        "rtdoctor.seen": case.seen,
        "error.type": finding.cause if finding and case.verdict in _WRONG else None,
        "http.response.status_code": outcome.http_status if outcome else None,
        "rtdoctor.close_code": outcome.close_code if outcome else None,
    }


def _address(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    except ValueError:
        return {}
    return {"server.address": parts.hostname, "server.port": port if parts.hostname else None}


def _times(start: float, ms: float) -> dict[str, str]:
    began = round(start * 1e9)
    return {"startTimeUnixNano": str(began), "endTimeUnixNano": str(began + round(ms * 1e6))}


def _attributes(values_by_name: dict[str, Any]) -> list[dict[str, Any]]:
    """As key and value; what is not known is left out. OTLP's JSON has whole numbers as text."""
    values = {name: value for name, value in values_by_name.items() if value not in (None, "")}
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": cut(str(value))}}
        for name, value in values.items()
    ]
