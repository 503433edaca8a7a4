# Instructions of the hot paths, by valgrind, against benches/instructions.txt. Where valgrind is not installed nothing is
# counted, and that is said.
# Included by the Makefile.

INSTRUCTIONS = cargo bench --quiet --locked --no-default-features --bench instructions --

.PHONY: instructions instructions-record
instructions: ## count the instructions of the hot paths, and fail where one takes more than is recorded
	$(INSTRUCTIONS)

instructions-record: ## record them, after a change that is meant
	$(INSTRUCTIONS) record
