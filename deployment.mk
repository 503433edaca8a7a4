# The Lambda artifact and the Python environment of the deployment's tests.
#
# Included by the Makefile of the repository and by deployment/<architecture>/Makefile, which SAM runs;
# all of them run in the root of the repository. Knows how an artifact is built, not what is in
# template.yaml: `sam build` calls it, it never calls SAM to deploy anything.
#
# The architecture is chosen in one place, the template's parameter:
#
#   sam build                                                  for the one in samconfig.toml, where `sam deploy` finds it too
#   sam build --parameter-overrides Architecture=x86_64        for x86_64
#
# Without SAM: make build-HookFunction ARCHITECTURE=x86_64 ARTIFACTS_DIR=some/directory

# arm64 | x86_64, in Lambda's words.
ARCHITECTURE ?= arm64

# musl | gnu: the C library that is linked in. Either way the binary is static, so it starts without
# a dynamic linker and on any Linux.
LAMBDA_LIBC ?= musl

# What is built into the function: lambda, or function, which asks nothing of CloudFormation and has no SDK.
LAMBDA_FEATURES ?= lambda

# Anything: the binary keeps the names of its functions, and is otherwise the same.
LAMBDA_SYMBOLS ?=

LAMBDA_CPU_arm64 := aarch64
LAMBDA_CPU_x86_64 := x86_64
LAMBDA_CPU = $(or $(LAMBDA_CPU_$(ARCHITECTURE)),$(error ARCHITECTURE must be arm64 or x86_64, not "$(ARCHITECTURE)"))
LAMBDA_TARGET = $(LAMBDA_CPU)-unknown-linux-$(LAMBDA_LIBC)

# What the machine that builds could run itself, in the same words.
HOST_ARCHITECTURE := $(patsubst aarch64,arm64,$(shell uname -m))
HOST_CPU := $(LAMBDA_CPU_$(HOST_ARCHITECTURE))

LAMBDA_TARGET_DIR = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)

# What rustc is given beside the user's flags, so that no path of the machine that builds is in what it builds: the
# same sources give the same bytes in every folder (`make reproducible`). Cargo takes a list whose separator no path
# holds. Where several paths fit, the last counts.
US := $(shell printf '\037')
RUST_PATHS = --remap-path-prefix=$(CURDIR)=/ecs-guard$(US)--remap-path-prefix=$(LAMBDA_TARGET_DIR)=/target$(US)--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo
USER_RUST_FLAGS = $${RUSTFLAGS:+$$(printf '%s' "$$RUSTFLAGS" | tr -s ' ' '\037')$(US)}

# What only Rust's own linker is asked for. The binary may lie anywhere in memory, so each start writes its addresses
# into it: a packed list of their places is a tenth as long to read. (Keeping functions that are the same once, by --icf,
# saves 1 % and scatters the others: the first event then takes longer.)
SMALLER := $(US)-Clink-arg=--pack-dyn-relocs=relr

# The same linker is told what lies together, by names that only this way of writing them makes unique. Its path begins
# where Cargo runs rustc, so it is the same in every folder.
FUNCTION_ORDER := deployment/function-order.ld
ORDERED := $(US)-Csymbol-mangling-version=v0$(US)-Clink-arg=-T$(FUNCTION_ORDER)

# Prints the target to build for. A machine that can neither find nor download the standard library of
# LAMBDA_TARGET still builds for its own architecture, with the C library it has. For the other
# architecture there is no such way out.
.PHONY: lambda-target
lambda-target:
	@has_std() { ls "$$(rustc --print target-libdir --target "$$1" 2>/dev/null)"/libstd-*.rlib >/dev/null 2>&1; }; \
	host=$$(rustc -vV | sed -n 's/^host: //p'); \
	if has_std $(LAMBDA_TARGET) || { rustup target add $(LAMBDA_TARGET) >&2 && has_std $(LAMBDA_TARGET); }; then \
		echo $(LAMBDA_TARGET); \
	elif [ "$$host" = $(LAMBDA_CPU)-unknown-linux-gnu ]; then \
		echo "ecs-guard: $(LAMBDA_TARGET) is not to be had here; building for $$host instead, also static" >&2; \
		echo "$$host"; \
	else \
		echo "ecs-guard: cannot build for $(ARCHITECTURE): this machine ($${host:-no rustc}) has no Rust standard library for $(LAMBDA_TARGET)." >&2; \
		echo "ecs-guard: run 'rustup target add $(LAMBDA_TARGET)' where it can be downloaded, or build on an $(ARCHITECTURE) machine," >&2; \
		echo "ecs-guard: or deploy for another architecture: sam build --parameter-overrides Architecture=$(HOST_ARCHITECTURE)" >&2; \
		exit 1; \
	fi

# The rule that SAM calls: build-<logical id of the function>, with ARTIFACTS_DIR in the environment.
#
# Rust's own linker links musl for either architecture without a C toolchain. For gnu it is the
# target's gcc, which knows where its C library is. The flags of the environment are extended, not set through
# Cargo's configuration, because Cargo ignores the latter when the former are set, as in many a CI. Cargo's
# progress goes to standard output since SAM keeps standard error to itself until make has ended.
# The modes are set because Lambda runs the function as another user than the one who built it.
.PHONY: build-HookFunction
build-HookFunction:
	@[ -n "$(ARTIFACTS_DIR)" ] || { echo "ecs-guard: set ARTIFACTS_DIR, as sam build does" >&2; exit 2; }
	@target=$$($(MAKE) --silent --no-print-directory --file deployment.mk lambda-target \
		ARCHITECTURE=$(ARCHITECTURE) LAMBDA_LIBC=$(LAMBDA_LIBC)) || exit 1; \
	case $$target in \
		*-musl) linker=rust-lld ;; \
		$(HOST_CPU)-*) linker=cc ;; \
		*) linker=$$(echo $$target | sed 's/-unknown//')-gcc ;; \
	esac; \
	variable=CARGO_TARGET_$$(echo $$target | tr a-z- A-Z_)_LINKER; \
	linker=$$(printenv $$variable || echo $$linker); \
	case $$linker in rust-lld) with="$(SMALLER)$(ORDERED)" ;; *) with= ;; esac; \
	env "$$variable=$$linker" \
		CARGO_ENCODED_RUSTFLAGS="$(USER_RUST_FLAGS)-Ctarget-feature=+crt-static$$with$(US)$(RUST_PATHS)" \
		cargo $(if $(LAMBDA_SYMBOLS),rustc,build) --release --locked --no-default-features --features $(LAMBDA_FEATURES) --bin bootstrap \
			--target $$target --target-dir "$(LAMBDA_TARGET_DIR)" $(if $(LAMBDA_SYMBOLS),-- -Cstrip=none) 2>&1 && \
	mkdir -p "$(ARTIFACTS_DIR)" && \
	install -m 755 "$(LAMBDA_TARGET_DIR)/$$target/release/bootstrap" "$(ARTIFACTS_DIR)/bootstrap" && \
	install -m 644 ecs-guard.yaml "$(ARTIFACTS_DIR)/ecs-guard.yaml"

# Needs valgrind, and a machine of the architecture. Cargo does not see that the script changed: what was linked goes.
.PHONY: function-order
function-order: .venv ## find out anew what the function's start and first events run, for the linker
	@$(MAKE) --no-print-directory build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) LAMBDA_SYMBOLS=yes \
		ARTIFACTS_DIR=$(CURDIR)/target/function-order
	.venv/bin/python -m tests.runtime.function_order target/function-order $(FUNCTION_ORDER) benches/events/*.json
	rm -f target/*/release/deps/bootstrap-* target/*/release/bootstrap

# The tools that the tests of the deployment and of the runtime need, in versions that are pinned.
PYTHON ?= python3

# The copy of the requirements is the last thing made, so an interrupted installation starts over.
.venv: .venv/requirements.txt
.venv/requirements.txt: tests/requirements.txt
	rm -rf .venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	cp tests/requirements.txt .venv/requirements.txt

.PHONY: test-deployment
test-deployment: .venv ## hold template.yaml to its promises; build the artifact with SAM
	.venv/bin/python -m pytest tests/deployment

# The artifact as it would be deployed on this machine's architecture, or the binary that
# ECS_GUARD_BOOTSTRAP names.
.PHONY: test-runtime
test-runtime: .venv ## send events/ through Lambda's runtime protocol to the artifact
ifdef ECS_GUARD_BOOTSTRAP
	.venv/bin/python -m pytest tests/runtime
else
	$(MAKE) --no-print-directory build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) ARTIFACTS_DIR="$(CURDIR)/target/lambda"
	ECS_GUARD_BOOTSTRAP="$(CURDIR)/target/lambda/bootstrap" .venv/bin/python -m pytest tests/runtime
endif
