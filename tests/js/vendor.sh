#!/bin/sh
# Fetch the files of other people that the page ships, of the versions named here, and write their
# hashes to hashes.txt beside them; a test compares those. Called by hand when a version changes.
set -eu
UPLOT=1.6.32
cd "$(dirname "$0")/../../src/starwatch/page/static/vendor"
taken=$(mktemp -d)
trap 'rm -rf "$taken"' EXIT
npm pack --silent --pack-destination "$taken" "uplot@$UPLOT" >/dev/null
tar xzf "$taken/uplot-$UPLOT.tgz" -C "$taken"
cp "$taken/package/dist/uPlot.esm.js" uPlot.esm.js
cp "$taken/package/dist/uPlot.min.css" uPlot.min.css
cp "$taken/package/dist/uPlot.d.ts" uPlot.esm.d.ts # for the type checker alone
cp "$taken/package/LICENSE" uPlot.licence.txt
printf 'uPlot %s, MIT, https://github.com/leeoniya/uPlot\n' "$UPLOT" >versions.txt
sha256sum uPlot.* >hashes.txt
