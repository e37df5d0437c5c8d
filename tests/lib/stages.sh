# shellcheck shell=bash
# The stages, in the order they run. One line each: name, what it needs beside Rust.
# A name with a database before the colon runs against a living `siegel up` on that database.
# shellcheck disable=SC2034
STAGES=(
  "compile          -"
  "unit             postgres"
  "verifiers        node"
  "sqlite:demo      curl"
  "sqlite:receipts  curl python"
  "sqlite:log       curl go"
  "sqlite:oidc      curl node"
  "sqlite:grpc      curl python node"
  "sqlite:json      curl node openapi python"
  "sqlite:browser   curl chromium node"
  "postgres:demo     postgres curl"
  "postgres:receipts postgres curl python"
  "postgres:oidc     postgres curl node"
  "postgres:grpc     postgres curl python node"
  "postgres:json     postgres curl node openapi python"
  "postgres:browser  postgres curl chromium node"
  "replicas:credentials postgres curl chromium node nginx"
  "helm             python"
  "howto            curl node openssl python"
  "network          postgres python nginx"
  "storage          postgres python clamav"
  "faults           curl"
  "fuzz             python"
)

FIXTURES="$ROOT/tests/fixtures"

stage_compile() {
  cargo test --workspace --locked --no-run
  cargo build --locked
}

# Unit tests, every statement on both databases, and the journeys of tests/ (`siegel-e2e`).
stage_unit() {
  limit 2400 cargo test --workspace --locked --no-fail-fast
}

# Two verifiers of receipts, one verdict: the portal's script is put to the library's corpus.
stage_verifiers() {
  local corpus
  corpus=$(mktemp)
  limit 600 cargo run --locked --quiet -p siegel-receipt --example corpus >"$corpus"
  SIEGEL_CORPUS="$corpus" limit 120 node --test "$ROOT/tests/clients/node/receipts.mjs"
  rm -f "$corpus"
}

# The outside client of the product itself.
stage_demo() {
  limit 300 "$SIEGEL_BIN" demo --url "$SIEGEL_ORIGIN" --credentials "$SIEGEL_CREDENTIALS" --out "$SIEGEL_OUT" --json \
    --attach "$FIXTURES/bescheid.pdf" --attach "$FIXTURES/bescheid.xml"
}

# What `demo` left: verified without a network, and refused after one flipped byte.
stage_receipts() {
  [ -d "$SIEGEL_OUT" ] || stage_demo >/dev/null
  limit 300 "$VENV/bin/python" "$ROOT/tests/lib/receipts.py" "$SIEGEL_BIN" "$SIEGEL_OUT" "$SIEGEL_ORIGIN"
}

# The public log, looked at with the code of Go's checksum database (golang.org/x/mod/sumdb), and
# replayed by ourselves.
stage_log() {
  limit 600 "$ROOT/tests/clients/go/run" "$SIEGEL_BIN" "$SIEGEL_ORIGIN" "$SIEGEL_DATA" "$SIEGEL_CREDENTIALS"
}

# openid-client from npm, unmodified.
stage_oidc() {
  limit 300 node --test "$ROOT/tests/clients/node/oidc.mjs"
}

# A Python client generated from proto/, and grpcurl over reflection.
stage_grpc() {
  local handle
  handle=$(limit 120 node "$ROOT/tests/clients/node/handle.mjs")
  SIEGEL_HANDLE="$handle" limit 300 "$VENV/bin/python" "$ROOT/tests/clients/python/letter.py"
  SIEGEL_HANDLE="$handle" limit 300 "$VENV/bin/python" "$ROOT/tests/clients/python/proof.py" "$SIEGEL_BIN"
  limit 120 "$VENV/bin/python" "$ROOT/tests/clients/python/reflection.py"
}

# JSON over HTTP and gRPC-Web with stock clients; the OpenAPI document against a validator, and every operation it has
# against requests made from it.
stage_json() {
  local person=$SIEGEL_DATA/../person.json descriptors=$SIEGEL_DATA/../descriptors.binpb
  limit 120 node "$ROOT/tests/clients/node/person.mjs" >"$person"
  "$VENV/bin/buf" build "$ROOT/proto" -o "$descriptors"
  SIEGEL_HANDLE=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).handle' "$person") \
    SIEGEL_DESCRIPTORS="$descriptors" limit 300 node --test "$ROOT/tests/clients/node/postbox.mjs"
  limit 300 "$VENV/bin/python" "$ROOT/tests/lib/openapi.py" "$SIEGEL_BIN" "$SIEGEL_ORIGIN" "$person"
}

# A person in a real Chromium.
stage_browser() {
  CHROMIUM="$(chromium_bin)" limit 900 node --test --test-concurrency=1 "$ROOT"/tests/browser/*.test.mjs
}

# Its credentials again, where every request meets the other of two processes.
stage_credentials() {
  CHROMIUM="$(chromium_bin)" limit 600 node --test "$ROOT/tests/browser/credentials.test.mjs"
}

stage_helm() {
  limit 900 "$VENV/bin/python" "$ROOT/tests/helm/run.py"
}

# What the how-tos tell people to write and to run, word for word; and where their links lead.
stage_howto() {
  limit 600 "$ROOT/tests/howto/run"
}

# One process per service with the chart's settings, certificates and database roles; an ingress.
stage_network() {
  limit 900 "$ROOT/tests/network/run"
}

# Attachments in a real object store and before a real virus scanner.
stage_storage() {
  limit 900 "$ROOT/tests/storage/run"
}

stage_faults() {
  limit 1800 "$ROOT/tests/faults/run" --kills 20
  limit 900 "$ROOT/tests/faults/run" --broken
}

# Each fuzz target for ten seconds.
stage_fuzz() {
  limit 3000 "$ROOT/fuzz/run" 10 # the first build of the sanitizers takes most of it
}
