# Mutation testing: code that decides verdicts is changed on purpose, and a test must notice.
# Which code and which tests: .cargo/mutants.toml. What was run, and what came of it: tests/mutants/record.json, for the
# sources whose hash it names. Included by the Makefile.

CARGO_MUTANTS_VERSION := 27.1.0
CARGO_MUTANTS := target/tools/bin/cargo-mutants
# How many source files to run, and of which; one has thirty mutants or so. Workplaces side by side, one for each core.
MUTANTS_SHARDS ?= 1
MUTANTS_FILES ?= *
MUTANTS_JOBS ?= $(shell nproc)

.PHONY: mutants
mutants: $(CARGO_MUTANTS) ## run the mutants of the next files, MUTANTS_SHARDS=1, and tell the score so far
	CARGO_MUTANTS=$(CURDIR)/$(CARGO_MUTANTS) python3 tests/mutants/mutants.py run --shards $(MUTANTS_SHARDS) --files '$(MUTANTS_FILES)' --jobs $(MUTANTS_JOBS)
	python3 tests/mutants/mutants.py report

.PHONY: mutants-score
mutants-score: ## the score of the mutants that were run, and which were
	python3 tests/mutants/mutants.py report

.PHONY: mutants-proof
mutants-proof: $(CARGO_MUTANTS) ## run the mutants of what changed since the record, and a sample of the others
	CARGO_MUTANTS=$(CURDIR)/$(CARGO_MUTANTS) python3 tests/mutants/mutants.py proof --jobs $(MUTANTS_JOBS)

$(CARGO_MUTANTS):
	cargo install cargo-mutants --quiet --locked --version $(CARGO_MUTANTS_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build
