"""Many runs as one JSON document."""

import json
from typing import Any, TextIO

from rtdoctor.model.series import Series, Spread


def show(series: Series, out: TextIO) -> None:
    """Print the document, in one write."""
    out.write(json.dumps(document(series), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def document(series: Series) -> dict[str, Any]:
    """The runs as plain JSON values."""
    return {
        "kind": "series",
        "target": {"base_url": series.setting.base_url, "model": series.setting.model, "aim": series.setting.aim},
        "started_at": series.setting.started_at,
        "runs": series.runs,
        "planned": series.planned,
        "interrupted": series.interrupted,
        "exit_code": series.exit_code,
        "exit_codes": {str(code): count for code, count in sorted(series.exit_codes.items())},
        "sentence": series.sentence,
        "events_sent": series.events,
        "billable": series.billable,
        "cases": [
            {
                "name": tally.name,
                "kind": "layer" if tally.is_layer else "scenario",
                "verdicts": dict(tally.verdicts),
                "causes": dict(tally.causes),
                "tried": tally.tried,
                "failed": tally.bad,
                "flaky": tally.flaky,
                "ms": _times(tally.spread),
            }
            for tally in series.tallies
        ],
    }


def _times(spread: Spread) -> dict[str, Any] | None:
    if not spread.count:
        return None
    at = {name: round(spread.at(share), 1) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    return {"count": spread.count, "least": spread.least, **at, "most": spread.most}
