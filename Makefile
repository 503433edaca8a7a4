# The commands of this repository. `make help` lists them.
#
# Everything a command needs beyond Rust, Python and make it installs itself, pinned, below this directory.

.DEFAULT_GOAL := help

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/bin/cargo-deny
# For the benchmark and the bypass suite; what is included names it as a prerequisite, so it stands before.
CFN_GUARD_VERSION := 3.2.1
CFN_GUARD := target/tools/bin/cfn-guard

include new-rule.mk
include deployment.mk
include bench.mk
include bypass.mk
include aws.mk
include release.mk
include mutants.mk
include proof.mk
include differential.mk
include fuzz.mk
include instructions.mk

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: .venv ## run the Lambda function on a failing and a passing event, and show its answers
	@$(MAKE) --no-print-directory build-HookFunction ARCHITECTURE=$(HOST_ARCHITECTURE) ARTIFACTS_DIR=$(CURDIR)/target/lambda
	@.venv/bin/python -m tests.runtime.demonstration target/lambda \
		events/resource-create-noncompliant.json events/resource-create-compliant.json

.PHONY: test
test: check test-rust docs-check instructions mutants-score deny test-deployment test-runtime test-aws ## everything that must hold before a change lands

.PHONY: check
check: ## format and lints
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

# Each program is compiled alone when it is built; what only one of them needs is seen here. It compiles AWS's SDK twice.
.PHONY: check-alone
check-alone: ## lints of each program without the other
	cargo clippy --locked --no-default-features --features lambda -- --deny warnings
	cargo clippy --locked --no-default-features --features cli -- --deny warnings

.PHONY: test-rust
test-rust: ## the tests of the engine, the hook, the command line and the README
	cargo test --locked

.PHONY: docs
docs: ## write docs/rules.md and docs/policy.schema.json from the rules
	cargo run --quiet --locked -- rules --format markdown > docs/rules.md
	cargo run --quiet --locked -- policy schema > docs/policy.schema.json

.PHONY: docs-check
docs-check: ## what is generated below docs/ is what the rules say, and everything public is documented
	cargo run --quiet --locked -- rules --format markdown | diff docs/rules.md -
	cargo run --quiet --locked -- policy schema | diff docs/policy.schema.json -
	RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --no-deps --lib

# Advisories need their database; where it cannot be reached that check is left out, and says so. A finding fails.
.PHONY: deny
deny: $(CARGO_DENY) ## licences, sources, duplicates and advisories of the dependencies
	$(CARGO_DENY) --locked check bans licenses sources
	@if $(CARGO_DENY) fetch db 2>target/tools/fetch.log; then \
		$(CARGO_DENY) --locked check --disable-fetch advisories; \
	else \
		echo "deny: the advisory database cannot be reached, so advisories are NOT checked here"; \
	fi

$(CARGO_DENY):
	cargo install cargo-deny --debug --quiet --locked --version $(CARGO_DENY_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build

$(CFN_GUARD):
	cargo install cfn-guard --quiet --locked --version $(CFN_GUARD_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build

.PHONY: build
build: ## build the command ecs-guard
	cargo build --release --locked --bin ecs-guard

# Where none is given, both commands take the one in samconfig.toml.
GIVEN_ARCHITECTURE = $(if $(filter file,$(origin ARCHITECTURE)),,--parameter-overrides Architecture=$(ARCHITECTURE))

# Not guided: SAM would ask for every parameter, propose the template's defaults whatever the stack has, and write the
# answers down for good, so that each Enter would switch off what somebody switched on.
.PHONY: deploy
deploy: .venv ## build and deploy with AWS SAM; the stack keeps its parameters
	.venv/bin/sam build $(GIVEN_ARCHITECTURE)
	.venv/bin/sam deploy $(GIVEN_ARCHITECTURE)
