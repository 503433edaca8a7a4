# The commands that ask AWS: their tests against servers on this machine, and how fast an audit is.
# Included by the Makefile after deployment.mk, which makes .venv.

# The command as it is built for tests, or the one that ECS_GUARD names.
.PHONY: test-aws
test-aws: .venv ## put audit, results and status to moto and to recorded replies of AWS
ifdef ECS_GUARD
	.venv/bin/python -m pytest tests/aws
else
	cargo build --quiet --locked --bin ecs-guard
	ECS_GUARD="$(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/debug/ecs-guard" .venv/bin/python -m pytest tests/aws
endif

# 1,000 stacks of a local server, beside AWS's own command on 20 of them, one by one, in the same run.
BENCH_AUDIT_VENV := benches/.venv-audit

.PHONY: bench-audit
bench-audit: $(BENCH_AUDIT_VENV)/requirements.txt build ## measure an audit beside one-by-one calls of awscli; writes docs/performance.md
	$(BENCH_AUDIT_VENV)/bin/python -m benches.audit --ecs-guard target/release/ecs-guard \
		--aws $(BENCH_AUDIT_VENV)/bin/aws --document docs/performance.md

# The copy of the requirements is the last thing made, so an interrupted installation starts over.
$(BENCH_AUDIT_VENV)/requirements.txt: benches/requirements-audit.txt
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@
