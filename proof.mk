# All evidence in one command, each kind in a limited time: an hour or so on two cores, the first time longer, for tools
# are installed. Included by the Makefile.

PROOF_FUZZ_SECONDS ?= 20

.PHONY: proof
proof: ## everything that shows ecs-guard to be right, in a limited time, and one table; fails on any regression
	@python3 tests/proof.py --fuzz-seconds $(PROOF_FUZZ_SECONDS)
