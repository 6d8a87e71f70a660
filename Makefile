# What one does with lambdad's source. `make run` and `make test` set up what they need.
.PHONY: run test test-v2 bench fuzz soak check fmt

run: ## build, serve, deploy an example, invoke it, keep serving
	@scripts/run

test: ## every test
	@scripts/test

test-v2: ## the sandbox's tests on a host with control groups of version 2 alone, under qemu
	@scripts/test-v2

bench: ## the table of record; ROW=n for one row
	@scripts/bench $(ROW)

fuzz: ## a minute of hostile bytes for every parser
	@scripts/fuzz

soak: ## twenty thousand invocations that go wrong in every way
	@scripts/soak

check: ## format and lints, as CI asks them
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fmt:
	cargo fmt --all
