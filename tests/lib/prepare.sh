# shellcheck shell=bash
# What the stages need beside Rust: Debian packages, a Python environment, npm packages.
# As root on Debian or Ubuntu it is installed; elsewhere it must be on PATH, and what is missing is named.

# The directory that holds `initdb` and `postgres`; nothing when there is no PostgreSQL 15 or newer.
postgres_bin() {
  local dir version
  for dir in "${POSTGRES_BIN:-}" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
    "$(pg_config --bindir 2>/dev/null)" "$(dirname "$(command -v initdb || true)" 2>/dev/null)"; do
    [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] || continue
    version=$("$dir/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [ "$version" -ge 15 ] && printf '%s\n' "$dir" && return
  done
}

chromium_bin() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
}

node_version() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

python_ok() { python3 -c 'import ensurepip, venv, tomllib' 2>/dev/null; }

# Prints the Debian packages that are missing for the needs given.
missing_packages() {
  local need
  for need in "$@"; do
    case $need in
      postgres) [ -n "$(postgres_bin)" ] || echo postgresql ;;
      chromium) [ -n "$(chromium_bin)" ] || echo chromium ;;
      python | openapi) python_ok || echo python3-venv ;;
      node) [ "$(node_version)" -ge 20 ] || python_ok || echo python3-venv ;;
      curl) have curl || echo curl ;;
      openssl) have openssl || echo openssl ;;
      go) have go || [ -x /usr/local/go/bin/go ] || echo golang-go ;;
      clamav) have clamd || [ -x /usr/sbin/clamd ] || echo clamav-daemon ;;
      nginx) have nginx || [ -x /usr/sbin/nginx ] || echo nginx-light ;;
    esac
  done
}

# Where nothing may be installed: prints the one command to run for what is missing, and fails.
nothing_missing() {
  local packages
  mapfile -t packages < <(missing_packages "$@" | sort -u)
  [ "${#packages[@]}" -gt 0 ] || return 0
  if ! have apt-get; then
    echo "missing: ${packages[*]}; put PostgreSQL 15+, Chromium, curl and Python 3.11+ with venv on PATH"
  else
    echo "missing; run: sudo apt-get install -y --no-install-recommends ${packages[*]}"
  fi
  return 1
}

may_install() { have apt-get && [ "$(id -u)" = 0 ]; }

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages "$@" | sort -u)
  [ "${#packages[@]}" -gt 0 ] || return 0
  may_install || { nothing_missing "$@"; return 1; }
  export DEBIAN_FRONTEND=noninteractive
  # RUNLEVEL=1 keeps Debian from starting a database service of its own.
  (
    flock 9
    apt-get update -qq || exit 1
    RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}"
  ) 9>"$CACHE/apt.lock" || return 1
  nothing_missing "$@"
}

# Installs a pinned list once; a second run with the same list only compares.
install_python() {
  local list=$1 mark
  mark="$VENV/.$(basename "$list")-$(sha256sum "$list" | cut -c1-16)"
  (
    flock 9
    [ ! -e "$mark" ] || exit 0
    [ -x "$VENV/bin/pip" ] || python3 -m venv "$VENV" || exit 1
    "$VENV/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$list" || exit 1
    touch "$mark"
  ) 9>"$CACHE/python.lock"
}

install_node() {
  local dir mark
  # Debian 12 has Node.js 18; what we use wants 20, so a pinned 22 comes into the same environment.
  [ "$(node_version)" -ge 20 ] && have npm || install_python "$ROOT/tests/requirements-node.txt" || return 1
  for dir in "$@"; do
    mark="$dir/node_modules/.siegel-$(sha256sum "$dir/package-lock.json" | cut -c1-16)"
    (
      flock 9
      [ ! -e "$mark" ] || exit 0
      npm ci --prefix "$dir" --no-fund --no-audit --loglevel=error || exit 1
      touch "$mark"
    ) 9>"$CACHE/node.lock" || return 1
  done
}

# All that the given needs ask for: `postgres`, `chromium`, `python`, `openapi`, `node`, `curl`, `openssl`, `nginx`, `go`,
# `clamav`.
prepare() {
  local need
  mkdir -p "$CACHE"
  export PATH="$VENV/bin:$PATH"
  install_packages "$@" || return 1
  for need in "$@"; do
    case $need in
      python) install_python "$ROOT/tests/requirements.txt" || return 1 ;;
      openapi) install_python "$ROOT/tests/requirements-openapi.txt" || return 1 ;;
      node) install_node "$ROOT/tests/clients/node" "$ROOT/tests/clients/typescript" "$ROOT/tests/browser" || return 1 ;;
    esac
  done
}
