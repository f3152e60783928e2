#!/usr/bin/env bash
# Installs what `make test-system` needs from the system: Chromium, from Debian's or Ubuntu's own
# packages. Does nothing where it is already there; needs root otherwise. Downloads nothing else.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null; then
    echo "Chromium is here: $(command -v "$name")"
    exit 0
  fi
done

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo 'The tests of the page need Chromium. Install it, or run as root where apt-get is:' >&2
  echo '  sudo tools/install_system.sh' >&2
  exit 1
fi

echo 'Installing Chromium with apt-get ...'
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends chromium > /dev/null
