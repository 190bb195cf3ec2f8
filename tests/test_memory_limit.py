"""The reserved memory: an error is still reported when memory runs out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import ROOT

from indexer import memory_limit


@pytest.fixture
def _holding() -> Iterator[None]:
    memory_limit.hold_reserve()
    yield
    memory_limit.release_reserve()


@pytest.mark.usefixtures("_holding")
@pytest.mark.parametrize(("error", "left"), [(MemoryError(), False), (OSError(), True)])
def test_reserve_is_for_the_end_of_memory(error: Exception, left: bool) -> None:
    @memory_limit.released_on_shortage
    def end() -> None:
        raise error

    with pytest.raises(type(error)):
        end()
    assert memory_limit.held() is left


# A `with` far into a function, left by an error while not a byte is to be had.
_LEFT_WITH_NOTHING = """
import contextlib, resource
from indexer import memory_limit

kept = [None] * 4_000_000

def fill():
    for place in range(len(kept)):
        kept[place] = place + 1000  # a number takes what is left in the smallest pieces

def far():
    FILLER
    with contextlib.ExitStack():
        memory_limit.released_on_shortage(fill)()

memory_limit.hold_reserve()
resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))
try:
    far()
except MemoryError:
    kept.clear()
    print("out")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_error_comes_out_where_not_a_byte_is_left() -> None:
    script = _LEFT_WITH_NOTHING.replace("FILLER", "; ".join(f"x = kept or {i}" for i in range(200)))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "out\n", done.stderr
