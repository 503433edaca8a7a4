"""Memory does not grow with the number of events that one process has answered."""

import itertools
import json
from pathlib import Path

from .events import canonical, cases, parse
from .payloads import serve
from .runtime_api import Function, RuntimeApi

EVENTS = 10_000

# What it takes until every path has been used once: the allocator, the runtime and the logger keep what they have had.
WARM_UP = 1_000

# An event is 3 KB and more: one that left a copy of itself behind would show as 27 MB.
ALLOWED_GROWTH_KIB = 512


def test_ten_thousand_events_leave_nothing_behind(function: Path, tmp_path: Path) -> None:
    every = [case for case in cases() if not case.missing]
    bodies = itertools.cycle([*(case.event for case in every), b"", b"no event", b"[" * 10_000])
    with serve() as payloads, RuntimeApi() as api:
        environment = {"ECS_GUARD_TEST_PAYLOAD_ENDPOINT": payloads}
        with Function(function, api, tmp_path, environment) as process:
            for body in itertools.islice(bodies, WARM_UP):
                api.invoke(body)
            before = process.memory_kib("VmRSS")
            for body in itertools.islice(bodies, EVENTS - WARM_UP):
                api.invoke(body)
            after, most = process.memory_kib("VmRSS"), process.memory_kib("VmHWM")
            print(f"resident after {WARM_UP} events: {before} KiB, after {EVENTS}: {after} KiB, most: {most} KiB")
            print(f"logged: {len(process.output('stdout').encode()) // EVENTS} bytes per event")
            assert after - before <= ALLOWED_GROWTH_KIB
            # Still the same process, and still right.
            for case in every:
                assert canonical(parse(api.invoke(case.event))) == canonical(case.expected)
            lines = map(json.loads, process.output("stdout").splitlines())
            # The last line may still be on its way: the answer does not wait for it.
            assert sum(line.get("message") == "answered" for line in lines) >= EVENTS + len(every) - 1
