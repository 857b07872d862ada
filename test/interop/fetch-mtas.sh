#!/usr/bin/env bash
# Exim and OpenSMTPD as peers of the tests. Debian's mail servers exclude each other as packages, so
# these two are unpacked beside the system, into the folder that test/interop/peers.ts knows, and run
# from there with configurations of the tests. What they have compiled in (users, OpenSMTPD's spool)
# is made. Needs root.
set -euo pipefail
folder=${POSTHORN_PEER_MTAS:-/var/cache/posthorn-peers}
export DEBIAN_FRONTEND=noninteractive

apt-get install -qy --no-install-recommends \
  libdb5.3 libevent-2.1-7 libssl3 libgnutls-dane0 libidn12 libidn2-0 libnsl2 libpcre2-8-0 >/dev/null
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
(cd "$packages" && apt-get download -q exim4-base exim4-daemon-light opensmtpd >/dev/null 2>&1)
mkdir -p "$folder"
for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$folder"; done

for user in Debian-exim opensmtpd opensmtpq; do
  id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
done
mkdir -p /var/lib/opensmtpd/empty
chmod 0755 /var/lib/opensmtpd/empty
echo "exim4 and opensmtpd are in $folder"
