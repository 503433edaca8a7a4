# A new rule: its file, and its line in the list. Nothing else knows the rules by name.
# Included by the Makefile.

NEW_RULE_MODULE = $(subst -,_,$(NAME))
NEW_RULE_FILE = src/rules/$(NEW_RULE_MODULE).rs

.PHONY: new-rule
new-rule: ## begin a rule, named after the bad thing: make new-rule NAME=some-bad-thing
	@echo '$(NAME)' | grep -qxE '[a-z]+(-[a-z]+)*' || { echo 'NAME=some-bad-thing: lower case, words joined by -' >&2; exit 2; }
	@test ! -e $(NEW_RULE_FILE) || { echo '$(NEW_RULE_FILE) is there already' >&2; exit 2; }
	@type=$$(echo '$(NAME)' | awk -F - '{ for (i = 1; i <= NF; i++) printf "%s", toupper(substr($$i, 1, 1)) substr($$i, 2) }') && \
		version=$$(awk -F '"' '/^version/ { print $$2; exit }' Cargo.toml) && \
		sed -e "s/@NAME@/$(NAME)/g" -e "s/@TYPE@/$$type/g" -e "s/@VERSION@/$$version/g" src/rules/new_rule.txt > $(NEW_RULE_FILE) && \
		awk -v line="    $(NEW_RULE_MODULE)::$$type," '$$0 == "}" { print line } { print }' src/rules/mod.rs > src/rules/mod.rs.new && \
		mv src/rules/mod.rs.new src/rules/mod.rs
	@echo 'Write $(NEW_RULE_FILE): `cargo test --lib rules::` fails on its example until it does what it says.'
	@echo 'Then `make docs` writes docs/rules.md.'
