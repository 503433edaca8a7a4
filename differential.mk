# The five baseline rules beside cfn-guard with rules of our own (tests/guard/), on generated task definitions.
#
#   make differential                             5,000 task definitions, other ones each time; the seed is printed
#   make differential DIFFERENTIAL_SEED=7         those of a seed
#   make differential DIFFERENTIAL_CASES=100000
#
# Included by the Makefile.

DIFFERENTIAL_CASES ?= 5000
DIFFERENTIAL_SEED ?=

.PHONY: differential
differential: $(CFN_GUARD) ## hold the rules against cfn-guard with rules of our own, on generated task definitions
	$(CFN_GUARD) test --rules-file tests/guard/baseline.guard --test-data tests/guard/baseline_tests.yaml
	CFN_GUARD=$(CURDIR)/$(CFN_GUARD) DIFFERENTIAL_CASES=$(DIFFERENTIAL_CASES) DIFFERENTIAL_SEED=$(DIFFERENTIAL_SEED) \
		cargo test --locked --test differential -- --include-ignored --nocapture
