# The bypass suite beside other tools. Our own column is a test like any other (`cargo test --test bypass`).
# cfn-guard is installed below target/; Checkov is asked where it is on the path, at some seconds for each case.
# Included by the Makefile.

CFN_GUARD_VERSION := 3.2.1
CFN_GUARD := $(firstword $(wildcard target/bench-peers/tools/bin/cfn-guard) target/tools/bin/cfn-guard)

.PHONY: bypass
bypass: $(CFN_GUARD) ## put the bypass suite to ecs-guard and to other tools, and print who is right
	CFN_GUARD=$(CURDIR)/$(CFN_GUARD) cargo test --quiet --locked --test bypass -- --ignored --nocapture table

target/tools/bin/cfn-guard:
	cargo install cfn-guard --quiet --locked --version $(CFN_GUARD_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build
