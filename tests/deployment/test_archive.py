"""The same files give the same archive, whenever, wherever and by whomever it is made."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from release.archive import checksums, write_tar, write_zip


def folder(path: Path, *, mode: int, time: int) -> list[Path]:
    """A program and a text, with what differs between two machines."""
    path.mkdir()
    files = []
    for name, content, is_program in (("bootstrap", b"\x7fELF", True), ("ecs-guard.yaml", b"rules: {}\n", False)):
        file = path / name
        file.write_bytes(content)
        file.chmod(mode | (0o100 if is_program else 0))
        os.utime(file, (time, time))
        files.append(file)
    return files


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_does_not_tell_when_and_where_it_was_made(kind: str, tmp_path: Path) -> None:
    def write(archive: Path, files: list[Path]) -> bytes:
        if kind == "zip":
            write_zip(archive, files)
        else:
            write_tar(archive, "ecs-guard", files)
        return archive.read_bytes()

    one = folder(tmp_path / "one", mode=0o644, time=1_000_000_000)
    two = folder(tmp_path / "another folder", mode=0o600, time=2_000_000_000)
    assert write(tmp_path / "one.archive", one) == write(tmp_path / "two.archive", list(reversed(two)))


def test_programs_stay_programs_and_nobody_owns_them(tmp_path: Path) -> None:
    archive = tmp_path / "release.tar.gz"
    write_tar(archive, "ecs-guard-1", folder(tmp_path / "files", mode=0o600, time=1))
    with tarfile.open(archive) as entries:
        assert {entry.name: (entry.mode, entry.uid, entry.uname) for entry in entries} == {
            "ecs-guard-1/bootstrap": (0o755, 0, ""),
            "ecs-guard-1/ecs-guard.yaml": (0o644, 0, ""),
        }


def test_the_checksums_are_what_sha256sum_checks(tmp_path: Path) -> None:
    files = folder(tmp_path / "files", mode=0o644, time=1)
    sums = tmp_path / "files" / "SHA256SUMS"
    sums.write_text(checksums(sums.parent))

    def check() -> int:
        return subprocess.run(["sha256sum", "--check", "--strict", sums.name], cwd=sums.parent, check=False).returncode

    assert check() == 0
    files[0].write_bytes(b"something else")
    assert check() != 0
