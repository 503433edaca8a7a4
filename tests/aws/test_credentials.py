"""Whom the commands that ask AWS ask as: every way to credentials that docs/audit.md names, and what is said of others."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .command import ACCOUNT, REGION, EcsGuard
from .conftest import client
from .server import Call, Reply, Server, error

# No credentials but those that a test gives.
NONE: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
ROLE = "arn:aws:iam::111122223333:role/auditor"
SECRET = "PLAIN-SECRET"
KEYS = {"AccessKeyId": "AKIDSERVED", "SecretAccessKey": SECRET, "Token": "token", "Expiration": "2099-01-01T00:00:00Z"}
EMPTY = Reply(
    b'<ListStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStacksResult><StackSummaries/>'
    b"</ListStacksResult></ListStacksResponse>"
)


def configure(ecs_guard: EcsGuard, text: str) -> None:
    """Writes the file that AWS's own command reads, with a profile `source` that has a key."""
    folder = ecs_guard.directory / ".aws"
    folder.mkdir(exist_ok=True)
    source = f"[profile source]\naws_access_key_id = AKIDSOURCE\naws_secret_access_key = {SECRET}\n"
    (folder / "config").write_text(f"{source}\n{text}\n")


def asks_as(server: Server, ecs_guard: EcsGuard, *options: str, variables: dict[str, str | None] = NONE) -> str:
    """The id of the key that an audit's requests are signed by."""
    server.calls.clear()
    ran = ecs_guard.audit(*options, variables=variables)
    assert (ran.code, ran.err) == (0, ""), ran
    (key,) = {call.key for call in server.calls if call.action == "ListStacks"}
    return key


def refused(ecs_guard: EcsGuard, *options: str, variables: dict[str, str | None] = NONE) -> str:
    """What is said where there are no credentials."""
    ran = ecs_guard.audit(*options, variables=variables)
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.count("\n") == 1 and SECRET not in ran.err
    print(ran.err)
    return ran.err


def as_json(value: Any) -> Reply:
    return Reply(json.dumps(value).encode(), content_type="application/json")


@pytest.fixture
def served(stub: Server, tmp_path: Path) -> EcsGuard:
    """The command, for an account without stacks, behind a server that a test may have answer more."""
    stub.answer = lambda call: EMPTY if call.action == "ListStacks" else None
    command = EcsGuard(tmp_path, stub.endpoint)
    command.policy("profile: baseline\n")
    return command


def also(server: Server, answer: Callable[[Call], Reply | None]) -> None:
    """Has the server answer more."""
    before = server.answer
    server.answer = lambda call: answer(call) or before(call)


def test_keys_of_the_environment(server: Server, ecs_guard: EcsGuard) -> None:
    assert asks_as(server, ecs_guard, variables={}) == "AKIDEXAMPLE"


def test_keys_of_a_profile_that_is_named_come_before_those_of_the_environment(server: Server, ecs_guard: EcsGuard) -> None:
    configure(ecs_guard, "")
    assert asks_as(server, ecs_guard, "--aws-profile", "source", variables={}) == "AKIDSOURCE"
    assert asks_as(server, ecs_guard, variables=NONE | {"AWS_PROFILE": "source"}) == "AKIDSOURCE"
    configure(ecs_guard, f"[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = {SECRET}")
    assert asks_as(server, ecs_guard) == "AKIDDEFAULT"
    # As AWS's own command has it.
    assert asks_as(server, ecs_guard, variables={"AWS_PROFILE": "source"}) == "AKIDEXAMPLE"


@pytest.mark.parametrize("source", ["source_profile = source", "credential_source = Environment"])
def test_a_role_is_assumed(server: Server, ecs_guard: EcsGuard, source: str) -> None:
    configure(ecs_guard, f"[profile role]\nrole_arn = {ROLE}\nexternal_id = the-id\nrole_session_name = me\n{source}")
    key = asks_as(server, ecs_guard, "--aws-profile", "role", variables={})
    (assumed,) = [call for call in server.calls if call.action == "AssumeRole"]
    assert assumed.key == ("AKIDEXAMPLE" if "Environment" in source else "AKIDSOURCE")
    wanted = {"RoleArn": ROLE, "ExternalId": "the-id", "RoleSessionName": "me"}
    assert wanted.items() <= assumed.parameters.items()
    assert key.startswith("ASIA")


def test_a_role_of_a_role_is_assumed(server: Server, ecs_guard: EcsGuard) -> None:
    configure(
        ecs_guard,
        f"[profile first]\nrole_arn = {ROLE}-1\nsource_profile = source\n"
        f"[profile second]\nrole_arn = {ROLE}-2\nsource_profile = first",
    )
    asks_as(server, ecs_guard, "--aws-profile", "second")
    assumed = [call.parameters["RoleArn"] for call in server.calls if call.action == "AssumeRole"]
    assert assumed == [f"{ROLE}-1", f"{ROLE}-2"]


def test_a_web_identity_is_traded_for_a_role(server: Server, ecs_guard: EcsGuard) -> None:
    token = ecs_guard.directory / "token"
    token.write_text("a-token")
    environment = NONE | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE}
    configure(ecs_guard, f"[profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}")
    for options, variables in (((), environment), (("--aws-profile", "web"), NONE)):
        assert asks_as(server, ecs_guard, *options, variables=variables).startswith("ASIA")
        (call,) = [call for call in server.calls if call.action == "AssumeRoleWithWebIdentity"]
        assert (call.parameters["RoleArn"], call.parameters["WebIdentityToken"]) == (ROLE, "a-token")


def test_a_process_is_asked(server: Server, ecs_guard: EcsGuard) -> None:
    answer = ecs_guard.directory / "answer.json"
    answer.write_text(json.dumps({"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": SECRET}))
    configure(ecs_guard, f"[profile process]\ncredential_process = cat {answer}")
    assert asks_as(server, ecs_guard, "--aws-profile", "process") == "AKIDPROCESS"


def sign_on(ecs_guard: EcsGuard, expires: str, key: str, profile: str) -> None:
    """What `aws sso login` leaves behind."""
    configure(ecs_guard, profile)
    folder = ecs_guard.directory / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True)
    token = {"accessToken": "signed-on", "expiresAt": expires, "region": REGION, "startUrl": "https://start.example"}
    (folder / f"{hashlib.sha1(key.encode()).hexdigest()}.json").write_text(json.dumps(token))


WITH_SESSION = (
    f"[sso-session us]\nsso_region = {REGION}\nsso_start_url = https://start.example\n"
    f"[profile sso]\nsso_session = us\nsso_account_id = {ACCOUNT}\nsso_role_name = Auditor"
)
WITHOUT_SESSION = (
    f"[profile sso]\nsso_region = {REGION}\nsso_start_url = https://start.example\n"
    f"sso_account_id = {ACCOUNT}\nsso_role_name = Auditor"
)


@pytest.mark.parametrize(("key", "profile"), [("us", WITH_SESSION), ("https://start.example", WITHOUT_SESSION)])
def test_single_sign_on(stub: Server, served: EcsGuard, key: str, profile: str) -> None:
    def answer(call: Call) -> Reply | None:
        if call.action != "GET /federation/credentials":
            return None
        assert call.parameters == {"account_id": ACCOUNT, "role_name": "Auditor"}
        keys = {"accessKeyId": "AKIDSSO", "secretAccessKey": SECRET, "sessionToken": "token", "expiration": 4070908800000}
        return as_json({"roleCredentials": keys})

    also(stub, answer)
    sign_on(served, "2099-01-01T00:00:00Z", key, profile)
    assert asks_as(stub, served, "--aws-profile", "sso") == "AKIDSSO"


@pytest.mark.parametrize(("key", "profile"), [("us", WITH_SESSION), ("https://start.example", WITHOUT_SESSION)])
def test_a_sign_on_that_is_over_or_was_never_done_is_told(stub: Server, served: EcsGuard, key: str, profile: str) -> None:
    over = Reply(b'{"message": "Session token not found or invalid"}', 401, "application/json", "UnauthorizedException")
    also(stub, lambda call: over if call.action == "GET /federation/credentials" else None)
    configure(served, profile)
    assert "aws sso login --profile sso" in refused(served, "--aws-profile", "sso")
    sign_on(served, "2020-01-01T00:00:00Z", key, profile)
    assert "aws sso login --profile sso" in refused(served, "--aws-profile", "sso")


def test_the_credentials_of_a_container(stub: Server, served: EcsGuard) -> None:
    also(stub, lambda call: as_json(KEYS) if call.action == "GET /v2/credentials" else None)
    variables = NONE | {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{stub.endpoint}/v2/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
    }
    assert asks_as(stub, served, variables=variables) == "AKIDSERVED"


def metadata(call: Call) -> Reply | None:
    """The metadata of a machine with a role."""
    profile = "/latest/meta-data/iam/security-credentials"
    match call.action.removesuffix("/"):
        case "PUT /latest/api/token":
            return Reply(b"token", headers=(("x-aws-ec2-metadata-token-ttl-seconds", "21600"),))
        case action if action == f"GET {profile}":
            return Reply(b"auditor", content_type="text/plain")
        case action if action == f"GET {profile}/auditor":
            return as_json(KEYS | {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z"})
    return None


def test_the_credentials_of_a_machine(stub: Server, served: EcsGuard) -> None:
    also(stub, metadata)
    variables = NONE | {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": stub.endpoint}
    assert asks_as(stub, served, variables=variables) == "AKIDSERVED"
    # They never stand in for a profile that was named.
    configure(served, f"[profile region]\nregion = {REGION}")
    for name in ("region", "nobody"):
        said = refused(served, "--aws-profile", name, variables=variables | {"AWS_ACCESS_KEY_ID": "AKIDOTHER"})
        assert f"from profile {name}: " in said


@pytest.mark.parametrize("source", ["Ec2InstanceMetadata", "EcsContainer"])
def test_a_role_is_assumed_by_a_machine_or_a_container(server: Server, ecs_guard: EcsGuard, source: str) -> None:
    also(server, lambda call: as_json(KEYS) if call.action == "GET /v2/credentials" else metadata(call))
    configure(ecs_guard, f"[profile role]\nrole_arn = {ROLE}\ncredential_source = {source}")
    variables = NONE | {
        "AWS_EC2_METADATA_DISABLED": None,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.endpoint}/v2/credentials",
    }
    assert asks_as(server, ecs_guard, "--aws-profile", "role", variables=variables).startswith("ASIA")
    assert [call.key for call in server.calls if call.action == "AssumeRole"] == ["AKIDSERVED"]


def test_credentials_that_have_expired_are_asked_for_again(server: Server, ecs_guard: EcsGuard) -> None:
    count, answer = ecs_guard.directory / "count", ecs_guard.directory / "answer.json"
    keys = {"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": SECRET, "Expiration": "2020-01-01T00:00:00Z"}
    answer.write_text(json.dumps(keys))
    configure(ecs_guard, f"[profile process]\ncredential_process = echo asked >> {count}; cat {answer}")
    client(server.endpoint).create_stack(StackName="nothing", TemplateBody="Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")
    ran = ecs_guard.audit("--aws-profile", "process", variables=NONE)
    assert ran.code == 0, ran
    # For the list, and for the template.
    assert count.read_text() == "asked\n" * 2


def test_credentials_are_asked_for_once_for_all_regions(stub: Server, served: EcsGuard) -> None:
    count, answer = served.directory / "count", served.directory / "answer.json"
    answer.write_text(json.dumps({"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": SECRET}))
    configure(served, f"[profile process]\ncredential_process = echo asked >> {count}; cat {answer}")
    regions = [option for region in (REGION, "eu-west-1", "us-east-1") for option in ("--region", region)]
    assert asks_as(stub, served, "--aws-profile", "process", *regions) == "AKIDPROCESS"
    assert stub.count("ListStacks") == 3
    assert count.read_text() == "asked\n"


def test_a_role_is_assumed_in_the_region_that_is_asked_for_where_the_profile_has_none(
    server: Server, ecs_guard: EcsGuard
) -> None:
    configure(ecs_guard, f"[profile role]\nrole_arn = {ROLE}\nsource_profile = source")
    variables = NONE | {"AWS_REGION": None}
    assert asks_as(server, ecs_guard, "--aws-profile", "role", "--region", "eu-west-1", variables=variables).startswith("ASIA")


EXPORT = 'eval "$(aws configure export-credentials --profile one --format env)"'
PROCESS = "the command of `credential_process` gives none"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("login_session = arn:aws:iam::123456789012:user/me", f"those of `aws login` are not read here: {{}} {EXPORT}"),
        (f"role_arn = {ROLE}\nsource_profile = source\nmfa_serial = arn:aws:iam::123456789012:mfa/me", f"`mfa_serial` is not {{}} {EXPORT}"),
        (f"credential_process = echo {SECRET} >&2; exit 3", PROCESS),
        (f"credential_process = echo {SECRET}", PROCESS),
        (f'credential_process = echo {{"Version": 1, "SecretAccessKey": "{SECRET}"}}', PROCESS),
        ("credential_process = /nowhere/at-all", PROCESS),
        (f"role_arn = {ROLE}", "profile must contain `source_profile` or `credential_source`"),
        (f"role_arn = {ROLE}\nsource_profile = two\n[profile two]\nrole_arn = {ROLE}\nsource_profile = one", "infinite loop"),
        (f"role_arn = {ROLE}\nsource_profile = nobody", "profile `nobody` was not defined"),
        ("region = eu-west-1", "`aws configure list-profiles`"),
        (f"aws_access_key_id = {SECRET}", "profile missing aws_secret_access_key"),
    ],
)
def test_what_cannot_be_had_is_told_with_a_way_out(stub: Server, served: EcsGuard, profile: str, said: str) -> None:
    also(stub, lambda call: error("AccessDenied", f"{SECRET} of {ROLE}", 403) if call.action == "AssumeRole" else None)
    configure(served, f"[profile one]\n{profile}")
    told = refused(served, "--aws-profile", "one")
    assert told.startswith("error: there are no credentials from profile one: ")
    for part in said.split(" {} "):
        assert part in told


def test_a_role_whose_service_fails_is_told_by_the_code_alone(stub: Server, served: EcsGuard) -> None:
    also(stub, lambda call: error("MalformedPolicyDocument", SECRET) if call.action == "AssumeRole" else None)
    configure(served, f"[profile one]\nrole_arn = {ROLE}\nsource_profile = source")
    assert refused(served, "--aws-profile", "one").endswith("service error: MalformedPolicyDocumentException\n")


def test_no_credentials_at_all_are_told(served: EcsGuard) -> None:
    said = refused(served)
    assert said.startswith("error: there are no credentials from the environment: ")
    assert "aws configure" in said
