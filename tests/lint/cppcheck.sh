#!/usr/bin/env bash
# cppcheck over our own rooms. $1: the build folder with compile_commands.json.
set -u
cd "$(dirname "$0")/../.." || exit 1
exec cppcheck --project="$1/compile_commands.json" --enable=warning,performance,portability --error-exitcode=1 --quiet \
    --inline-suppr -j "$(nproc)" --suppress='*:*/build/*' --suppress=missingIncludeSystem \
    --file-filter='*/core/*' --file-filter='*/messages/*' --file-filter='*/actors/*' --file-filter='*/gateway/*' --file-filter='*/cli/*'
