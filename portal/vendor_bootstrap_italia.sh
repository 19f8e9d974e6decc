#!/bin/sh
# Copies from the npm package bootstrap-italia the three things the portal uses: the style sheet, the sprite, seven fonts.
# Only who updates it needs npm:  sh portal/vendor_bootstrap_italia.sh 2.18.3
# Two things are taken out of the style sheet: a font written as data: (our CSP refuses it, and no page shows a video)
# and the sourceMappingURL line (collectstatic looks for the map and stops).
set -eu
version=${1:?the version to copy, for example 2.18.3}
here=$(cd "$(dirname "$0")/static/bi" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "bootstrap-italia@$version" >/dev/null
tar -xzf "bootstrap-italia-$version.tgz"
dist=package/dist

mkdir -p "$here/fonts"
python3 - "$dist/css/bootstrap-italia.min.css" "$here/bootstrap-italia.min.css" <<'PYTHON'
import re
import sys
from pathlib import Path

source, target = map(Path, sys.argv[1:])
css = source.read_text(encoding="utf-8")
css, fonts = re.subn(r"@font-face\{[^{}]*url\(data:application/font-woff[^{}]*\}", "", css)
css, maps = re.subn(r"/\*# sourceMappingURL=[^*]*\*/\s*", "", css)
if (fonts, maps) != (1, 1):
    sys.exit(f"expected one data: font and one sourceMappingURL, found {fonts} and {maps}: read the new style sheet")
target.write_text(css, encoding="utf-8")
PYTHON
cp "$dist/svg/sprites.svg" "$here/sprites.svg"
cp package/LICENSE "$here/LICENSE"
for face in 300 regular italic 600 700; do
  cp "$dist/fonts/Titillium_Web/titillium-web-v10-latin-ext_latin-$face.woff2" "$here/fonts/"
done
for face in regular 700; do
  cp "$dist/fonts/Roboto_Mono/roboto-mono-v13-latin-ext_latin-$face.woff2" "$here/fonts/"
done
cp "$dist/fonts/Titillium_Web/OFL.txt" "$here/fonts/Titillium-OFL.txt"
cp "$dist/fonts/Roboto_Mono/LICENSE.txt" "$here/fonts/Roboto-Mono-LICENSE.txt"

package=$(sha256sum "bootstrap-italia-$version.tgz")
cd "$here"
{
  echo "bootstrap-italia $version, npm package, BSD-3-Clause; copied by portal/vendor_bootstrap_italia.sh"
  echo "Titillium Web: OFL 1.1; Roboto Mono: Apache-2.0 (licences beside the fonts)"
  echo
  echo "$package"
  sha256sum bootstrap-italia.min.css sprites.svg LICENSE fonts/*
} >VERSION.txt
