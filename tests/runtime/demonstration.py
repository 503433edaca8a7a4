"""`make run`: the function answers events, and the answers are shown.

Owns how an answer looks on a terminal; everything it shows came back through Lambda's runtime protocol.
Asserts nothing.

    python -m tests.runtime.demonstration ARTIFACT EVENT.json...
"""

import json
import sys
import tempfile
from pathlib import Path

from .emulator import Emulator


def main(artifact: Path, events: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as scratch, Emulator(artifact.resolve(), Path(scratch, "emulator")) as function:
        for event in events:
            answer = json.loads(function.invoke(event.read_bytes()))
            print(f"\n{event}: {answer['hookStatus']}", answer.get("errorCode", ""))
            print(f"  {answer['message']}")
            for annotation in answer.get("annotations", []):
                print(f"  {annotation['status']:7} {annotation['annotationName']}: {annotation['statusMessage']}")
                if "remediationMessage" in annotation:
                    print(f"          Remediation: {annotation['remediationMessage']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
