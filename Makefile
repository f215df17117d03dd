# The two commands of the README, and the steps they are made of.

# rustup's folder is on the path of login shells only.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.PHONY: run test setup setup-tests lint unit browser licences docs screenshots bench-load

# Starts the server with the data folder ./data; the first start prints a token and lines to try. Other settings by the
# environment: `make run ATELIER_LISTEN=0.0.0.0:9000`, see docs/settings.md.
run: setup
	cargo build --release --locked --package atelier
	@echo "data folder: $(CURDIR)/data   stop with Ctrl-C   program: target/release/atelier"
	@exec target/release/atelier serve

# Everything that must hold before a change goes in.
test:
	@scripts/all-tests

# Installs what the build needs and is missing; quiet when nothing is.
setup:
	@scripts/setup

# The same for what only the tests need.
setup-tests:
	@scripts/setup tests

# Formatting and Clippy, by a build that the tests go on with.
lint:
	@scripts/lint

# Doc tests run apart: nextest has no part in them.
unit:
	@scripts/unit-tests

# The studio in headless Chromium.
browser:
	@scripts/browser-tests

# The rules of deny.toml. Licences, bans and sources are a test of `make unit` too (crates/cli/tests/licences.rs):
# cargo-deny takes minutes to build, so it looks besides only where it is installed.
licences:
	@if command -v cargo-deny >/dev/null 2>&1; then cargo deny --locked check licenses bans sources; \
	else echo "licences: held by a test; cargo deny looks closer once it is there (cargo install cargo-deny --locked)"; fi

# Rewrites the reference pages from the declarations of plugins and settings, and the README's picture with the engine as it is.
docs: setup
	@mkdir -p out
	cargo run --quiet --locked --package atelier -- plugins --markdown > docs/plugins.md
	cargo run --quiet --locked --package atelier -- check-config --markdown > docs/settings.md
	cargo run --quiet --locked --package atelier -- retouch samples/portrait.jpg --preset balanced -o out/portrait.png
	cargo run --quiet --locked --package atelier --example before_after -- \
		samples/portrait.jpg out/portrait.png docs/before-after.jpg 290 150 530 640

# Renews the pictures of the studio's pages in docs/studio.
screenshots: setup setup-tests
	@scripts/browser-tests screenshots

# The server under load, on this machine: jobs a second, waiting times, memory, a crowd at once. Takes minutes; no test.
bench-load: setup
	cargo build --release --locked --package atelier --bin atelier --example load
	@target/release/examples/load
