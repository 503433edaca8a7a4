"""How fast `ecs-guard audit` is beside one-by-one calls of AWS's own command, and whether its memory grows.

Owns the local server that stands for CloudFormation, the measuring, and its section of docs/performance.md. Knows nothing of
what is judged. Every command asks the same server, which answers at once, so that what is measured is the commands, or after as
long as a service in the next city takes.
"""

import argparse
import asyncio
import datetime
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.aws.command import REGION, environment

REPOSITORY = Path(__file__).resolve().parents[1]
NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
TEMPLATE = escape((REPOSITORY / "tests" / "cli" / "templates" / "service.yaml").read_text())
PAGE = 100

STACKS = 1000
OF_CLI = 20
SIZES = (100, 1000, 4000)
ROUNDS = 3
# How long a call of CloudFormation may take, network included.
DELAY_SECONDS = 0.1


def arn(number: int) -> str:
    return f"arn:aws:cloudformation:eu-central-1:111122223333:stack/stack-{number:05}/00000000-{number:012}"


def result(action: str, parameters: dict[str, list[str]], stacks: int) -> str:
    """The content of a reply."""
    if action == "ListStacks":
        first = int(parameters.get("NextToken", ["0"])[0])
        summaries = "".join(
            f"<member><StackId>{arn(number)}</StackId><StackName>stack-{number:05}</StackName>"
            "<CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus></member>"
            for number in range(first, min(first + PAGE, stacks))
        )
        token = f"<NextToken>{first + PAGE}</NextToken>" if first + PAGE < stacks else ""
        return f"<StackSummaries>{summaries}</StackSummaries>{token}"
    if action == "GetTemplate":
        return f"<TemplateBody>{TEMPLATE}</TemplateBody>"
    stack = parameters["StackName"][0]
    name = stack.split("/")[1] if "/" in stack else stack
    return (
        f"<Stacks><member><StackId>{stack}</StackId><StackName>{name}</StackName>"
        "<CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"
        "<Parameters><member><ParameterKey>LogMode</ParameterKey><ParameterValue>non-blocking</ParameterValue></member>"
        "</Parameters><Tags><member><Key>team</Key><Value>orders</Value></member></Tags></member></Stacks>"
    )


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stacks: int, delay: float) -> None:
    """Answers the requests of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
            parameters = parse_qs((await reader.readexactly(length)).decode())
            action = parameters["Action"][0]
            body = (
                f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result(action, parameters, stacks)}</{action}Result>'
                f"</{action}Response>"
            ).encode()
            await asyncio.sleep(delay)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def serve(port: "multiprocessing.Queue[int]", stacks: int, delay: float) -> None:
    """Serves until the process ends."""

    async def main() -> None:
        server = await asyncio.start_server(lambda *streams: answer(*streams, stacks, delay), "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Server:
    """A server in a process of its own."""

    def __init__(self, stacks: int, delay: float = 0.0) -> None:
        port: "multiprocessing.Queue[int]" = multiprocessing.Queue()
        self.process = multiprocessing.Process(target=serve, args=(port, stacks, delay), daemon=True)
        self.process.start()
        self.endpoint = f"http://127.0.0.1:{port.get(timeout=30)}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()


def audit(command: Path, endpoint: str, home: str) -> tuple[float, float]:
    """Seconds and MiB of an audit; whatever it keeps is in `home`."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [command, "audit", "--format", "json=" + os.path.join(home, "out.json"), "--quiet"],
        cwd=home,
        env=environment(endpoint, Path(home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 1:
        sys.exit(f"the audit ended with {code}: {process.stderr.read().decode()}")
    return seconds, usage.ru_maxrss / 1024


def of_cli(command: Path, endpoint: str, home: str, number: int) -> float:
    """Seconds of the calls that one stack takes with AWS's own command."""
    # Its own word for the Region.
    variables = environment(endpoint, Path(home)) | {"AWS_DEFAULT_REGION": REGION}
    start = time.perf_counter()
    for call in (["get-template", "--template-stage", "Processed"], ["describe-stacks"]):
        arguments = [command, "cloudformation", *call, "--stack-name", arn(number)]
        subprocess.run(arguments, env=variables, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(ecs_guard: Path, aws: Path) -> str:
    """The report."""
    cold, warm, memory = [], [], {}
    for stacks in SIZES:
        with Server(stacks) as server:
            for _ in range(ROUNDS if stacks == STACKS else 1):
                with tempfile.TemporaryDirectory() as home:
                    (Path(home) / ".git").mkdir()
                    seconds, mebibytes = audit(ecs_guard, server.endpoint, home)
                    again, _ = audit(ecs_guard, server.endpoint, home)
                memory[stacks] = mebibytes
                if stacks == STACKS:
                    cold.append(seconds)
                    warm.append(again)
    with Server(STACKS) as server, tempfile.TemporaryDirectory() as home:
        one_by_one = [of_cli(aws, server.endpoint, home, number) for number in range(OF_CLI)]
    with Server(STACKS, DELAY_SECONDS) as server, tempfile.TemporaryDirectory() as home:
        (Path(home) / ".git").mkdir()
        far, _ = audit(ecs_guard, server.endpoint, home)
        far_one_by_one = [of_cli(aws, server.endpoint, home, number) for number in range(OF_CLI)]
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    rate, again = STACKS / statistics.median(cold), STACKS / statistics.median(warm)
    cli_rate = OF_CLI / sum(one_by_one)
    far_rate, far_cli_rate = STACKS / far, OF_CLI / sum(far_one_by_one)
    after = f"each answer after {DELAY_SECONDS * 1000:.0f} ms"
    rows = [
        f"| `{version.replace('/', ' ')}`, one by one, {OF_CLI} stacks | {cli_rate:.2f} | 1 |",
        f"| `ecs-guard audit`, {STACKS:,} stacks, nothing kept yet | {rate:,.0f} | {rate / cli_rate:,.0f} |",
        f"| `ecs-guard audit`, {STACKS:,} stacks, all kept | {again:,.0f} | {again / cli_rate:,.0f} |",
        f"| `{version.replace('/', ' ')}`, one by one, {OF_CLI} stacks, {after} | {far_cli_rate:.2f} | 1 |",
        f"| `ecs-guard audit`, {STACKS:,} stacks, nothing kept yet, {after} | {far_rate:,.0f} | {far_rate / far_cli_rate:,.0f} |",
    ]
    of_memory = [f"| {stacks:,} | {mebibytes:.1f} |" for stacks, mebibytes in memory.items()]
    machine = f"{os.cpu_count()} processors, {platform.machine()}, {platform.system()} {platform.release()}"
    load = os.getloadavg()[0]
    today = datetime.datetime.now(datetime.UTC).date()
    return "\n".join(
        [
            f"Measured on {today} on {machine}, load {load:.1f}; the server in Python shares them. Medians of {ROUNDS}.",
            "",
            "| | stacks a second | times |",
            "| --- | ---: | ---: |",
            *rows,
            "",
            "| stacks of an audit | memory at most, MiB |",
            "| ---: | ---: |",
            *of_memory,
        ]
    )


def write(document: Path, report: str) -> None:
    """Puts the report in its place."""
    begin, end = "<!-- measured: begin (written by `make bench-audit`) -->", "<!-- measured: end -->"
    text = document.read_text()
    above, found, rest = text.partition(begin)
    if not found:
        sys.exit(f"{document} has no place for the report: {begin}")
    document.write_text(f"{above}{begin}\n{report}\n{end}{rest.partition(end)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ecs-guard", "aws", "document"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    report = measure(arguments.ecs_guard.resolve(), arguments.aws.resolve())
    print(report)
    write(arguments.document, report)


if __name__ == "__main__":
    main()
