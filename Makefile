# The two commands of the README, and the steps they are made of.

# rustup's folder is on the path of login shells only.
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: run test setup lint unit licences docs

# Retouches the sample portrait and says where the result lies.
run: setup
	@mkdir -p out
	cargo build --release --locked --package atelier
	cargo run --release --locked --quiet --package atelier -- retouch samples/portrait.jpg --preset balanced -o out/portrait.jpg
	@echo "before: samples/portrait.jpg"
	@echo "after:  out/portrait.jpg"

# Everything that must hold before a change goes in.
test: setup lint unit licences

# Installs what the build needs and is missing; quiet when nothing is.
setup:
	@scripts/setup

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Doc tests run apart: nextest has no part in them.
unit:
	@scripts/unit-tests

# The licence check needs cargo-deny, which takes minutes to build: it runs where it is installed.
licences:
	@if command -v cargo-deny >/dev/null 2>&1; then cargo deny --locked check licenses bans sources; \
	else echo "licences: cargo-deny is not installed, check left out (cargo install cargo-deny --locked)"; fi

# Rewrites the reference page from the plugins' own declarations, and the README's picture with the engine as it is.
docs: setup
	@mkdir -p out
	cargo run --quiet --locked --package atelier -- plugins --markdown > docs/plugins.md
	cargo run --quiet --locked --package atelier -- retouch samples/portrait.jpg --preset balanced -o out/portrait.png
	cargo run --quiet --locked --package atelier --example before_after -- \
		samples/portrait.jpg out/portrait.png docs/before-after.jpg 290 150 530 640
