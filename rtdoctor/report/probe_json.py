"""The JSON of `probe`: the document of `check`, with one result, and `fix` and `controls` beside it."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.exchange import Exchange
from rtdoctor.model.probed import Probed
from rtdoctor.report.json import document as report_document


def show(probed: Probed, out: TextIO) -> None:
    """Print the document; ASCII only."""
    out.write(json.dumps(document(probed), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def document(probed: Probed) -> dict[str, Any]:
    """The probe as plain JSON values. `fix` is null when none was looked for, `exchange` when nothing was sent."""
    return report_document(probed.report) | {
        "fix": dataclasses.asdict(probed.fix) if probed.fix else None,
        "handover": dataclasses.asdict(probed.handover) if probed.handover else None,
        "controls": [dataclasses.asdict(control) for control in probed.controls],
        "handshake": {
            "url": probed.handshake.url,
            "headers": [list(pair) for pair in probed.handshake.headers],
            "subprotocols": list(probed.handshake.subprotocols),
        },
        "exchange": _exchange(probed.exchange) if probed.exchange else None,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    """What came back and when; the request is `handshake`."""
    answer, close = exchange.answer, exchange.close
    return {
        "answer": {
            "status": answer.status,
            "reason": answer.reason,
            "headers": [list(pair) for pair in answer.headers],
            "body": answer.body.decode("utf-8", "replace"),
            "ms": answer.ms,
        }
        if answer
        else None,
        "frames": [dataclasses.asdict(frame) for frame in exchange.frames],
        "more_frames": exchange.more_frames,
        "close": dataclasses.asdict(close) if close else None,
    }
