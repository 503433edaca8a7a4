"""Archives of which every byte follows from what is put in.

Owns times, owners, modes and the order of entries, so that the same files give the same archive on every day and in
every folder. The compressed bytes also depend on the zlib of the Python that runs it.

    python -m release.archive zip ARCHIVE.zip FILE...
    python -m release.archive tar ARCHIVE.tar.gz FOLDER FILE...
    python -m release.archive sums DIRECTORY > SHA256SUMS
"""

import argparse
import gzip
import hashlib
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

# The first time that a zip file can hold. When something was built says nothing about what it is.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def _mode(path: Path) -> int:
    """Two modes only: what else a file has is the builder's umask."""
    return 0o755 if os.access(path, os.X_OK) else 0o644


def write_zip(archive: Path, files: list[Path]) -> None:
    """The files side by side, as AWS Lambda takes a function."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path in sorted(files, key=lambda path: path.name):
            entry = zipfile.ZipInfo(path.name, _ZIP_TIME)
            # Unix, or the mode would not count.
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | _mode(path)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, path.read_bytes())


def write_tar(archive: Path, folder: str, files: list[Path]) -> None:
    """The files in a folder, as people expect of a source or binary release."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as target:
        for path in sorted(files, key=lambda path: path.name):
            entry = tarfile.TarInfo(f"{folder}/{path.name}")
            entry.size = path.stat().st_size
            entry.mode = _mode(path)
            target.addfile(entry, io.BytesIO(path.read_bytes()))
    with archive.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as compressed:
        compressed.write(content.getvalue())


def checksums(directory: Path) -> str:
    """What `sha256sum --check` reads, for every file of a directory."""
    files = sorted(path for path in directory.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("zip", "tar"):
        command = commands.add_parser(name)
        command.add_argument("archive", type=Path)
        if name == "tar":
            command.add_argument("folder")
        command.add_argument("files", type=Path, nargs="+")
    commands.add_parser("sums").add_argument("directory", type=Path)
    arguments = parser.parse_args()
    match arguments.command:
        case "zip":
            write_zip(arguments.archive, arguments.files)
        case "tar":
            write_tar(arguments.archive, arguments.folder, arguments.files)
        case "sums":
            print(checksums(arguments.directory), end="")


if __name__ == "__main__":
    main()
