#!/usr/bin/env bash
# What .dockerignore lets into the image's build is enough to configure it, as docker/Dockerfile does.
set -eu
cd "$(dirname "$0")/../.."
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mapfile -t admitted < <(sed -n 's/^!//p' .dockerignore)
mapfile -t files < <(git ls-files -- "${admitted[@]}")
cp --parents -- "${files[@]}" "$context"
configure=$(sed -n 's/^RUN \(cmake --preset [^&]*\) &&.*/\1/p' docker/Dockerfile)
[ -n "$configure" ] || { echo "docker/Dockerfile configures no build" && exit 1; }
cd "$context"
read -ra command <<<"$configure"
"${command[@]}" >log 2>&1 || { cat log && exit 1; }
