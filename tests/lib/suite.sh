# shellcheck shell=bash
# `siegel up` for the stages: one running suite per database, started when first needed.

SUITE_PIDS=()
SUITE_BACKEND=

# Starts the whole suite on `$1` (sqlite, postgres, replicas) with the clients of
# fixtures/seed.json; data and log under `$2`.
suite_start() {
  local backend=$1 dir=$2
  [ "$SUITE_BACKEND" != "$backend" ] || { kill -0 "${SUITE_PIDS[@]}" 2>/dev/null && return 0; }
  suite_stop
  local port
  port=$(free_port)
  local seed=(--seed "$ROOT/tests/fixtures/seed.json")
  case $backend in
    sqlite) up_start "$dir" --port "$port" "${seed[@]}" ;;
    postgres) up_start "$dir" --port "$port" "${seed[@]}" --database-url "$(postgres_database "up_$port")" ;;
    replicas) replicas_start "$dir" "$port" "${seed[@]}" ;;
  esac || return 1
  SUITE_BACKEND=$backend
  export SIEGEL_ORIGIN="http://localhost:$port"
  export SIEGEL_DATA="$dir/data"
  export SIEGEL_CREDENTIALS="$dir/data/demo.toml"
  export SIEGEL_OUT="$dir/demo-out"
  if ! curl -fsS --retry 20 --retry-connrefused --retry-delay 1 -o "$dir/discovery.json" \
    "$SIEGEL_ORIGIN/.well-known/openid-configuration"; then
    echo "$SIEGEL_ORIGIN does not answer:"
    cat "$dir/up.log"
    return 1
  fi
  note "siegel up on $backend: $SIEGEL_ORIGIN (pids ${SUITE_PIDS[*]})"
}

# Starts one process in `$1` with the arguments that follow, and waits for the line a person waits
# for: it answers before, but its people register at the first start.
up_start() {
  local dir=$1 pid _
  shift
  mkdir -p "$dir"
  (cd "$dir" && exec "$SIEGEL_BIN" up --data "$dir/data" "$@") >"$dir/up.log" 2>&1 &
  pid=$!
  SUITE_PIDS+=("$pid")
  for _ in $(seq 600); do
    grep -q '^Siegel sandbox ready' "$dir/up.log" && return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "siegel up ended, or was not ready within 60 s:"
  cat "$dir/up.log"
  return 1
}

# Two processes on one database, with the same keys, behind a proxy at `$2` that gives every
# request to the other one.
replicas_start() {
  local dir=$1 front=$2 one two url
  shift 2
  one=$(free_port) && two=$(free_port) && url=$(postgres_database "up_$front") || return 1
  local common=(--issuer "http://localhost:$front" --database-url "$url")
  up_start "$dir" --port "$one" "${common[@]}" "$@" || return 1
  mkdir -p "$dir/second/data" && cp -a "$dir/data/keys" "$dir/second/data/keys" || return 1
  up_start "$dir/second" --port "$two" "${common[@]}" || return 1
  cat >"$dir/nginx.conf" <<CONF
pid $dir/nginx.pid;
daemon off;
events {}
http {
  access_log off;
  client_body_temp_path $dir/nginx-body;
  proxy_temp_path $dir/nginx-proxy;
  fastcgi_temp_path $dir/nginx-fastcgi;
  uwsgi_temp_path $dir/nginx-uwsgi;
  scgi_temp_path $dir/nginx-scgi;
  upstream replicas { server 127.0.0.1:$one; server 127.0.0.1:$two; }
  server {
    listen 127.0.0.1:$front;
    location / { proxy_pass http://replicas; proxy_set_header Host \$http_host; }
  }
}
CONF
  PATH="$PATH:/usr/sbin" nginx -e stderr -c "$dir/nginx.conf" >"$dir/nginx.log" 2>&1 &
  SUITE_PIDS+=("$!")
}

suite_stop() {
  local pid
  for pid in "${SUITE_PIDS[@]}"; do end "$pid"; done
  SUITE_PIDS=()
  SUITE_BACKEND=
}
