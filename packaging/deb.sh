#!/usr/bin/env bash
# Builds the Debian package: packaging/deb.sh [--no-build]
#
# Writes target/deb/counterpoise_VERSION_ARCH.deb and prints its path on stdout. With --no-build it packs the
# target/release/counterpoise that is there. Needs cargo, dpkg-deb and binutils, and nothing from the network beyond
# what cargo needs.
set -euo pipefail
cd "$(dirname "$0")/.."

id=io.github.counterpoise.Counterpoise
target=${CARGO_TARGET_DIR:-target}
binary=$target/release/counterpoise
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
architecture=$(dpkg --print-architecture)

say() { echo "deb.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

case ${1:-} in
    "") cargo build --release --locked >&2 ;;
    --no-build) [ -x "$binary" ] || fail "there is no $binary to pack; run without --no-build" ;;
    *) fail "unknown option $1; usage: packaging/deb.sh [--no-build]" ;;
esac

# The libraries that the program is linked to must be the ones that Depends names; X11, Wayland and GL are opened while
# it runs, by name, and so are Recommends: the command line works without them.
needed=$(objdump --private-headers "$binary" | awk '$1 == "NEEDED" { print $2 }')
for library in $needed; do
    case $library in
        libc.so.6 | libm.so.6 | libgcc_s.so.1 | ld-linux-*) ;;
        *) fail "the program is linked to $library, which Depends in packaging/deb.sh does not cover" ;;
    esac
done
glibc=$(objdump --dynamic-syms "$binary" | grep --only-matching 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort --version-sort | tail -n 1)
[ -n "$glibc" ] || fail "cannot tell which glibc the program needs"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
share=$stage/usr/share
doc=$share/doc/counterpoise

install -D --mode=755 "$binary" "$stage/usr/bin/counterpoise"
strip --strip-unneeded "$stage/usr/bin/counterpoise"
install -D --mode=644 "packaging/linux/$id.desktop" "$share/applications/$id.desktop"
install -D --mode=644 "packaging/linux/$id.metainfo.xml" "$share/metainfo/$id.metainfo.xml"
install -D --mode=644 "packaging/linux/$id.mime.xml" "$share/mime/packages/$id.xml"
install -D --mode=644 assets/icon/counterpoise.svg "$share/icons/hicolor/scalable/apps/$id.svg"
for size in 16 32 48 64 128 256 512; do
    install -D --mode=644 "assets/icon/counterpoise-$size.png" "$share/icons/hicolor/${size}x$size/apps/$id.png"
done
install -D --mode=644 packaging/linux/copyright "$doc/copyright"
install -D --mode=644 assets/fonts/OFL.txt "$doc/OFL.txt"
gzip -9 --no-name --stdout CHANGELOG.md > "$doc/changelog.gz"

mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
"$binary" completions bash > "$share/bash-completion/completions/counterpoise"
"$binary" completions zsh > "$share/zsh/vendor-completions/_counterpoise"
"$binary" completions fish > "$share/fish/vendor_completions.d/counterpoise.fish"

mkdir "$stage/DEBIAN"
size_kib=$(du --summarize --apparent-size --block-size=1024 "$stage/usr" | cut -f 1)
cat > "$stage/DEBIAN/control" <<CONTROL
Package: counterpoise
Version: $version
Architecture: $architecture
Maintainer: The Counterpoise developers
Section: science
Priority: optional
Installed-Size: $size_kib
Depends: libc6 (>= $glibc), libgcc-s1
Recommends: libx11-6, libx11-xcb1, libxcursor1, libxi6, libxrender1, libxkbcommon0, libxkbcommon-x11-0,
 libgl1, libegl1, libgl1-mesa-dri, libwayland-client0, libwayland-egl1
Description: steer a language model while it writes
 Counterpoise guides a language model word by word with small reward models,
 one slider for each. The plain and the guided text appear side by side, and
 the colour of each word shows what every objective thinks of it.
 .
 The package holds the window, the same functions on the command line, and a
 small model, so that it works without a network or a graphics card.
CONTROL

# The same input gives the same package: one time for every file, one owner, the order of names.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
find "$stage" -exec chmod u=rwX,go=rX {} + -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$target/deb"
package=$target/deb/counterpoise_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$stage" "$package" >&2
echo "$package"
