#!/bin/sh
# Install the checkers of the page's modules into node_modules/ here: versions and hashes are those
# of package-lock.json, which names no registry. Called by make, which skips it while the stamp in
# there is newer than the lock file.
set -eu
cd "$(dirname "$0")"
command -v npm >/dev/null || {
    echo "The page's modules are checked by Node.js 18.19 or newer with npm. On Debian: apt install npm" >&2
    exit 1
}
echo "Installing what tests/js/package-lock.json pins (quietly)"
npm ci --silent --ignore-scripts
touch node_modules/installed.stamp
