#!/bin/sh
# npm run bare: npm start and npm test as on a new machine: a Debian made by debootstrap, with Node, npm and git alone, an empty home,
# a fresh clone of what is committed here, and whatever Pulumi CLI is on PATH. As root; an hour and more. BARE="…" runs something else.
# Its processes are its own: labs of the same name that run outside are left alone.
set -eu
[ "${1-}" = inside ] || exec unshare --mount --pid --fork --kill-child -- "$0" inside
tree=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
root=$(mktemp -d /var/tmp/pulumi-macvlan-bare.XXXXXX)
trap 'umount -lR "$root" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates,git bookworm "$root" >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
rm -f "$root.log"

cp "$(command -v node)" "$root/usr/local/bin/node"
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
mkdir -p "$root/usr/local/lib/node_modules"
cp -a "$npm" "$root/usr/local/lib/node_modules/npm"
for program in npm npx; do ln -s "../lib/node_modules/npm/bin/$program-cli.js" "$root/usr/local/bin/$program"; done
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# How this machine reaches its registries.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp -aL --remove-destination /etc/ssl/certs/. "$root/etc/ssl/certs/"
cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
if pulumi=$(command -v pulumi); then
  cp -aL "$(dirname "$pulumi")" "$root/opt/pulumi"
  path=/opt/pulumi:$path
fi

# A network namespace can be entered only where / is a mount.
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
git clone --quiet "$tree" "$root/root/pulumi-macvlan"
chroot "$root" /usr/bin/env HOME=/root PATH="$path" sh -ec "cd /root/pulumi-macvlan; ${BARE:-npm start; npm run lab -- down; npm test}"
