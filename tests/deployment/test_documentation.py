"""The commands for AWS in the documentation are ones that the AWS CLI takes.

Owns the reading of shell blocks. Asks botocore, from whose models the AWS CLI makes its commands and options, and calls
nothing.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from runtime.emulator import REPOSITORY

from .tools import tool

DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]

# Of the AWS CLI itself: options of every command, and the commands here that no model has.
GLOBAL_OPTIONS = {"--query", "--output", "--region", "--profile"}
OWN_COMMANDS = {
    ("cloudformation", "deploy"): {"--stack-name", "--template-file", "--parameter-overrides"},
    ("configure", "export-credentials"): {"--format"},
}

_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:^|\$\(|`)\s*(aws (?:[^`\n]|\\\n)*)", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Every command for AWS in a shell block, in one line, with the document it is in."""
    for document in DOCUMENTS:
        for block in _SHELL.findall(document.read_text()):
            joined = re.sub(r"\\\n\s*", "", block)
            for command in _COMMAND.findall(joined):
                yield document.name, command


def words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|")
    lexer.whitespace_split = True
    found = []
    for word in lexer:
        if word and word[0] in ";<>|)":
            break
        found.append(word)
    return found


SESSION = botocore.session.get_session()


def options(service: str, command: str) -> set[str]:
    """What the AWS CLI takes for a command; fails where it does not know it."""
    if (service, command) in OWN_COMMANDS:
        return OWN_COMMANDS[service, command]
    # The AWS CLI keeps "s3" for commands of its own.
    model = SESSION.get_service_model("s3" if service == "s3api" else service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in operations, f"aws {service} has no {command}"
    shape = model.operation_model(operations[command]).input_shape
    return {f"--{xform_name(member, '-')}" for member in shape.members} if shape else set()


def test_there_are_commands() -> None:
    assert len(list(commands())) > 15


@pytest.mark.parametrize(("document", "command"), list(commands()))
def test_the_aws_cli_takes_a_documented_command(document: str, command: str) -> None:
    _, service, operation, *rest = words(command)
    if operation == "wait":
        waiters = SESSION.get_waiter_model(service).waiter_names
        assert rest[0] in {xform_name(name, "-") for name in waiters}, document
        return
    given = {word for word in rest if word.startswith("--")}
    known = options(service, operation) | GLOBAL_OPTIONS
    assert given <= known, f"{document}: aws {service} {operation} takes no {given - known}"


def test_the_recipe_for_rollbacks_is_a_template() -> None:
    result = tool("cfn-lint", REPOSITORY / "docs" / "rollback-recipe.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target
