#!/bin/sh
# rootfs.sh RELEASE OUT: makes the disk of a lab host, a Debian with systemd, sshd, Docker and nftables, at OUT.
set -eu
release=$1 out=$2
root=$(mktemp -d "$(dirname "$out")/rootfs-root.XXXXXX")
trap 'rm -rf "$root"' EXIT
docker=docker.io
[ "$release" = bookworm ] || docker=docker.io,docker-cli
debootstrap --variant=minbase --include=systemd-sysv,dbus,udev,kmod,procps,openssh-server,sudo,$docker,ca-certificates,iproute2,iptables,nftables,busybox-static,iputils-ping,iputils-arping,tcpdump "$release" "$root"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale

# The image of the test containers, without a registry.
image=$root/usr/local/lib/lab-busybox
mkdir -p "$image/bin"
cp "$root/bin/busybox" "$image/bin/"
chroot "$root" busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$image/bin/$applet"; done

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
ExecStart=/bin/sh -c 'docker image inspect busybox >/dev/null 2>&1 || tar -C /usr/local/lib/lab-busybox -c . | docker import - busybox >/dev/null'
[Install]
WantedBy=multi-user.target
UNIT
chmod 755 "$root/usr/local/sbin/lab-setup"
chroot "$root" systemctl -q enable lab-setup lab-ready ssh docker
# Nothing of this is needed, and each of it costs boot time.
for unit in systemd-networkd-wait-online.service systemd-networkd.service systemd-networkd.socket systemd-logind.service \
  systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
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
mke2fs -q -F -t ext4 -O ^has_journal -d "$root" "$out"
