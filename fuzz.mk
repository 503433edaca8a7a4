# Fuzzing: libFuzzer invents texts for every entrance, and tests/invariants/ says what must hold of each.
#
#   make fuzz                              every target for FUZZ_SECONDS, one after the other, on one core
#   make fuzz FUZZ_SECONDS=3600 FUZZ_TARGETS=yaml
#   make fuzz-coverage                     what of src/ the corpora reach, by file
#
# The seeds are the project's own templates, events and attempts of the bypass suite; what libFuzzer adds stays in
# fuzz/corpus, which is not committed. A crash leaves its input in fuzz/artifacts: put it into tests/regressions/TARGET,
# where `cargo test` tries it from then on.
#
# The sanitizers are off: there is no unsafe code here for them to watch, and without them the project's own compiler
# does, instead of a nightly one.
# Included by the Makefile.

CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := target/tools/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= yaml json event template policy exception fix
FUZZ_SEEDS := target/fuzz-seeds

# The longest input of each target, in bytes. A fix judges its text several times.
FUZZ_LENGTH_yaml := 65536
FUZZ_LENGTH_json := 65536
FUZZ_LENGTH_event := 32768
FUZZ_LENGTH_template := 16384
FUZZ_LENGTH_policy := 16384
FUZZ_LENGTH_exception := 16384
FUZZ_LENGTH_fix := 4096

# Where one input takes longer than this, in seconds, the target fails.
FUZZ_TIMEOUT ?= 10

.PHONY: fuzz fuzz-build fuzz-seeds fuzz-coverage
fuzz: fuzz-build fuzz-seeds ## give every entrance invented texts, FUZZ_SECONDS each; FUZZ_TARGETS chooses
	@broken=; for target in $(FUZZ_TARGETS); do $(MAKE) --no-print-directory fuzz-$$target || broken="$$broken $$target"; done; \
	[ -z "$$broken" ] || { echo "fuzz: broken:$$broken" >&2; exit 1; }

fuzz-build: $(CARGO_FUZZ)
	$(CARGO_FUZZ) build --sanitizer none

fuzz-seeds:
	FUZZ_SEEDS=$(CURDIR)/$(FUZZ_SEEDS) cargo test --quiet --locked --test bypass -- --ignored seeds

fuzz-%:
	@mkdir -p fuzz/corpus/$*
	@echo "fuzz: $*"
	$(CARGO_FUZZ) run --sanitizer none $* fuzz/corpus/$* $(FUZZ_SEEDS)/$* \
		-- -max_total_time=$(FUZZ_SECONDS) -timeout=$(FUZZ_TIMEOUT) -rss_limit_mb=2048 -max_len=$(FUZZ_LENGTH_$*) \
		-dict=fuzz/dictionaries/$*.dict -print_final_stats=1

$(CARGO_FUZZ):
	cargo install cargo-fuzz --quiet --locked --version $(CARGO_FUZZ_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build

# Lines that the corpora and the seeds reach, of the modules that each target is about. The tools of the compiler's own LLVM
# read what the instrumented targets write.
LLVM_TOOLS = $(shell rustc --print target-libdir)/../bin
FUZZ_HOST = $(shell rustc -vV | sed -n "s/host: //p")

fuzz-coverage: $(CARGO_FUZZ) fuzz-seeds ## what of src/ the fuzz targets have reached, by file
	@[ -x $(LLVM_TOOLS)/llvm-cov ] || rustup component add llvm-tools
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target && \
		$(CARGO_FUZZ) coverage --sanitizer none $$target fuzz/corpus/$$target $(FUZZ_SEEDS)/$$target 2>target/fuzz-coverage.log || \
			{ tail -20 target/fuzz-coverage.log; exit 1; }; \
	done
	$(LLVM_TOOLS)/llvm-profdata merge -sparse fuzz/coverage/*/coverage.profdata -o target/fuzz.profdata
	$(LLVM_TOOLS)/llvm-cov report -instr-profile=target/fuzz.profdata \
		$(foreach target,$(FUZZ_TARGETS),-object target/$(FUZZ_HOST)/coverage/$(FUZZ_HOST)/release/$(target)) \
		--ignore-filename-regex='(registry|rustc|tests|fuzz)/' -show-region-summary=false -show-branch-summary=false
