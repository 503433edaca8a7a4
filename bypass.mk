# The bypass suite beside other tools. Our own column is a test like any other (`cargo test --test bypass`).
# cfn-guard is installed below target/; Checkov is asked where it is on the path, or where CHECKOV says, at some seconds for each
# case: make bypass CHECKOV=benches/.venv-command-line/bin/checkov, once `make bench-command-line` has installed it.
# Included by the Makefile.

.PHONY: bypass
bypass: $(CFN_GUARD) ## put the bypass suite to ecs-guard and to other tools, and print who is right
	CHECKOV=$(abspath $(CHECKOV)) CFN_GUARD=$(CURDIR)/$(CFN_GUARD) cargo test --quiet --locked --test bypass -- --ignored --nocapture table
