#!/bin/sh
# rootfs.sh RELEASE KERNEL OUT [DOCKERD]: makes the disk of a lab host, a Debian with systemd, sshd, Docker and nftables, at OUT;
# with the Docker daemon at DOCKERD in the place of the release's.
set -eu
release=$1 kernel=$2 out=$3
root=$(mktemp -d "$(dirname "$out")/rootfs-root.XXXXXX")
trap 'rm -rf "$root"' EXIT
dockerd=${4-}
docker=docker.io
[ "$release" = bookworm ] || docker=docker.io,docker-cli
# Whether a disk that is being made is still whole after a power failure matters to nobody.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
# A release that debootstrap does not know by name yet is made as every new one is.
script=$release
[ -e "/usr/share/debootstrap/scripts/$script" ] || script=sid
debootstrap --variant=minbase --include=systemd-sysv,libpam-systemd,dbus,udev,kmod,procps,openssh-server,sudo,$docker,ca-certificates,iproute2,iptables,nftables,busybox-static,iputils-ping,iputils-arping,containernetworking-plugins,dnsmasq-base,tcpdump,ifupdown,network-manager,dropbear-bin,fish,tcsh "$release" "$root" "" "$script" || exit 75
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
[ -z "$dockerd" ] || install -m 755 "$dockerd" "$root/usr/sbin/dockerd"

inside() { chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# The image of the test containers, without a registry.
image=$root/usr/local/lib/lab-busybox
mkdir -p "$image/bin"
cp "$root/bin/busybox" "$image/bin/"
inside busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$image/bin/$applet"; done

cat >"$root/etc/ssh/sshd_config" <<'CONFIG'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
UsePAM no
UseDNS no
PasswordAuthentication no
LogLevel VERBOSE
CONFIG
rm -f "$root"/etc/ssh/ssh_host_*

# What is this host's own (name, keys, interfaces) comes from a folder of the lab's, through hostfs.
cat >"$root/usr/local/sbin/lab-setup" <<'SETUP'
#!/bin/sh
set -e
folder=$(sed -n 's/.*lab\.folder=\([^ ]*\).*/\1/p' /proc/cmdline)
[ -n "$folder" ] || exit 0
mkdir -p /run/lab
# The kernel takes the folder as a bare option only from mount(2), not from the newer calls.
LIBMOUNT_FORCE_MOUNT2=always mount -t hostfs none /run/lab -o "$folder"
cat /run/lab/hostname >/proc/sys/kernel/hostname
install -m 600 /run/lab/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key
install -m 600 /run/lab/authorized_keys /etc/ssh/lab_authorized_keys
sh -e /run/lab/network.sh
umount /run/lab
SETUP
cat >"$root/etc/systemd/system/lab-setup.service" <<'UNIT'
[Unit]
Description=Name, keys and interfaces of this lab host
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup-dev.service
Before=network-pre.target network.target ssh.service docker.service
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-setup
[Install]
WantedBy=multi-user.target
UNIT
cat >"$root/etc/systemd/system/lab-ready.service" <<'UNIT'
[Unit]
Description=Docker answers and has the busybox image
After=docker.service ssh.service
Requires=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-ready
[Install]
WantedBy=multi-user.target
UNIT
cat >"$root/usr/local/sbin/lab-ready" <<'READY'
#!/bin/sh
set -e
docker image inspect busybox >/dev/null 2>&1 || tar -C /usr/local/lib/lab-busybox -c . | docker import - busybox >/dev/null
: >/run/lab-ready
# The very first boot, while the disk is made, ends here: what it takes is not paid for again at every start.
grep -q lab.folder= /proc/cmdline || systemctl --no-block poweroff
READY
# A host without systemd: the kernel starts this in its place.
cat >"$root/usr/local/sbin/lab-plain-init" <<'INIT'
#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/sshd
lab-setup
/usr/sbin/sshd
setsid dockerd --exec-opt native.cgroupdriver=cgroupfs >/var/log/dockerd.log 2>&1 </dev/null &
until docker version >/dev/null 2>&1; do sleep 0.2; done
lab-ready
while :; do wait; sleep 1; done
INIT
chmod 755 "$root"/usr/local/sbin/lab-*
inside systemctl -q enable lab-setup lab-ready ssh docker
# Nothing of this is needed, and each of it costs boot time: coldplugging this kernel's 147 ttys alone half of it.
for unit in systemd-networkd-wait-online.service systemd-networkd.service systemd-networkd.socket systemd-logind.service \
  systemd-timesyncd.service systemd-udev-trigger.service systemd-modules-load.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  NetworkManager.service NetworkManager-dispatcher.service NetworkManager-wait-online.service wpa_supplicant.service \
  polkit.service networking.service ifupdown-pre.service ifupdown-wait-online.service \
  dpkg-db-backup.timer getty.target console-getty.service systemd-update-utmp.service systemd-random-seed.service \
  systemd-pcrphase.service systemd-journal-flush.service systemd-firstboot.service sys-kernel-config.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount nftables.service \
  modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service \
  modprobe@loop.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# A User Mode Linux that reboots by itself can't open its taps again; one that powers off is started again by the lab.
ln -sf /lib/systemd/system/poweroff.target "$root/etc/systemd/system/reboot.target"
: >"$root/etc/fstab"
: >"$root/etc/machine-id"
truncate -s 3G "$out"
mke2fs -q -F -t ext4 -d "$root" "$out"
"$kernel" mem=1024M ubd0="$out" root=/dev/ubda rw init=/sbin/init quiet con0=fd:0,fd:1 con=null ssl=null seccomp=auto </dev/null
tune2fs -l "$out" | grep -q '^Filesystem state: *clean'
