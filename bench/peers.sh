#!/bin/sh
# Installs the programs that the benchmark compares bgtasks with, on Debian and
# its like:
#
#	sh bench/peers.sh
#
# What is there already is left as it is. What can't be had is named at the end,
# and is no error: the benchmark lists it as absent. No service is started.
# PEERS (/usr/local if not set) is where programs go that are no Debian packages.
set -u

PEERS=${PEERS:-/usr/local}
absent=

have() { command -v "$1" >/dev/null 2>&1 || [ -x "/lib/systemd/$1" ] || [ -x "$PEERS/bin/$1" ]; }

# lacks notes a peer that could not be had, and why.
lacks() {
	echo "not available: $1 ($2)" >&2
	absent="$absent $1"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages of daemons start them when they are installed. This tells Debian's
# scripts not to, and goes when we do.
policy=/usr/sbin/policy-rc.d
quieten() {
	[ -e "$policy" ] && return
	trap 'as_root rm -f "$policy"' EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}

# package PROGRAM PACKAGE installs the package if the program isn't there.
package() {
	have "$1" && return
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null ||
		lacks "$2" "apt-get install failed"
}

packages() {
	if ! have apt-get; then
		lacks "nq task-spooler daemonize conmon supervisor s6 systemd" "no apt-get here"
		return
	fi
	as_root apt-get update -qq || echo "apt-get update failed: trying with the lists that are there" >&2
	quieten
	while read -r program name; do
		package "$program" "$name" </dev/null
	done <<-LIST
		setsid util-linux
		cc gcc
		nq nq
		tsp task-spooler
		daemonize daemonize
		conmon conmon
		supervisord supervisor
		s6-supervise s6
		systemd systemd
		dbus-daemon dbus-user-session
		npm npm
	LIST
}

from_npm() {
	have pm2 && return
	have npm || { lacks pm2 "no npm here"; return; }
	as_root npm install --global --silent --no-fund --no-audit --prefix "$PEERS" pm2 >/dev/null ||
		lacks pm2 "npm install failed"
}

from_cargo() {
	have pueued && return
	have cargo || { lacks pueue "no cargo here"; return; }
	build=$(mktemp -d) || return
	if CARGO_TARGET_DIR="$build" cargo install --quiet --locked --root "$build/root" pueue; then
		as_root install -m 755 "$build/root/bin/pueue" "$build/root/bin/pueued" "$PEERS/bin/"
	else
		lacks pueue "cargo install failed"
	fi
	rm -rf "$build"
}

packages
from_npm
from_cargo
if [ -n "$absent" ]; then echo "peers.sh: could not be had:$absent"; fi
