# The bypass suite beside other tools. Our own column is a test like any other (`cargo test --test bypass`).
# cfn-guard is installed below target/; Checkov is asked where it is on the path, at some seconds for each case.
# Included by the Makefile.

.PHONY: bypass
bypass: $(CFN_GUARD) ## put the bypass suite to ecs-guard and to other tools, and print who is right
	CFN_GUARD=$(CURDIR)/$(CFN_GUARD) cargo test --quiet --locked --test bypass -- --ignored --nocapture table
