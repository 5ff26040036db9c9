#!/bin/sh
# kernel.sh CONFIG OUT: builds a User Mode Linux kernel from Debian's linux-source and leaves it at OUT.
# Debian's own user-mode-linux lacks nftables for IPv4, and those before 6.13 die on processors with AMX; hence from
# source, and from the testing suite, whose kernel also runs its processes under seccomp instead of ptrace (6.16).
set -eu
config=$1 out=$2
root=$(mktemp -d "$(dirname "$out")/kernel-root.XXXXXX")
trap 'rm -rf "$root"' EXIT
echo "== a root to build in"
mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
debootstrap --variant=minbase --include=build-essential,flex,bison,bc,xz-utils,python3-minimal bookworm "$root" || exit 75
sed -n 's/ bookworm / forky /p' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/forky.list"
cp "$config" "$root/root/lab.config"
cat >"$root/root/build.sh" <<'BUILD'
set -eu
cd /root
apt-get -q -o Acquire::Check-Valid-Until=false update || exit 75
package=$(apt-cache depends linux-source | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -n 1)
echo "== source: $package"
apt-get -q download "$package" || exit 75
dpkg-deb -x "$package"_*.deb unpacked
mkdir source
tar -C source --strip-components=1 -xf unpacked/usr/src/"$package".tar.xz
rm -rf unpacked
cd source
make -s ARCH=um x86_64_defconfig
ARCH=um scripts/kconfig/merge_config.sh -m .config ../lab.config >/dev/null
make -s ARCH=um olddefconfig
echo "== options that this kernel does not have as asked for:"
grep -v '^#' ../lab.config | while IFS='=' read -r key want; do
  have=$(sed -n "s/^$key=//p" .config)
  [ "${have:-n}" = "$want" ] || { echo "$key: wanted $want, has ${have:-n}"; exit 1; }
done
echo "== compiling"
make -s -j"$(nproc)" ARCH=um linux
BUILD
chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin sh /root/build.sh
cp "$root/root/source/linux" "$out"
