# The task file. `make ci` is what CI runs.
.PHONY: demo test setup fmt lint docs kills scanners bench ci

demo: ## open the console on the demo world
	cargo run --release -- demo

setup: ## install what the tests need (Debian packages, as root)
	tests/setup.sh

test: setup ## run all tests
	cargo test --locked

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

docs: ## write the generated references anew
	COUNTERSIGN_WRITE_DOCS=1 cargo test --locked --test it docs::

kills: ## kill a decision, and a writer of the ledger, at 50 points
	COUNTERSIGN_KILLS=50 cargo test --locked --test it crash::
	COUNTERSIGN_KILLS=50 cargo test --locked --lib killed_writers

scanners: ## run real scanners over tests/sample, and hold their formats to each other
	tests/real-scanners.sh
	COUNTERSIGN_REAL_SCANNERS=1 cargo test --locked --test it real_scanners::

bench: ## print the ratios that docs/performance.md quotes
	cargo bench --locked

ci:
	bash .ci/run
