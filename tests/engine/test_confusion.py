"""Every cause can be told from every other: the table in docs/confusion.md, made here.

Run with RTDOCTOR_UPDATE_DOCS=1 to write the table anew.
"""

import os
from pathlib import Path

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.example import outcomes_of
from rtdoctor.diagnose.referee import weigh
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.credential import outgoing
from rtdoctor.knowledge.causes import causes, matching, rules
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.dialect import dialects
from rtdoctor.mock.server import MockServer
from rtdoctor.model.scenario import Step, WantedHandshake
from tests.conftest import KEY, bench_on
from tests.diagnose.seen import SEEN

TABLE = Path(__file__).parents[2] / "docs" / "confusion.md"
# What the mock does on purpose, and the cause that the referee must name for it.
FATAL = {
    "rest-path": "refused.not-routed",
    "unknown-path": "refused.path",
    "call-unknown": "refused.path",
    "unauthorized": "refused.unauthorized",
    "rate-limited": "refused.rate-limited",
    "server-error": "refused.server-error",
    "unsupported-country": "refused.region",
    "wrong-region": "auth.wrong-token",
    "missing-credential": "auth.missing",
    "invalid-key": "auth.invalid",
    "expired-secret": "auth.expired-secret",
    "no-credit": "limits.quota",
    "beta-retired": "session.beta-retired",
    "missing-model": "session.model-missing",
    "transcription-model": "session.model-wrong-mode",
    "unknown-model": "session.model-unknown",
    "retired-model": "session.model-retired",
    "model-with-intent": "session.model-wrong-mode",
    "model-with-secret": "session.model-with-intent",
    "session-expired": "session.expired",
    "silent": "peer.silent",
    "drop": "close.abnormal",
}
EVENTS = {
    "unknown-event": ({"type": "transcription_session.update"}, "session.beta-event"),
    "missing-parameter": ({"type": "session.update", "session": {}}, "session.type-mismatch"),
    "unknown-parameter": (
        {"type": "session.update", "session": {"type": "transcription", "x": 1}},
        "session.parameter",
    ),
    "type-mismatch": ({"type": "session.update", "session": {"type": "realtime"}}, "session.type-mismatch"),
    "buffer-empty": ({"type": "input_audio_buffer.commit"}, "audio.buffer-empty"),
    "bad-audio": ({"type": "input_audio_buffer.append", "audio": "###"}, "audio.format"),
}


async def _meet(fault: dict[str, str], steps=()):
    async with MockServer({KEY}, faults=fault) as mock, bench_on(mock.base_url, timeout=0.4) as bench:
        out = outgoing(bench.choice, WantedHandshake(query={"intent": "transcription"}), bench.choice.key)
        return distil(await attempt(bench, out, steps))


async def _cases():
    found = []
    for behaviour, cause in FATAL.items():
        outcome = await _meet({"open-transcription": behaviour})
        found.append((f"mock: {behaviour} in place of a session", cause, outcome))
    for behaviour, (event, cause) in EVENTS.items():
        outcome = await _meet({}, (Step(send=event), Step(await_=("error",))))
        found.append((f"mock: {behaviour}", cause, outcome))
    found += [
        (f"example of {rule.cause}", rule.cause, outcome)
        for rule in rules()
        if rule.decides
        for outcome in outcomes_of(rule.example)
        if matching(outcome)[:1] == [rule]
    ]
    return found + [(f"seen {number}", cause, outcome) for number, (cause, outcome) in enumerate(SEEN, 1)]


def test_the_faults_cover_every_refusal_that_a_handshake_can_get():
    handshake = {refusal.id for refusal in refusals().values() if refusal.status or refusal.close}
    # What other servers do is tested with their dialects (tests/mock/test_dialects.py).
    handshake -= {
        name
        for dialect in dialects().values()
        for name in (*dialect.puts.values(), *dialect.forbids.values())
        if name.partition("-")[0] in dialects() and name != "beta-retired"
    } | {name for name in handshake if name.startswith(("live-", "vllm-", "translation-"))}
    assert handshake - {"overloaded"} == set(FATAL) - {"silent", "drop"}  # that one is the mock's own


async def test_every_fault_gets_its_own_cause_and_no_other():
    wrong = [
        (name, cause, weigh(outcome).cause) for name, cause, outcome in await _cases() if weigh(outcome).cause != cause
    ]
    assert wrong == []


async def test_every_rule_is_exercised_by_a_fault():
    deciding = {id(found[0]) for _, _, outcome in await _cases() if (found := matching(outcome))}
    idle = [(rule.cause, dict(rule.when)) for rule in rules() if rule.decides and id(rule) not in deciding]
    assert idle == []


async def test_the_published_table_is_the_one_that_is_made_here():
    made = _table(await _cases())
    if os.environ.get("RTDOCTOR_UPDATE_DOCS"):
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(made, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == made


def _table(cases) -> str:
    rows: dict[str, list[tuple[str, str | None, str]]] = {}
    for name, cause, outcome in cases:
        found = matching(outcome)
        other = next((rule.cause for rule in found if rule.cause != found[0].cause), "")
        rows.setdefault(cause, []).append((name, weigh(outcome).cause, other))
    lines = [
        "# Which fault is told as which cause",
        "",
        "Made by `tests/engine/test_confusion.py` from the mock's faults and from the refusals that were seen. *told*",
        "is how often the referee named the cause of the row for a fault of that cause; *as another* lists what it",
        "named instead (nothing may stand there); *next best* are the other causes whose rules matched too, and lost.",
        "",
        "| cause | faults | told | as another | next best |",
        "|---|---|---|---|---|",
    ]
    for cause in causes():
        if cause not in rows:
            continue
        told = rows[cause]
        right = sum(named == cause for _, named, _ in told)
        others = ", ".join(sorted({named for _, named, _ in told if named != cause and named}))
        nearest = ", ".join(sorted({other for _, _, other in told if other}))
        lines.append(f"| {cause} | {len(told)} | {right} | {others} | {nearest} |")
    missing = [cause for cause in causes() if cause not in rows and cause != "unknown.unknown"]
    lines += ["", f"Told by other means than an answer of a server, or not exercised here: {', '.join(missing)}.", ""]
    return "\n".join(lines)
