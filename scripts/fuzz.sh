#!/bin/sh
# Runs every fuzz target of the module for a while: sh scripts/fuzz.sh [DURATION]
set -eu
time=${1:-10s}

for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
	done
done
