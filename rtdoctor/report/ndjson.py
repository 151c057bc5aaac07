"""A JSON object a line, as it happens: each event of a run, and at the end the answer. What stands in a line stands
in the JSON report, too."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from rtdoctor.model.conformance import Conformance
from rtdoctor.model.graded import CourseResult
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import (
    SCHEMA_VERSION,
    LadderDone,
    Report,
    RunFinished,
    RungDone,
    RunStarted,
    ScenarioDone,
)
from rtdoctor.model.series import Series
from rtdoctor.model.served import Served
from rtdoctor.model.validation import Validation
from rtdoctor.report.conform_json import document as conform_document
from rtdoctor.report.grade_json import document as grade_document
from rtdoctor.report.json import document, result_told, rung_told
from rtdoctor.report.mock_json import document as served_document
from rtdoctor.report.probe_json import document as probe_document
from rtdoctor.report.series_json import document as series_document
from rtdoctor.report.validate_json import document as validation_document


def make(out: TextIO) -> Callable[[Any], None]:
    """A reader that prints a line for each thing that it is told, and lets nothing wait."""

    def read(event: Any) -> None:
        for name, fields in _lines(event):
            # ASCII only, so that nothing in it can act on a terminal.
            out.write(json.dumps({"event": name} | fields, ensure_ascii=True, allow_nan=False) + "\n")
        out.flush()

    return read


def _lines(event: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    match event:
        case RunStarted(setting=setting, scenarios=scenarios):
            fields = {"schema_version": SCHEMA_VERSION, "target": dataclasses.asdict(setting), "scenarios": scenarios}
            yield "started", fields
        case RungDone(rung=rung):
            yield "rung", rung_told(rung)
        case LadderDone(summary=summary):
            yield "ladder", {"summary": dataclasses.asdict(summary)}
        case ScenarioDone(result=result):
            yield "result", result_told(result)
        case RunFinished(report=report):
            yield "finished", _end(document(report))
        case Report():
            yield "finished", document(event)
        case Probed(report=report):
            yield from (("rung", rung_told(rung)) for rung in report.ladder)
            yield from (("result", result_told(result)) for result in report.results)
            yield "finished", _end(probe_document(event))
        case Series():
            yield "finished", series_document(event)
        case Conformance():
            whole = conform_document(event)
            yield from (("case", fields) for fields in whole.pop("cases"))
            yield from (("deviation", fields) for fields in whole.pop("deviations"))
            yield "finished", whole
        case Validation():
            whole = validation_document(event)
            yield from (("file", fields) for fields in whole.pop("files"))
            yield "finished", whole
        case Served():
            whole = served_document(event)
            yield from (("client", fields) for fields in whole.pop("clients"))
            yield "finished", whole
        case CourseResult():
            whole = grade_document(event)
            yield from (("lesson", fields) for fields in whole.pop("lessons"))
            yield from (("mark", fields) for fields in whole.pop("marks"))
            yield "finished", whole


def _end(fields: dict[str, Any]) -> dict[str, Any]:
    """The document without what was told line by line."""
    return {name: value for name, value in fields.items() if name not in ("ladder", "results")}
