#!/usr/bin/env bash
# Draws the PNG sizes of the icon from its SVG.
#
# Needs rsvg-convert (Debian: librsvg2-bin); optipng makes the files smaller where it is there.
# Run it after a change of assets/icon/counterpoise.svg and commit what it writes.
set -euo pipefail
cd "$(dirname "$0")/../assets/icon"

command -v rsvg-convert >/dev/null || { echo "icon.sh needs rsvg-convert (Debian: apt-get install librsvg2-bin)" >&2; exit 1; }

for size in 16 32 48 64 128 256 512; do
    rsvg-convert --width "$size" --height "$size" counterpoise.svg --output "counterpoise-$size.png"
    if command -v optipng >/dev/null; then
        optipng -quiet -o5 -strip all "counterpoise-$size.png"
    fi
done
ls -l counterpoise-*.png
