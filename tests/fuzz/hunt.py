"""The long run: keeps what reaches new lines, changes it, and tells what breaks, each bug once and as small as it gets.

The work is done in a child process, which has a bound of memory; what kills it or makes it hang beyond every time limit
is told by its parent, from the example that both share.
"""

import hashlib
import mmap
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.cover import Lines
from tests.fuzz.mutate import CHANGES, FLOODS, Change, mutated
from tests.fuzz.oracles import Broken, Target, attempt, seconds_for

_ADDRESS_SPACE = 3 << 30  # bytes that a child may map
_GRACE = 30.0  # seconds on the wall, beside ten times the CPU that an example may take
_SHRINK_S = 10.0  # and at most so long is spent on making one find smaller
_BOUNDS, _ODDS = (1 << 11, 1 << 14, 1 << 16, 1 << 19, 1 << 22), (0.8, 0.15, 0.04, 0.0095, 0.0005)
_KEPT = 0.01
# `sys.settrace` makes an example four times as slow: after so many without a new line only each so-manieth is watched.
_FRESH, _TRACED = 200, 8
# What is so long and takes this share of its time is tried once more, as long as it may be.
_LONG, _SLOW = 1 << 13, 0.1
_HEAD = struct.Struct("<QQ")


@dataclass
class Found:
    """What broke, and the smallest example that was found for it."""

    target: str
    oracle: str
    place: str
    told: str
    example: bytes

    def __str__(self) -> str:
        shown = repr(self.example) if len(self.example) <= 600 else f"{self.example[:300]!r} … {self.example[-100:]!r}"
        return f"{self.target}: {self.oracle}: {self.place}\n  {len(self.example)} bytes: {shown}\n  {self.told[:1500]}"

    def save(self, folder: Path) -> Path:
        """Write the example into `folder`/target, named by what it breaks."""
        place = folder / self.target / f"{self.oracle}-{hashlib.sha256(self.example).hexdigest()[:10]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(self.example)
        return place


@dataclass
class Sum:
    """What a run over one target came to."""

    examples: int = 0
    lines: int = 0
    kept: int = 0
    found: list[Found] = field(default_factory=list)


def drawn(rng: random.Random) -> list[Change]:
    """A few changes; one is the most likely number, and small ones of their own are."""
    count = 1 + min(int(rng.expovariate(0.7)), 7)
    return [
        (rng.randrange(len(CHANGES)), rng.randrange(1 << 20), rng.randrange(1 << 20), rng.randrange(1 << 20))
        for _ in range(count)
    ]


def hunt(
    target: Target,
    until: float,
    rng: random.Random,
    note: Callable[[int, bytes], None] = lambda _number, _data: None,
    said: Callable[[Found], None] = lambda _: None,
    known: set[tuple[str, str]] | None = None,
) -> Sum:
    """Look for what breaks, in this process, until a time of the monotonic clock. `note` hears each example before it
    is tried, `said` each find; `known` signatures are not told again."""
    lines, told, whole = Lines(), known if known is not None else set(), Sum()
    pool: list[bytes] = []
    seeds = target.seeds()
    waiting = list(seeds)
    rng.shuffle(waiting)
    fresh = 0
    attempt(target, seeds[0], measured=False)  # what is loaded and compiled once is no example's
    while time.monotonic() < until:
        data = waiting.pop() if waiting else _another(target, pool, rng)
        whole.examples += 1
        note(whole.examples, data)
        before, started = lines.seen, time.process_time()
        traced = lines.cheap or fresh < _FRESH or whole.examples % _TRACED == 0
        with lines.watched() if traced else nullcontext():
            broken = _broken(target, data)
        took = time.process_time() - started
        fresh = 0 if lines.seen > before else fresh + 1
        if broken is not None and broken.signature not in told:
            # Once more without the tracer, which costs time and memory of its own.
            sure = _broken(target, data) if traced and not lines.cheap else broken
            if sure is not None and sure.signature not in told:
                small, last = shrunk(target, data, sure, _SHRINK_S, lambda one: note(whole.examples, one))
                told |= {broken.signature, sure.signature, last.signature}
                found = Found(target.name, last.oracle, last.place, last.told, small)
                whole.found.append(found)
                said(found)
        # A few of the others, too: what is changed twice goes where one change does not.
        elif lines.seen > before or not pool or (len(data) < _BOUNDS[0] and rng.random() < _KEPT):
            pool.append(data)
        if broken is None and len(data) >= _LONG and took > _SLOW * seconds_for(len(data)):
            longer = stretched(data, target.most)
            waiting += [longer] if len(longer) > 2 * len(data) else []
        whole.lines, whole.kept = lines.seen, len(pool)
    return whole


def _another(target: Target, pool: Sequence[bytes], rng: random.Random) -> bytes:
    """One of the kept examples, the last ones most often, changed."""
    back = int(rng.expovariate(8 / len(pool))) if rng.random() < 0.5 else rng.randrange(len(pool))
    most = min(target.most, rng.choices(_BOUNDS, _ODDS)[0])
    changes = drawn(rng)
    if most > _BOUNDS[1]:  # what is large is the same many times: that is where time and memory go
        changes.append((rng.choice(FLOODS), *changes[-1][1:]))
    return mutated(pool[-1 - min(back, len(pool) - 1)], changes, pool, most)


def stretched(data: bytes, most: int) -> bytes:
    """The example with its middle half repeated, to `most` bytes: what is slow because it is quadratic shows there."""
    quarter = len(data) // 4
    middle = data[quarter : 3 * quarter]
    return data[:quarter] + middle * ((most - 2 * quarter) // max(1, len(middle))) + data[3 * quarter :]


def _broken(target: Target, data: bytes) -> Broken | None:
    try:
        attempt(target, data)
    except Broken as broken:
        return broken
    return None


def shrunk(
    target: Target,
    data: bytes,
    broken: Broken,
    seconds: float = _SHRINK_S,
    note: Callable[[bytes], None] = lambda _: None,
) -> tuple[bytes, Broken]:
    """A smaller example that breaks the same, and how: pieces are left out, from halves down to bytes, as long as time
    lasts. Where time runs out differs from one time to the next, so that its place does not count."""
    end = time.monotonic() + seconds
    size = len(data) // 2
    while size:
        at, smaller = 0, False
        while at < len(data):
            if time.monotonic() > end:
                return data, broken
            less = data[:at] + data[at + size :]
            note(less)
            again = _broken(target, less)
            if again is not None and (again.signature == broken.signature or again.oracle == broken.oracle == "time"):
                data, smaller, broken = less, True, again
            else:
                at += size
        if not smaller or size > len(data):
            size //= 2
    return data, broken


# --- in a child -------------------------------------------------------------------------------------------------------


def run(target: Target, seconds: float, seed: int, save: Path | None) -> Sum:
    """Hunt in a child process, and begin again where one dies, until the time is over. Finds are printed and saved."""
    until, whole, known = time.monotonic() + seconds, Sum(), set[tuple[str, str]]()
    shared = mmap.mmap(-1, _HEAD.size + target.most + 1)

    def tell(found: Found) -> None:
        print(found, flush=True)
        if save is not None:
            print(f"  saved: {found.save(save)}", flush=True)

    while time.monotonic() < until:
        with tempfile.TemporaryFile() as report:
            sys.stdout.flush()  # what waits there would be written by both
            child = os.fork()
            if child == 0:
                _work(target, until, seed, shared, report.fileno(), tell, known)
            death = _watched(child, shared, until)
            report.seek(0)
            lines = report.read().decode().splitlines()
        examples, covered, kept = next((map(int, line[2:].split()) for line in lines if line[0] == "="), (0, 0, 0))
        noted, size = _HEAD.unpack_from(shared)
        whole.examples += examples or noted
        whole.lines, whole.kept = max(whole.lines, covered), max(whole.kept, kept)
        for line in lines:
            if line[0] == "!":
                oracle, place, example = line[2:].split("\t")
                known.add((oracle, place))
                whole.found.append(Found(target.name, oracle, place, "", bytes.fromhex(example)))
        if death:
            example = shared[_HEAD.size : _HEAD.size + size]
            found = Found(target.name, "death", death, "the process did not survive it, or did not come back", example)
            if (found.oracle, found.place) not in known:
                known.add((found.oracle, found.place))
                whole.found.append(found)
                tell(found)
        seed += 1
    return whole


def _work(
    target: Target,
    until: float,
    seed: int,
    shared: mmap.mmap,
    report: int,
    tell: Callable[[Found], None],
    known: set[tuple[str, str]],
) -> None:
    """The child's whole life. It leaves by `_exit`: what the parent has open is not the child's to close."""

    def note(number: int, data: bytes) -> None:
        held = data[: len(shared) - _HEAD.size]
        _HEAD.pack_into(shared, 0, number, len(held))
        shared[_HEAD.size : _HEAD.size + len(held)] = held

    def said(found: Found) -> None:
        tell(found)
        place = found.place.replace("\t", " ").replace("\n", " ")
        os.write(report, f"! {found.oracle}\t{place}\t{found.example.hex()}\n".encode())

    code = 1
    try:
        _bound_memory()
        done = hunt(target, until, random.Random(seed), note, said, known)
        os.write(report, f"= {done.examples} {done.lines} {done.kept}\n".encode())
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:
        print(f"the harness itself failed: {error!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _bound_memory() -> None:
    import resource

    with suppress(ValueError, OSError):  # macOS knows the name and takes no value
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _watched(child: int, shared: mmap.mmap, until: float) -> str:
    """Wait for the child. How it died, in words, or the empty string; one that hangs is ended here."""
    last, since = b"", time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return signal.Signals(os.WTERMSIG(status)).name
            code = os.WEXITSTATUS(status)
            if code == 130:
                raise KeyboardInterrupt
            return f"exit {code}" if code else ""
        now, (_, size) = time.monotonic(), _HEAD.unpack_from(shared)
        example = hashlib.sha256(shared[: _HEAD.size + size]).digest()
        if example != last:
            last, since = example, now
        elif now - since > _GRACE + 10 * seconds_for(size):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.2 if now < until - 1 else 0.02)
