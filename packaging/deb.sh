#!/usr/bin/env bash
# Makes target/debian/sidetone_….deb: the program, its man pages and completions, a systemd unit
# with a user of its own, and a configuration file. What goes where is in
# crates/sidetone/Cargo.toml.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo deb --version >/dev/null 2>&1 || cargo install --locked cargo-deb
make ui
cargo build --release --locked --package sidetone --features email,oidc,parquet,ui
target=${CARGO_TARGET_DIR:-target}/release
made=$target/deb # where cargo-deb looks for what is built
rm -rf "$made"
mkdir -p "$made"
"$target/sidetone" man "$made/man"
gzip -9n "$made"/man/*
for shell in bash zsh fish; do "$target/sidetone" completions $shell >"$made/sidetone.$shell"; done
cargo deb --package sidetone --no-build
