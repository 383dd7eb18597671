# What the README describes: `serve` with its data in /data.
#   docker build -t sidetone .
#   docker run -p 127.0.0.1:8080:8080 -v sidetone:/data sidetone
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# Webhooks to https are checked against its certificate authorities.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --system --home-dir /data sidetone && install -d -o sidetone -m 0700 /data
COPY --from=build /src/target/release/sidetone /usr/local/bin/sidetone
USER sidetone
VOLUME /data
# Within the container all addresses; who reaches it is decided by what is published.
ENV SIDETONE_DATA=/data SIDETONE_LISTEN=0.0.0.0:8080 SIDETONE_LOG_FORMAT=json
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["sidetone"]
CMD ["serve"]
