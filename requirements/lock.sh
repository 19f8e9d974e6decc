#!/bin/sh
# Makes the hashed requirements afresh from pyproject.toml. Needs uv; no registry address is written.
set -eu
cd "$(dirname "$0")/.."
lock() { # NAME GROUP...
  name=$1; shift
  args=""; for group in "$@"; do args="$args --group $group"; done
  # shellcheck disable=SC2086
  uv pip compile pyproject.toml $args --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links -q -o "requirements/$name.txt"
}
lock_apart() { # GROUP alone, without the portal
  uv pip compile --group "pyproject.toml:$1" --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links -q -o "requirements/$1.txt"
}
lock production
lock run embedded
lock test embedded test e2e
lock dev embedded test e2e lint
lock_apart proxies
lock_apart clients
lock_apart spid
