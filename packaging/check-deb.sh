#!/usr/bin/env bash
# Installs a Debian package of Counterpoise, starts it, removes it: packaging/check-deb.sh [PACKAGE.deb]
#
# Without a package it builds one. Needs root (it installs), dpkg, xvfb and x11-utils.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "check-deb.sh: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "installing needs root"
for tool in dpkg xvfb-run xwininfo; do
    command -v "$tool" >/dev/null || fail "$tool is missing (Debian: apt-get install xvfb xauth x11-utils)"
done
! dpkg-query --show counterpoise >/dev/null 2>&1 || fail "counterpoise is installed already; remove it first"

package=${1:-$(packaging/deb.sh)}
[ -f "$package" ] || fail "there is no $package"
# What the program writes for its user goes to a home of our own, so that what is left in the system can be seen.
HOME=$(mktemp -d)
export HOME
unset DISPLAY WAYLAND_DISPLAY WAYLAND_SOCKET XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
cleanup() {
    dpkg-query --show counterpoise >/dev/null 2>&1 && dpkg --purge counterpoise >&2
    rm -rf "$HOME"
}
trap cleanup EXIT

say "installing $package"
dpkg --install "$package" >&2
files=$(dpkg --listfiles counterpoise)

say "the command line"
counterpoise --version >&2
counterpoise doctor >&2

say "the desktop files"
! command -v desktop-file-validate >/dev/null || desktop-file-validate /usr/share/applications/io.github.counterpoise.Counterpoise.desktop
! command -v appstreamcli >/dev/null || appstreamcli validate --no-net /usr/share/metainfo/io.github.counterpoise.Counterpoise.metainfo.xml >&2

say "the window"
# Runs inside the virtual display: wait for a window of the program, then a few seconds more, in which it must live.
# shellcheck disable=SC2016
xvfb-run --auto-servernum --server-args='-screen 0 1280x900x24 -nolisten tcp' bash -c '
    counterpoise & program=$!
    for _ in $(seq 60); do
        sleep 0.5
        kill -0 "$program" 2>/dev/null || { wait "$program"; echo "the program ended with $? before its window came" >&2; exit 1; }
        if xwininfo -root -tree | grep -q "\"Counterpoise"; then
            sleep 5
            kill -0 "$program" 2>/dev/null || { echo "the window closed by itself" >&2; exit 1; }
            kill "$program"
            exit 0
        fi
    done
    kill "$program"
    echo "no window after 30 seconds" >&2
    exit 1' || fail "the window did not start under Xvfb"

say "removing it"
dpkg --remove counterpoise >&2
! dpkg-query --show counterpoise >/dev/null 2>&1 || fail "dpkg still knows the package"
left=$(while IFS= read -r file; do
    if [ -e "$file" ] && [ ! -d "$file" ]; then echo "$file"; fi
done <<< "$files"
    find /usr /etc /var /opt -xdev -ipath '*counterpoise*' 2>/dev/null || true)
[ -z "$left" ] || fail "left behind: $left"
say "all is well: it installs, starts and leaves nothing behind"
