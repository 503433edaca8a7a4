# What is given to others: the template for an organisation, and the release.
#
#   make org-template ARCHITECTURE=arm64    target/organization/: the function's zip file and the template for StackSets
#   make release                            target/ecs-guard-<version>/ and the same as a .tar.gz, for this architecture
#   make release RELEASE_ARCHITECTURES="arm64 x86_64"    with the function for both
#   make reproducible                       builds everything twice, in two folders; several minutes
#
# Included by the Makefile after deployment.mk, whose artifact it packs.

CARGO_CYCLONEDX_VERSION := 0.5.9
CARGO_CYCLONEDX := target/tools/bin/cargo-cyclonedx

VERSION := $(shell sed -n '/^version = "/ { s/.*"\(.*\)"/\1/p; q; }' Cargo.toml)
RELEASE := ecs-guard-$(VERSION)
RELEASE_DIR := target/$(RELEASE)
RELEASE_ARCHITECTURES ?= $(HOST_ARCHITECTURE)
ORGANIZATION_DIR := target/organization
ARCHIVE = .venv/bin/python -m release.archive

# The template and the zip file are of one build, and the template holds the zip file's hash.
.PHONY: org-template
org-template: .venv ## write the template for service-managed StackSets, and the zip file it deploys
	@rm -rf $(ORGANIZATION_DIR)
	@mkdir -p $(ORGANIZATION_DIR)
	@$(MAKE) --no-print-directory build-HookFunction ARTIFACTS_DIR=$(CURDIR)/$(ORGANIZATION_DIR)/function
	@$(ARCHIVE) zip $(ORGANIZATION_DIR)/ecs-guard-lambda-$(ARCHITECTURE).zip $(ORGANIZATION_DIR)/function/*
	@.venv/bin/python -m release.organization_template --architecture $(ARCHITECTURE) \
		--artifact $(ORGANIZATION_DIR)/ecs-guard-lambda-$(ARCHITECTURE).zip > $(ORGANIZATION_DIR)/template.json
	@rm -r $(ORGANIZATION_DIR)/function
	@ls $(ORGANIZATION_DIR)/*

# For the machine that builds, as `cargo install` would, but without its paths.
.PHONY: build-command
build-command:
	@[ -n "$(COMMAND_DIR)" ] || { echo "ecs-guard: set COMMAND_DIR, where the command goes" >&2; exit 2; }
	CARGO_ENCODED_RUSTFLAGS="$(USER_RUST_FLAGS)$(RUST_PATHS)" cargo build --release --locked \
		--no-default-features --features cli --bin ecs-guard --target-dir "$(LAMBDA_TARGET_DIR)/command" 2>&1
	@mkdir -p "$(COMMAND_DIR)"
	@install -m 755 "$(LAMBDA_TARGET_DIR)/command/release/ecs-guard" "$(COMMAND_DIR)/ecs-guard"

# One bill of materials for each program, of what is linked into it on its platform.
.PHONY: sbom
sbom: .venv $(CARGO_CYCLONEDX) ## write the CycloneDX bills of materials of both programs to target/sbom
	@mkdir -p target/sbom
	@host=$$(rustc -vV | sed -n 's/^host: //p'); \
	lambda=$$($(MAKE) --silent --no-print-directory lambda-target ARCHITECTURE=$(HOST_ARCHITECTURE)) || exit 1; \
	write() { \
		SOURCE_DATE_EPOCH=0 $(CARGO_CYCLONEDX) cyclonedx --quiet --format json --spec-version 1.5 --describe binaries \
			--no-default-features --features "$$1" --target "$$2" && \
		.venv/bin/python -m release.bill_of_materials --features "$$1" --target "$$2" < "$$3_bin.cdx.json" > "$$4" && \
		rm -f ./*_bin.cdx.json; \
	}; \
	write lambda "$$lambda" bootstrap target/sbom/ecs-guard-lambda.cdx.json && \
	write cli "$$host" ecs-guard target/sbom/ecs-guard.cdx.json
	@ls target/sbom/*

$(CARGO_CYCLONEDX):
	cargo install cargo-cyclonedx --quiet --locked --version $(CARGO_CYCLONEDX_VERSION) --root target/tools --target-dir target/tools/build
	rm -rf target/tools/build

.PHONY: release
release: .venv sbom ## write the release to target/: function, command, bills of materials, checksums
	@rm -rf $(RELEASE_DIR) $(RELEASE_DIR).tar.gz target/release-parts
	@mkdir -p $(RELEASE_DIR)
	@for architecture in $(RELEASE_ARCHITECTURES); do \
		$(MAKE) --no-print-directory org-template ARCHITECTURE=$$architecture && \
		mv $(ORGANIZATION_DIR)/ecs-guard-lambda-$$architecture.zip $(RELEASE_DIR) && \
		mv $(ORGANIZATION_DIR)/template.json $(RELEASE_DIR)/organization-template-$$architecture.json || exit 1; \
	done
	@$(MAKE) --no-print-directory build-command COMMAND_DIR=$(CURDIR)/target/release-parts
	@host=$$(rustc -vV | sed -n 's/^host: //p'); \
	$(ARCHIVE) tar $(RELEASE_DIR)/$(RELEASE)-$$host.tar.gz $(RELEASE)-$$host \
		target/release-parts/ecs-guard README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT
	@cp target/sbom/* release/service-control-policy.json docs/policy.schema.json $(RELEASE_DIR)
	@cp CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT $(RELEASE_DIR)
	@$(ARCHIVE) sums $(RELEASE_DIR) > $(RELEASE_DIR)/SHA256SUMS
	@$(ARCHIVE) tar $(RELEASE_DIR).tar.gz $(RELEASE) $(RELEASE_DIR)/*
	@rm -r target/release-parts
	@cat $(RELEASE_DIR)/SHA256SUMS

# Two copies of the committed files, in folders whose names differ in length, each with a target directory and a copy
# of Cargo's home of its own. What differs between the releases fails.
.PHONY: reproducible
reproducible: .venv $(CARGO_CYCLONEDX) ## build the release twice, in two folders, and compare every byte
	release/reproducible.sh
