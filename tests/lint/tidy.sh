#!/usr/bin/env bash
# clang-tidy over every source of our own. $1: the build folder with compile_commands.json.
set -u
cd "$(dirname "$0")/../.." || exit 1
# One file per run: the va_list check of clang-tidy 14 carries state from one file to the next and then errs.
git ls-files 'core/*.c' 'messages/*.c' 'actors/*.c' 'gateway/*.c' 'cli/*.c' |
    xargs -P "$(nproc)" -n 1 clang-tidy-14 -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option 2>/dev/null
