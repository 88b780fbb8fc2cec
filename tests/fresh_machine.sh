#!/bin/sh
# A fresh Debian 12 with only python3, python3-venv, make and git, in a folder: `make demo` there as an ordinary user,
# and the seconds to the first screen-pop with the right card. Root only; no container engine.
#
#   tests/fresh_machine.sh [FOLDER]     FOLDER is made by debootstrap when it is not there.
#
# CTI_FRESH_TEST=1 also runs `make test` there as root afterwards (long).
set -eu

[ "$(id -u)" -eq 0 ] || { echo "fresh_machine.sh needs root: it makes a Debian folder and changes into it." >&2; exit 2; }
checkout=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-${CTI_TEST_CACHE:-$HOME/.cache/ctiserver-tests}/debian-12}

# The machine's own Debian mirror, as apt is configured with.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Identifier: Packages' | awk '$2 == "Debian" { print $1; exit }')

if [ ! -x "$folder/usr/bin/python3" ]; then
    echo "Making a Debian 12 folder ..."
    mkdir -p "$(dirname "$folder")"
    half=$(mktemp -d "$folder-XXXXXX")
    chmod 755 "$half"
    debootstrap --variant=minbase --include=python3,python3-venv,make,git bookworm "$half" "$mirror" >"$half.log" ||
        { tail -n 20 "$half.log" >&2; exit 1; }
    rm -f "$half.log" "$half"/var/cache/apt/archives/*.deb
    mv "$half" "$folder"
fi

# Name resolution and certificate authorities are the machine's, not the product's.
cp /etc/resolv.conf "$folder/etc/resolv.conf"
if [ -n "${PIP_CERT:-}" ]; then
    mkdir -p "$folder$(dirname "$PIP_CERT")"
    cp "$PIP_CERT" "$folder$PIP_CERT"
fi

# Mounts live in a namespace of their own: nothing is left mounted, whatever happens. Chromium needs /proc and /dev/shm.
inside() { # USER COMMAND
    unshare --mount --propagation private sh -c '
        mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --rbind /sys "$1/sys"
        exec chroot "$@"' sh "$folder" /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$(home_of "$1")" LANG=C.UTF-8 \
        ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
        ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} ${CI:+CI="$CI"} \
        setpriv --reuid="$1" --regid="$1" --clear-groups sh -c "$2"
}
# The files of the checkout as they are, without what git ignores.
copy_checkout() { # TARGET
    rm -rf "$1"
    mkdir -p "$1"
    git -C "$checkout" ls-files -z --cached --others --exclude-standard |
        tar -C "$checkout" --null --no-recursion --files-from - --create | tar -C "$1" --extract
}
home_of() { [ "$1" = root ] && echo /root || echo "/home/$1"; }

chroot "$folder" id visitor >/dev/null 2>&1 || chroot "$folder" useradd --create-home visitor
copy_checkout "$folder/home/visitor/ctiserver"
chroot "$folder" chown -R visitor:visitor /home/visitor

# The clock starts before anything is installed. The watching script needs the product's own environment, which the
# first `make` makes: it is part of the time.
began=$(date +%s)
inside visitor 'cd ~/ctiserver && make --no-print-directory .venv/.demo-installed' >&2
installed=$(date +%s)
result=$(inside visitor 'cd ~/ctiserver && .venv/bin/python -m tests.first_pop make demo DEMO="--json --listen 127.0.0.1:0"')
whole=$(($(date +%s) - began))
echo "installed in $((installed - began)) s, then: $result"
echo "whole: $whole s"
first=$(printf '%s' "$result" | sed -n 's/.*"to_first_pop_s": \([0-9.]*\).*/\1/p')
failed=0
if [ "$whole" -gt 90 ]; then
    echo "TOO SLOW: the whole took $whole s, 90 are allowed" >&2
    failed=1
fi
if ! awk -v first="$first" 'BEGIN { exit !(first != "" && first <= 5) }'; then
    echo "TOO SLOW: the first pop came ${first:-never} s after the server listened, 5 are allowed" >&2
    failed=1
fi

if [ "${CTI_FRESH_TEST:-}" = 1 ]; then
    copy_checkout "$folder/srv/ctiserver"
    inside root 'cd /srv/ctiserver && make test' || failed=1
fi
exit "$failed"
