"""Lets every client meet every fault, and writes down what its user sees: tools/said/<stack>.jsonl.

    python tools/say.py                                   all stacks, all faults
    python tools/say.py --stacks ws,curl --faults tls.    some; --faults takes beginnings of ids
    python tools/say.py --check --stacks ws               write nothing; exit 1 and name the cells that differ

The table of stacks is tools/say/stacks.toml, and each stack's program stands in tools/say/<stack>; the table of
faults is tools/say_faults.py. Programs are installed below RTDOCTOR_SAY_TOOLS (or a cache folder of the home). A line
of a file is a cell: `says` is what was printed, with placeholders for what differs from run to run; `hung` that the
program had to be ended; `why` stands in its place where the cell could not be made. The first line tells versions and
date.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import KEY  # noqa: E402
from tests.hostile.servers import Met  # noqa: E402
from tools.say_faults import Row, rows  # noqa: E402
from tools.say_install import KINDS, missing  # noqa: E402
from tools.say_stack import CACHE, Stack, stacks  # noqa: E402
from tools.say_words import plain  # noqa: E402

SAID = ROOT / "tools" / "said"
MODEL = "gpt-realtime"


def meet(stack: Stack, row: Row, met: Met, place: Path) -> dict[str, Any]:
    """Run a client against a fault that is there, and give the cell."""
    for beginning, why in stack.skip.items():
        if row.id.startswith(beginning):
            return {"fault": row.id, "why": why}
    base = _resolved(met)
    url = f"ws{base.removeprefix('http')}/realtime?model={MODEL}"
    env = _environment(stack, met, base, place)
    if stack.kind == "java" and "SSL_CERT_FILE" in env:
        env["JDK_JAVA_OPTIONS"] = _java_trust(Path(env["SSL_CERT_FILE"]))
    command = [*KINDS[stack.kind].run(stack), url]
    said, hung = _run(command, env, stack.patience)
    ports = tuple(
        {urlsplit(url).port or 0, *(urlsplit(value).port or 0 for value in met.env.values() if "//" in value)} - {0}
    )
    places = {
        str(place): "/work",
        str(stack.place): "/app",
        str(CACHE): "/app",
        str(ROOT): "/app",
        str(Path.home()): "/home/user",
    }
    cell: dict[str, Any] = {"fault": row.id, "says": plain(said, tuple(port for port in ports if port > 1023), places)}
    return cell | ({"hung": True} if hung else {})


def _resolved(met: Met) -> str:
    """The base URL; where --resolve names the host's address, that stands in its place."""
    if "--resolve" not in met.arguments:
        return met.base
    host, _, rest = met.arguments[met.arguments.index("--resolve") + 1].partition(":")
    return met.base.replace(host, rest.partition(":")[2].split(",")[0])


def _environment(stack: Stack, met: Met, base: str, place: Path) -> dict[str, str]:
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"LANG": "C.UTF-8", "NO_COLOR": "1", "OPENAI_API_KEY": KEY, "SAY_BASE": base, "SAY_MODEL": MODEL}
    env |= {name.lower() if name.endswith("_PROXY") else name: value for name, value in met.env.items()} | met.env
    if "--ca-file" in met.arguments:
        file = met.arguments[met.arguments.index("--ca-file") + 1]
        names = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
        env |= dict.fromkeys(names, file)
    given = {name: value.format(place=stack.place, tmp=place) for name, value in stack.env.items()}
    return env | KINDS[stack.kind].env(stack) | given


def _java_trust(pem: Path) -> str:
    store = pem.with_suffix(".p12")
    if not store.exists():
        command = ["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", str(pem), "-keystore", str(store)]
        subprocess.run([*command, "-storetype", "PKCS12", "-storepass", "password"], check=True, capture_output=True)
    return f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=password"


def _run(command: list[str], env: dict[str, str], seconds: float) -> tuple[str, bool]:
    """What a program printed, and whether it had to be ended."""
    with tempfile.TemporaryFile() as out, subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            process.wait(seconds)
            hung = False
        except subprocess.TimeoutExpired:
            hung = True
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        return out.read(200_000).decode("utf-8", "replace"), hung


def read_said(stack: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What is known of a stack: the first line, and its cells by fault."""
    file = SAID / f"{stack}.jsonl"
    if not file.exists():
        return {}, {}
    head, *cells = map(json.loads, file.read_text("utf-8").splitlines())
    return head, {cell["fault"]: cell for cell in cells}


def write_said(stack: Stack, cells: dict[str, dict[str, Any]], order: list[str]) -> None:
    """Write a stack's file; cells that were not made anew stay."""
    _, known = read_said(stack.id)
    head = {"stack": stack.id, "title": stack.title, "versions": KINDS[stack.kind].versions(stack)}
    head["date"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    every = known | cells
    lines = [head, *(every[name] for name in order if name in every)]
    SAID.mkdir(exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (SAID / f"{stack.id}.jsonl").write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 all was made (or is as it stands), 1 cells differ, 2 nothing to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", default="", help="ids, with commas")
    parser.add_argument("--faults", default="", help="beginnings of ids, with commas")
    parser.add_argument("--check", action="store_true", help="compare with the files and write nothing")
    parser.add_argument("--jobs", type=int, default=6)
    asked = parser.parse_args(arguments)
    names, beginnings = set(filter(None, asked.stacks.split(","))), tuple(asked.faults.split(","))
    wanted = [stack for stack in stacks() if not names or stack.id in names]
    every = rows()
    chosen = [row for row in every if row.id.startswith(beginnings)]
    if not wanted or not chosen:
        parser.error("no such stack, or no such fault")
    there: list[Stack] = []
    for stack in wanted:
        if why := missing(stack):
            print(f"{stack.id}: {why}", file=sys.stderr)
        else:
            there.append(stack)
    cells: dict[str, dict[str, dict[str, Any]]] = {stack.id: {} for stack in there}
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row in chosen:
            with tempfile.TemporaryDirectory() as folder, row.make(Path(folder)) as met:
                for stack, cell in zip(
                    there, pool.map(lambda s, r=row, m=met, f=folder: meet(s, r, m, Path(f)), there), strict=True
                ):
                    cells[stack.id][row.id] = cell
    if asked.check:
        return _compare(cells)
    for stack in there:
        write_said(stack, cells[stack.id], [row.id for row in every])
        empty = sum(not cell.get("says") for cell in cells[stack.id].values())
        print(f"{stack.id}: {len(cells[stack.id])} cells, {empty} in which it says nothing")
    return 0


def _compare(cells: dict[str, dict[str, dict[str, Any]]]) -> int:
    differ = 0
    for stack, made in cells.items():
        _, known = read_said(stack)
        for name, cell in made.items():
            if cell != known.get(name):
                differ += 1
                print(f"differs: {stack} {name}\n  was {known.get(name)}\n  is  {cell}")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
