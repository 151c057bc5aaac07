"""What a check is asked for, and what of it can be carried out: target, route, key, models, scenarios, speech."""

import os
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtdoctor.data import folder
from rtdoctor.engine.caveats import RETIRE_WITHIN
from rtdoctor.engine.keys import KEY_VARIABLE, find_key
from rtdoctor.engine.limits import sockets_at_once
from rtdoctor.engine.routing import DEFAULT_ROUTE, DIRECT, RouteAsked, route_to, tls_context
from rtdoctor.engine.setup import LIVE_CONCURRENCY, MOCK_CONCURRENCY, Choice
from rtdoctor.knowledge.causes import causes
from rtdoctor.knowledge.profiles import profiles, target_at
from rtdoctor.model.near import did_you_mean
from rtdoctor.model.scenario import Scenario
from rtdoctor.model.target import KINDS, OPENAI_BASE_URL, BadTarget, Kind, Target
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import holds_secret
from rtdoctor.privacy.secret import Secret
from rtdoctor.protocol.models import defaults, kind_of, takes_vad
from rtdoctor.scenario.load import BadScenario, load_folder
from rtdoctor.scenario.select import select
from rtdoctor.wire.audiofile import BadAudio, Speech, read_speech


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """What a check is to try, as it was given. `target` is `mock`, `openai`, a base URL, or None for what the
    environment says; `key` goes before `key_file` and `key_env`. `profile` is None where the host tells it. `kind` is
    one of `KINDS`, None where model and server decide; `words` are parts of scenarios' ids; times are in seconds."""

    target: str | None = None
    model: str | None = None
    kind: Kind | None = None
    tags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    transcribe: bool = False
    audio: Path | None = None
    spend: bool = False
    key: str | None = None
    key_env: str | None = None
    key_file: Path | None = None
    route: RouteAsked = DEFAULT_ROUTE
    timeout: float = 10.0
    deadline: float = 300.0
    concurrency: int | None = None
    strict: bool = False
    mint: bool = False
    scenarios: Path | None = None
    profile: str | None = None
    retire_within: int = RETIRE_WITHIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried: nothing was sent yet."""

    choice: Choice
    context: ssl.SSLContext
    scenarios: tuple[Scenario, ...]
    speech: Mapping[str, Speech]


def check_asked(asked: CheckAsked) -> None:
    """Hold times, model and concurrency against their bounds.

    Raises:
        Usage: one is outside them.
    """
    check_times(asked.timeout, asked.deadline)
    check_model(asked.model)
    if asked.kind is not None and asked.kind not in KINDS:
        hint = did_you_mean(asked.kind, KINDS)
        raise Usage("--kind '{}': is one of {}{}", asked.kind, ", ".join(KINDS), hint)
    if asked.concurrency is not None and not 1 <= asked.concurrency <= 256:
        raise Usage("--concurrency {}: wants 1 to 256", asked.concurrency)


def plan_check(asked: CheckAsked, begun: float) -> Plan:
    """Read what was asked for; `begun` is the moment, in monotonic time, from which the deadline counts.

    Raises:
        Usage: something that was asked for, or the environment, cannot be used.
    """
    scenarios = chosen(asked)
    choice, context = _choice(asked)
    speech = _speech(asked)
    choice = replace(choice, reference=speech["speech"].reference, begun=begun)
    return Plan(choice, context, tuple(scenarios), speech)


def check_model(model: str | None) -> None:
    """Hold --model against what a URL and an event can carry.

    Raises:
        Usage: it cannot be a model's name.
    """
    if model and not (len(model) <= 200 and model.isprintable()):
        raise Usage("--model: wants the name of a model, up to 200 characters that can be printed")


def check_times(timeout: float, deadline: float) -> None:
    """Hold --timeout and --deadline against their bounds.

    Raises:
        Usage: one is outside them.
    """
    if not 0 < timeout <= 600:
        raise Usage("--timeout {:g}: wants more than 0 and at most 600 seconds", timeout)
    if not 0 < deadline <= 86_400:
        raise Usage("--deadline {:g}: wants more than 0 seconds and at most a day", deadline)


def chosen(asked: CheckAsked) -> list[Scenario]:
    """The scenarios that are selected, built-in ones and those of the user's folder.

    Raises:
        Usage: a file breaks the form, or nothing is selected.
    """
    try:
        scenarios = load_folder(folder("scenarios"), causes())
        if asked.scenarios is not None:
            known = {scenario.id for scenario in scenarios}
            for scenario in load_folder(asked.scenarios, causes()):
                if scenario.id in known:
                    raise BadScenario("{}: the id '{}' is a built-in scenario's already", scenario.origin, scenario.id)
                scenarios.append(scenario)
    except BadScenario as error:
        raise Usage("{}", error) from error
    tags = sorted({tag for scenario in scenarios for tag in scenario.tags})
    if wrong := next((tag for tag in asked.tags if tag not in tags), None):
        hint = did_you_mean(wrong, tags) or f"; the tags are {', '.join(tags)}"
        raise Usage("--tag '{}': there is no such tag{}", wrong, hint)
    selected = select(scenarios, asked.tags, asked.words)
    if not selected:
        ids = [one.id for one in scenarios]
        hint = next((hint for word in asked.words if (hint := did_you_mean(word, ids))), "")
        raise Usage("no scenario is selected by --tag and -k{}", hint or "; --list lists them")
    return selected


def _choice(asked: CheckAsked) -> tuple[Choice, ssl.SSLContext]:
    """What to test, with which key and models.

    Raises:
        Usage: no key where one is needed in CI, a bad URL or CA file, or a key that cannot be read.
    """
    if asked.target == "":
        raise Usage("--target is empty; leave it out, or name mock, openai or a URL")
    key = find_key(asked.key_env, asked.key_file, asked.key)
    notices: list[str] = []
    try:
        target = _target(asked, key, notices)
    except BadTarget as error:
        raise Usage("{}", error) from error
    on_mock = target.profile == "mock"
    if asked.profile is not None and not on_mock:
        known_profiles = [one for one in profiles() if one != "mock"]
        if asked.profile not in known_profiles:
            hint = did_you_mean(asked.profile, known_profiles)
            raise Usage("--profile '{}': is one of {}{}", asked.profile, ", ".join(known_profiles), hint)
        target = replace(target, profile=asked.profile)
    # The built-in mock is reached directly; flags that cannot be used are told all the same.
    route, route_notices = route_to(target, replace(asked.route, proxy=DIRECT) if on_mock else asked.route)
    context = tls_context(route)
    if not on_mock:
        target = replace(target, route=route)
        notices += route_notices
    keeps_back = asked.route.insecure and not asked.route.send_key and not on_mock
    withheld = key if keeps_back else None
    model = asked.model or target.asked_query.get("model")
    if keeps_back and holds_secret(f"{target.base_url} {model}"):
        raise Usage("--insecure: the URL or the model holds what is kept back")
    aimed = aim_at(target, model, asked.kind)
    return (
        Choice(
            target=target,
            **aimed,
            model_given=model is not None,
            key=Secret("sk-" + secrets.token_hex(16), "key", "the mock") if on_mock else None if withheld else key,
            withheld=withheld,
            organization=None if on_mock or keeps_back else _account("OPENAI_ORG_ID"),
            project=None if on_mock or keeps_back else _account("OPENAI_PROJECT_ID"),
            timeout=asked.timeout,
            deadline=asked.deadline,
            concurrency=sockets_at_once(asked.concurrency or (MOCK_CONCURRENCY if on_mock else LIVE_CONCURRENCY)),
            strict=asked.strict,
            retire_within=asked.retire_within,
            mint=asked.mint,
            transcribe=on_mock or asked.transcribe or asked.spend or asked.audio is not None,
            spend=on_mock or asked.spend,
            notices=tuple(notices),
        ),
        context,
    )


def aim_at(target: Target, model: str | None, kind: Kind | None) -> dict[str, Any]:
    """The kind of session that is wanted, and the model for each kind: fields of `Choice`."""
    usual, intent = defaults(), target.asked_query.get("intent")
    asked_kind = kind or target.asked_kind or ("transcription" if intent == "transcription" else None)
    aim: Kind = asked_kind or (kind_of(model) if model else "transcription")
    transcription = model if model and aim == "transcription" else usual.transcription
    return {
        "aim": aim,
        "transcription_model": transcription,
        "vad_model": transcription if takes_vad(transcription) else usual.transcription_vad,
        "realtime_model": model if model and aim == "realtime" else usual.realtime,
        "translation_model": model if model and aim == "translation" else usual.translation,
        "live_model": model if model and aim == "live" else usual.live,
        "kind_given": asked_kind is not None,
    }


def _account(variable: str) -> str | None:
    value = os.environ.get(variable) or None
    if value and not (value.isascii() and value.isprintable()):
        raise Usage("{}: holds a character that a header cannot carry", variable)
    return value


def _target(asked: CheckAsked, key: Secret | None, notices: list[str]) -> Target:
    # Port 0 until the mock has started and told its own.
    mock = Target("http://127.0.0.1:0/v1", "mock")
    if asked.target == "mock":
        return mock
    if asked.target == "openai":
        return target_at(OPENAI_BASE_URL)
    if asked.target:
        return target_at(asked.target)
    if key is not None:
        return target_at(os.environ.get("OPENAI_BASE_URL") or OPENAI_BASE_URL, as_sdk=True)
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise Usage(
            "CI is set and there is no key in {}: a missing secret must not be green; "
            "set it, name one with --key-env or --key-file, or say --target mock",
            KEY_VARIABLE,
        )
    unused = " and OPENAI_BASE_URL was not used" if os.environ.get("OPENAI_BASE_URL") else ""
    notices.append(f"there is no key in {KEY_VARIABLE}, so the built-in mock ran{unused}")
    return mock


def _speech(asked: CheckAsked) -> dict[str, Speech]:
    place = folder("fixtures") / "audio"
    reference = (place / "speech.txt").read_text(encoding="utf-8").strip()
    try:
        return {
            "speech": read_speech(asked.audio) if asked.audio else read_speech(place / "speech-24k.wav", reference),
            "silence": read_speech(place / "silence-24k.wav"),
            "clipped": read_speech(place / "speech-clipped-24k.wav", reference),
        }
    except BadAudio as error:
        raise Usage("{}", error) from error
