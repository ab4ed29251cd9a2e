# Shared by the scripts beside it: what Debian 12 packages the project needs, and how to get them.
# Sourced, not run. REQUIRES: bash with -eu.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BUILD_PACKAGES=(
  g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libssl-dev libsqlite3-dev nlohmann-json3-dev libfmt-dev libcli11-dev
  libexpected-dev libre2-dev liblzma-dev libyaml-dev zlib1g-dev
)
LINT_PACKAGES=(clang-format-14 clang-tidy-14 python3)
# scripts/lint checks the spelling where these can be installed.
SPELLING_PACKAGES=(codespell aspell aspell-en)
TEST_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev python3)
# Real clients for integration/. What cannot be installed is skipped there, with its reason.
CLIENT_PACKAGES=(
  awscli python3-boto3 docker.io skopeo podman buildah runc busybox-static curl openssl strace
  ca-certificates jq zsh fish chromium libxml2-utils python3-jsonschema python3-yaml
)

# missing PACKAGE...: prints those that are not installed.
missing() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "This needs root or sudo: $*" >&2
    return 1
  fi
}

APT_UPDATED=
# install PACKAGE...: installs what is missing; fails where it cannot.
install() {
  local wanted
  mapfile -t wanted < <(missing "$@")
  [ ${#wanted[@]} = 0 ] && return 0
  echo "installing from Debian: ${wanted[*]}"
  if [ -z "$APT_UPDATED" ]; then
    as_root apt-get update -qq || return 1
    APT_UPDATED=1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${wanted[@]}" >/dev/null
}

# build PRESET [cmake argument...]: configures and compiles; the program is build/PRESET/ecr-local.
build() {
  local preset=$1
  shift
  (cd "$ROOT" && cmake --preset "$preset" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" >/dev/null &&
    cmake --build --preset "$preset")
}
