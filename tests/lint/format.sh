#!/usr/bin/env bash
# Sources are formatted; scripts pass shellcheck; words are spelled.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run --Werror || bad=1
git ls-files dev .ci/run '*.sh' | xargs shellcheck || bad=1
git ls-files '*.md' '*.h' '*.proto' | xargs codespell --ignore-words-list=ser,te,mis,fo || bad=1
exit $bad
