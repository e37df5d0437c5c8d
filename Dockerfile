# One image for every service: `siegel serve <service>`, `siegel migrate`.
#   docker build --tag siegel:0.1.0 .
# For a reproducible build give both bases by digest:
#   --build-arg BUILD_BASE=rust@sha256:… --build-arg RUN_BASE=debian@sha256:…
ARG BUILD_BASE=rust:1.95-bookworm
ARG RUN_BASE=debian:bookworm-slim

FROM ${BUILD_BASE} AS build
WORKDIR /src
COPY . .
# Nothing but Rust and a C compiler; no protoc, no OpenSSL. Caches are outside the layers.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package siegel --bin siegel \
    && install -D -m 0755 target/dist/siegel /out/siegel

FROM ${RUN_BASE}
# Roots for upstream providers, object store, mail and PostgreSQL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/siegel /usr/local/bin/siegel
# A number, so that Kubernetes can see that it is not root. Writes nowhere but /tmp.
USER 65532:65532
WORKDIR /tmp
# http, internal (mTLS), probe
EXPOSE 8080 8443 9090
ENTRYPOINT ["/usr/local/bin/siegel"]
CMD ["--help"]
