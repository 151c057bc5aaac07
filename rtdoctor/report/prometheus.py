"""Metrics in Prometheus' text form, for the textfile collector of node_exporter.

What blackbox_exporter measures has its names; `probe_realtime_…` is what only rtdoctor can tell.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, TextIO

from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import LADDER, SCENARIOS, Case, Digest
from rtdoctor.report.digests import digest

_VERDICTS = ("pass", "warn", "fail", "inconclusive", "skip")
Sample = tuple[dict[str, str], float]


def show(value: Any, out: TextIO) -> None:
    """Print the metrics, in one write."""
    of = digest(value)
    out.write("".join(_metric(*metric, of.subject) for metric in _metrics(of)))


def _metrics(of: Digest) -> Iterator[tuple[str, str, list[Sample]]]:
    ladder = {case.name: case for case in of.cases if case.group == LADDER}
    yield "probe_success", "Whether the run ended with exit code 0", [({}, float(of.exit_code == 0))]
    if of.duration_s is not None:
        yield "probe_duration_seconds", "How long the run took", [({}, of.duration_s)]
    dns = ladder.get("dns")
    if dns and dns.ms is not None:
        yield "probe_dns_lookup_time_seconds", "How long the name took to resolve", [({}, dns.ms / 1000)]
    upgrade = _upgrade(of)
    if upgrade and upgrade.outcome and upgrade.outcome.http_status is not None:
        status = upgrade.outcome.http_status
        yield "probe_websocket_status_code", "The HTTP status of the upgrade", [({}, float(status))]
        yield (
            "probe_websocket_connection_upgraded",
            "Whether the upgrade was answered 101",
            [({}, float(status == 101))],
        )
    times = [({"layer": case.name}, case.ms / 1000) for case in ladder.values() if case.ms is not None]
    if times:
        yield "probe_realtime_layer_duration_seconds", "How long each layer of the ladder took", times
    passed = [({"layer": case.name}, float(case.verdict in ("pass", "warn"))) for case in ladder.values() if case.tried]
    if passed:
        yield "probe_realtime_layer_success", "Whether the layer passed; a layer that was not tried has none", passed
    yield "probe_realtime_exit_code", "The exit code: 1 wrong, 2 usage, 3 could not tell", [({}, float(of.exit_code))]
    yield (
        "probe_realtime_warnings",
        "Warnings without which the answer is not to be read",
        [({}, float(len(of.warnings)))],
    )
    if of.cause:
        yield "probe_realtime_cause_info", "What to mend first", [({"cause": of.cause}, 1.0)]
    closes = [case.outcome.close_code for case in _sockets(of) if case.outcome and case.outcome.close_code is not None]
    if closes:
        yield "probe_realtime_close_code", "The code of the ladder's close", [({}, float(closes[0]))]
    counts: Counter[str] = Counter(case.verdict for case in of.cases if case.group == SCENARIOS)
    if counts:
        samples = [({"verdict": verdict}, float(counts[verdict])) for verdict in _VERDICTS]
        yield "probe_realtime_scenarios", "Scenarios by verdict", samples


def _upgrade(of: Digest) -> Case | None:
    return next((case for case in _sockets(of) if case.outcome and case.outcome.http_status is not None), None)


def _sockets(of: Digest) -> Iterator[Case]:
    """Where the socket's outcome stands: on the ladder, or in a probe's only result."""
    yield from (case for case in of.cases if case.name in ("upgrade", "first-event", "session"))
    if of.command == "probe":
        yield from (case for case in of.cases if case.group == SCENARIOS)


def _metric(name: str, help: str, samples: list[Sample], target: str) -> str:
    lines = [f"# HELP {name} {help}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        pairs = ",".join(f'{key}="{_label(text)}"' for key, text in ({"target": target} | labels).items())
        lines.append(f"{name}{{{pairs}}} {value:.10g}")
    return "".join(f"{line}\n" for line in lines)


def _label(text: str) -> str:
    return cut(text, 300).replace("\\", "\\\\").replace('"', '\\"')
