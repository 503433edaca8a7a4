#!/usr/bin/env bash
# Builds the release of the committed files twice and compares the checksums of everything in it.
#
# Owns what differs between the two: the folder, its depth, the target directory, Cargo's home, the time zone, the
# umask and the day. Needs git, and what `make release` needs.
set -euo pipefail
cd "$(dirname "$0")/.."
revision=$(git rev-parse HEAD)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build() { # FOLDER CARGO_HOME
	mkdir -p "$1" "$2"
	git archive "$revision" | tar -x -C "$1"
	# The downloads are shared by hard links; what Cargo unpacks from them is not.
	cp -al "${CARGO_HOME:-$HOME/.cargo}/registry" "$2/"
	rm -rf "$2/registry/src"
	cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$2/" 2>/dev/null || true
	# Tools and an environment, none of which is built into anything; make takes the environment for older otherwise.
	touch -d @0 "$1/tests/requirements.txt"
	ln -s "$PWD/.venv" "$1/.venv"
	mkdir -p "$1/target"
	ln -s "$PWD/target/tools" "$1/target/tools"
	env -u CARGO_TARGET_DIR CARGO_HOME="$2" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" \
		make --no-print-directory -C "$1" release >"$1/target/log" 2>&1 || { cat "$1/target/log" >&2; exit 1; }
}

echo "building in the first folder" >&2
(umask 022 && TZ=UTC build "$scratch/one" "$scratch/cargo-one")
echo "building in the second folder" >&2
(umask 077 && TZ=Asia/Tokyo build "$scratch/second/and/deeper" "$scratch/second/cargo")

diff "$scratch"/one/target/ecs-guard-*/SHA256SUMS "$scratch"/second/and/deeper/target/ecs-guard-*/SHA256SUMS
cat "$scratch"/one/target/ecs-guard-*/SHA256SUMS
echo "reproducible: two builds of $revision are the same, byte for byte"
