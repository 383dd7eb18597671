# `serve` with its data in /data, HTTP on 8080 and HEP on 9060; packaging/compose.yaml starts it.
#   docker build -t sidetone --build-arg SIDETONE_BUILD_COMMIT=$(git rev-parse --short=12 HEAD) .
#   docker run -p 127.0.0.1:8080:8080 -p 127.0.0.1:9060:9060/udp -v sidetone:/data sidetone
FROM node:22-bookworm-slim AS interface
WORKDIR /src
# The interface's types are made of the API's document.
COPY ui ui
COPY crates/sidetone/src/api/openapi.json crates/sidetone/src/api/
RUN npm --prefix ui install --no-save --no-audit --no-fund && npm --prefix ui run build

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=interface /src/ui/dist ui/dist
# What --version says: the repository itself is not copied.
ARG SIDETONE_BUILD_COMMIT
RUN cargo build --release --locked --package sidetone --features email,oidc,parquet,ui

FROM debian:bookworm-slim
# Webhooks to https are checked against its certificate authorities.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 990 --home-dir /data sidetone && install -d -o sidetone -m 0700 /data
COPY --from=build /src/target/release/sidetone /usr/local/bin/sidetone
USER sidetone
VOLUME /data
# Within the container all addresses; who reaches it is decided by what is published. Agents may send from private networks, which
# is where a published port's packets come from, too.
ENV SIDETONE_DATA=/data SIDETONE_LISTEN=0.0.0.0:8080 SIDETONE_HEP_UDP=0.0.0.0:9060 SIDETONE_HEP_TCP=0.0.0.0:9060 \
    SIDETONE_HEP_ALLOW=127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1,fc00::/7 SIDETONE_LOG_FORMAT=json
EXPOSE 8080/tcp 9060/udp 9060/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["sidetone", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["sidetone"]
CMD ["serve"]
