#!/bin/bash
# Debian's unzip (6.0-28) reads the names of a zip archive as DOS's, although the archive says that they are UTF-8 (bit 11 of its flags), unless it
# was also "made on Unix". fflate 0.8.2 says "made on DOS" by default, as many libraries do: "Grüße.txt" comes out garbled, and unzip ends with 0.
# With fflate's option `os: 3` the same archive is right, and bsdtar, Python and busybox read both.
# Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.4.4, bit 11, and D.1: with it "the file name and comment ... MUST support
# The Unicode Standard ... using UTF-8", wherever the archive was made.
#
# Uses: Node.js 22 or newer, npm, Debian's unzip, python3.
set -eu
command -v unzip python3 > /dev/null || { echo "needs: apt-get install unzip python3"; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export LC_ALL=C.UTF-8
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund fflate@0.8.2

cat > main.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import { strToU8, zipSync } from 'fflate'

const files = { 'Grüße.txt': strToU8('hello'), '日本語.txt': strToU8('hello') }
writeFileSync('dos.zip', zipSync(files))
writeFileSync('unix.zip', zipSync(files, { os: 3 }))
JS
node main.mjs
expected=$(printf 'Grüße.txt\n日本語.txt')
version=$(dpkg-query -W -f '${Version}' unzip 2> /dev/null || echo unknown)
echo "unzip $version, fflate $(node -p 'require("./node_modules/fflate/package.json").version'), $(python3 --version)"
echo "expected: both archives give the names $(echo $expected)"
result=0
for archive in dos unix; do
  mkdir "$archive"
  (cd "$archive" && unzip -q "../$archive.zip") && code=0 || code=$?
  names=$(ls "$archive" | sort)
  byPython=$(python3 -c 'import sys, zipfile; print("\n".join(sorted(zipfile.ZipFile(sys.argv[1]).namelist())))' "$archive.zip")
  echo "seen, $archive.zip: unzip ends with $code, and gives $(echo "$names" | cat -v | tr '\n' ' ')"
  [ "$byPython" = "$expected" ] || result=1
  if [ "$archive" = unix ]; then [ "$names" = "$expected" ] || result=1; else [ "$names" != "$expected" ] && [ "$code" = 0 ] || result=1; fi
done
[ "$result" = 0 ] && echo "as described" || echo "changed"
exit "$result"
