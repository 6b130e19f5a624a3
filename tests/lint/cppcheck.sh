#!/usr/bin/env bash
# cppcheck over our own rooms. $1: the build folder with compile_commands.json.
set -u
cd "$(dirname "$0")/../.." || exit 1
python3 - "$1/compile_commands.json" "$1/cppcheck.json" <<'PYTHON'
import json
import re
import sys
rows = json.load(open(sys.argv[1]))
ours = [row for row in rows if re.search(r"/(core|messages|actors|gateway|cli)/[^/]*(/[^/]*)?\.c$", row["file"]) and not row["file"].endswith(".pb-c.c")]
assert ours, "no sources found"
json.dump(ours, open(sys.argv[2], "w"))
PYTHON
exec cppcheck --project="$1/cppcheck.json" --enable=warning,performance,portability --error-exitcode=1 --quiet --inline-suppr \
    -j "$(nproc)" --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective --suppress='*:*.pb-c.h'
