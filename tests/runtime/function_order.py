"""`make function-order`: what the function runs at its start and for its first events lies together in its binary.

Owns which functions those are, and how the linker is told. The file that it writes is committed, so that building needs
no valgrind.

    python -m tests.runtime.function_order ARTIFACT SCRIPT EVENT.json...

The artifact has its symbols. The kernel reads a binary as it is run, a few pages around each that is needed: what is
needed together and does not lie together is read in pieces, with much beside it that nobody needs.
"""

import re
import signal
import sys
import tempfile
from pathlib import Path

from .runtime_api import Function, RuntimeApi

_VALGRIND = ["valgrind", "--tool=callgrind", "--demangle=no", "--callgrind-out-file=functions"]

# https://valgrind.org/docs/manual/cl-format.html: each name is written once, a recursive call's with its depth.
_FUNCTION = re.compile(rb"^c?fn=\(\d+\) ([A-Za-z_][\w.]*)(?:'\d+)?$", re.MULTILINE)

# What is another for each version of a crate and of the compiler, in Rust's names of functions: the crates' hashes, the
# places that are referred back to, which of a module's implementations it is, and the numbers of what the optimizer makes
# of a function. https://doc.rust-lang.org/rustc/symbol-mangling/v0.html
_CHANGING = [
    (r"Cs[0-9A-Za-z]+_", "Cs*_"),
    (r"B[0-9A-Za-z]*_", "B*_"),
    (r"([MX])(?:s[0-9A-Za-z]*_)?(?=[NICB])", r"\1*"),
    (r"\.(?:llvm\.)?\d+$", ".*"),
]

_SCRIPT = """\
/* What lies together in the function's binary: what its start runs, then what its first events do. Written by
   `make function-order`; a name that no function has any more does nothing. */
SECTIONS {{
  .text.first : {{
{functions}
  }}
}}
INSERT BEFORE .text;
"""


def functions(artifact: Path, events: list[bytes]) -> set[str]:
    """The names of the functions that run until these events are answered."""
    with tempfile.TemporaryDirectory() as directory, RuntimeApi() as api:
        written = Path(directory, "functions")
        launcher = [option.replace("=functions", f"={written}") for option in _VALGRIND]
        with Function(artifact, api, Path(directory, "output"), launcher=launcher) as function:
            for event in events:
                api.asked.clear()
                api.invoke(event)
            assert api.asked.wait(60), function.output("stderr")
            function.process.send_signal(signal.SIGTERM)
            function.end()
        return {name.decode() for name in _FUNCTION.findall(written.read_bytes())}


def section(name: str) -> str:
    """What takes the function's section in every build; before its name, that may say that it is seldom called."""
    # Of two names of a function of C, the other is the section's.
    return f".text*.{pattern(name)}" if name.startswith("_R") else f".text*.{name} .text*.__{name}"


def pattern(name: str) -> str:
    """What takes the function by its name."""
    for changing, anything in _CHANGING if name.startswith("_R") else []:
        name = re.sub(changing, anything, name)
    return name


def main(artifact: Path, script: Path, events: list[Path]) -> None:
    at_start = functions(artifact, [])
    with_events = functions(artifact, [event.read_bytes() for event in events])
    names = [*sorted(at_start), *sorted(with_events - at_start)]
    script.write_text(_SCRIPT.format(functions="\n".join(dict.fromkeys(f"    *({section(name)})" for name in names))))
    print(f"{len(names)} functions, {len(at_start)} of them at the start")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]])
