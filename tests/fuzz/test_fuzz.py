"""A short run over every target: examples drawn by hypothesis, with a bound on time, memory and what may be shown.

RTDOCTOR_FUZZ_EXAMPLES tells how many examples each of them gets (150 unless set). The long run is
`python -m tests.fuzz all`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutate import CHANGES, mutated
from tests.fuzz.oracles import attempt
from tests.fuzz.product import TARGETS, environment

pytestmark = pytest.mark.fuzz
EXAMPLES = int(os.environ.get("RTDOCTOR_FUZZ_EXAMPLES", "150"))
_NUMBER = st.integers(0, (1 << 20) - 1)
_CHANGES = st.lists(st.tuples(st.integers(0, len(CHANGES) - 1), _NUMBER, _NUMBER, _NUMBER), max_size=6)
_SIZES = st.sampled_from((1 << 9, 1 << 11, 1 << 11, 1 << 13, 1 << 16))
_SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),  # why an example fails is asked of the debugger
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _key_in_environment():
    # After the fixture of all tests that forgets what is known.
    with environment():
        yield


@pytest.mark.parametrize("name", list(TARGETS))
def test_every_seed_holds(name):
    target = TARGETS[name]
    attempt(target, target.seeds()[0], measured=False)  # what is loaded once is no example's
    for data in target.seeds():
        attempt(target, data)


@pytest.mark.heavy
@pytest.mark.parametrize("name", list(TARGETS))
def test_any_change_of_a_seed_holds(name):
    target = TARGETS[name]
    seeds = target.seeds()
    attempt(target, seeds[0], measured=False)

    @settings(_SETTINGS)
    @given(st.sampled_from(seeds), _CHANGES, _SIZES)
    def holds(seed: bytes, changes: list[tuple[int, int, int, int]], most: int) -> None:
        data = mutated(seed, changes, seeds, most)
        try:
            attempt(target, data)
        except AssertionError as broken:
            broken.add_note(f"the example: {data!r}")
            raise

    holds()
