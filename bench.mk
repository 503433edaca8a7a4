# Performance: ecs-guard's function beside functions that do the same or nothing, in one run, on one core; and the
# command `ecs-guard check` beside other commands, in one run, on two cores.
# Prints the tables and writes them to docs/performance.md.
#
#   make bench                              about a quarter of an hour of measuring; compiling comes on top
#   make bench ROUNDS=1 STARTS=5            a quick look (it writes its tables too)
#   make bench BENCH_BEFORE=06af2be         beside the function of another revision, too; that one is the last without
#                                           AWS's SDK
#   make bench-function                     only the function
#   make bench-in-process                   only the parser and the engine; no function is started
#   make bench-command-line                 only the command
#
# ROUNDS × STARTS starts of every function; EVENTS warm events of each kind per start; SAMPLES in the process.
# STARTS rounds of every command on one small template, ROUNDS on everything else.
# BENCH_LOGS=1 shows what the functions write to standard error. Needs taskset, and python3 with venv.
# Included by the Makefile after deployment.mk, whose artifact it measures, built for this machine.

BENCH_CORE ?= 0
BENCH_CORES ?= 0,1
BENCH_DIR := target/bench-peers
# Where functions are measured: in memory, where there is such a place. On a disk the kernel has a file in pieces of one
# size or another, by chance, and the first event of the same binary takes up to a third more or less.
BENCH_RUN := $(or $(wildcard /dev/shm),$(BENCH_DIR))/ecs-guard-bench
BENCH_VENV := benches/.venv
BENCH_PIN = taskset -c $(BENCH_CORE)

# The peers are a workspace of their own. They get the release profile from Cargo.toml, so it cannot differ; and
# one call each, so that what cfn-guard turns on in serde_json does not reach the no-op.
BENCH_PEER = cargo build --quiet --release --locked --config $(BENCH_DIR)/profile.toml \
	--manifest-path benches/peers/Cargo.toml --target-dir $(BENCH_DIR)
# What the command is measured beside; the rules that cfn-guard gets are those of its function.
BENCH_COMMAND_VENV := benches/.venv-command-line
BENCH_TEMPLATES := $(BENCH_DIR)/templates

BENCH_IN_PROCESS = cargo bench --quiet --locked --no-default-features --bench parse_and_evaluate

.PHONY: bench bench-function bench-build bench-in-process bench-command-line
bench: bench-function bench-command-line ## measure the function and the command beside their peers; writes docs/performance.md

bench-function: bench-build bench-in-process ## measure the function beside other functions; writes docs/performance.md
	rm -rf $(BENCH_RUN) && mkdir -p $(BENCH_RUN)
	cp -R $(BENCH_DIR)/lambda $(BENCH_DIR)/lambda-without-sdk $(if $(BENCH_BEFORE),$(BENCH_DIR)/lambda-before) \
		$(BENCH_DIR)/noop-as-deployed $(BENCH_DIR)/release/noop $(BENCH_DIR)/release/guard $(BENCH_RUN)
	$(BENCH_PIN) $(BENCH_DIR)/release/driver \
		--events benches/events \
		--document docs/performance.md \
		--include $(BENCH_DIR)/in-process.md \
		--env PYTHONPATH=$(CURDIR)/benches/peers/python \
		--env LAMBDA_TASK_ROOT=$(CURDIR)/benches/peers/python \
		ecs-guard=$(BENCH_RUN)/lambda/bootstrap \
		without-sdk=$(BENCH_RUN)/lambda-without-sdk/bootstrap \
		$(if $(BENCH_BEFORE),before=$(BENCH_RUN)/lambda-before/bootstrap) \
		no-op=$(BENCH_RUN)/noop-as-deployed \
		no-op-dynamic=$(BENCH_RUN)/noop \
		cfn-guard=$(BENCH_RUN)/guard \
		python="$(BENCH_VENV)/bin/python -m awslambdaric handler.handle"
	rm -rf $(BENCH_RUN)

bench-in-process: ## measure the parser and the engine beside serde_json
	@mkdir -p $(BENCH_DIR)
	@$(BENCH_IN_PROCESS) --no-run
	$(BENCH_PIN) $(BENCH_IN_PROCESS) > $(BENCH_DIR)/in-process.md
	@cat $(BENCH_DIR)/in-process.md

# The templates lie in a repository of their own, as far as anyone can tell: what ignores target/ is not theirs.
bench-command-line: $(BENCH_DIR)/profile.toml $(CFN_GUARD) $(BENCH_COMMAND_VENV)/requirements.txt build ## measure `ecs-guard check` beside other commands; writes docs/performance.md
	$(BENCH_PEER) --package templates
	$(BENCH_PEER) --package command-line
	rm -rf $(BENCH_TEMPLATES)
	mkdir -p $(BENCH_TEMPLATES)/.git
	cp ecs-guard.yaml $(BENCH_TEMPLATES)
	$(BENCH_DIR)/release/templates $(BENCH_TEMPLATES)
	taskset -c $(BENCH_CORES) $(BENCH_DIR)/release/command-line \
		--inputs $(BENCH_TEMPLATES) \
		--document docs/performance.md \
		--ecs-guard target/release/ecs-guard \
		--cfn-guard $(CFN_GUARD) \
		--rules benches/peers/guard/src/baseline.guard \
		--checkov $(BENCH_COMMAND_VENV)/bin/checkov \
		--cfn-lint $(BENCH_COMMAND_VENV)/bin/cfn-lint

# The first no-op gets the target, the linker and the flags of the artifact; the second, like the other peers, what
# `cargo build --release` gives everyone.
bench-build: $(BENCH_DIR)/profile.toml $(BENCH_VENV)/requirements.txt
	@$(MAKE) --no-print-directory build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) ARTIFACTS_DIR=$(BENCH_DIR)/lambda
	@$(MAKE) --no-print-directory build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) LAMBDA_FEATURES=function \
		ARTIFACTS_DIR=$(BENCH_DIR)/lambda-without-sdk
ifdef BENCH_BEFORE
	rm -rf $(BENCH_DIR)/before && git worktree prune
	git worktree add --detach $(BENCH_DIR)/before $(BENCH_BEFORE)
	@CARGO_TARGET_DIR=$(CURDIR)/$(BENCH_DIR)/before-target $(MAKE) --no-print-directory -C $(BENCH_DIR)/before \
		build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) ARTIFACTS_DIR=$(CURDIR)/$(BENCH_DIR)/lambda-before
	git worktree remove --force $(BENCH_DIR)/before
endif
	@target=$$($(MAKE) --silent --no-print-directory lambda-target ARCHITECTURE=$(HOST_ARCHITECTURE)) || exit 1; \
	case $$target in *-musl) linker=rust-lld; smaller="$(SMALLER)" ;; *) linker=cc; smaller= ;; esac; \
	env CARGO_TARGET_$$(echo $$target | tr a-z- A-Z_)_LINKER=$$linker \
		CARGO_ENCODED_RUSTFLAGS="$(USER_RUST_FLAGS)-Ctarget-feature=+crt-static$$smaller" $(BENCH_PEER) --package noop --target $$target && \
	cp $(BENCH_DIR)/$$target/release/noop $(BENCH_DIR)/noop-as-deployed
	$(BENCH_PEER) --package noop
	$(BENCH_PEER) --package guard
	$(BENCH_PEER) --package driver

$(BENCH_DIR)/profile.toml: Cargo.toml
	@mkdir -p $(BENCH_DIR)
	@awk '/^\[/ { wanted = /^\[profile\.release\]/ } wanted' $< > $@

# The copy of the requirements is the last thing made, so an interrupted installation starts over.
$(BENCH_VENV)/requirements.txt: benches/requirements.txt
$(BENCH_COMMAND_VENV)/requirements.txt: benches/requirements-command-line.txt
$(BENCH_VENV)/requirements.txt $(BENCH_COMMAND_VENV)/requirements.txt:
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@
