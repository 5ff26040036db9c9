# What we made is made again at boot, before Docker starts: by the very scripts and data that made it.
# A persisted resource is one file: its data, as they came on standard input, and after them the script.
persisted_dir=/var/lib/pulumi-macvlan/persist
restorer=/var/lib/pulumi-macvlan/restore
unit=/etc/systemd/system/pulumi-macvlan.service

# persisted: its file. $resource, the word that a script calls itself, tells a router from a link of that name.
persisted() { printf '%s' "$persisted_dir/$resource.$name"; }

mark_line() { sed -n '/^pulumi-macvlan:1$/{n;n;p;q;}' "$@"; }
is_persisted() { [ -e "$(persisted)" ] && [ "$(mark_line "$(persisted)")" = "$(printf '%s' "$taken" | mark_line)" ]; }

can_persist() { [ -d /run/systemd/system ] || fail no-systemd; }

# write FILE: standard input into a file, whole or not at all, and on the disk when this returns.
write() {
  mkdir -p "${1%/*}" && cat >"$1.new" && chmod "${2:-600}" "$1.new" && { sync "$1.new" 2>/dev/null || sync; } && mv "$1.new" "$1" ||
    fail command "write $1" "is the disk full?"
}

commit() {
  [ "$job" != restore ] || return 0
  if [ "$verb" = delete ] || [ "$persist" = false ]; then
    ! is_persisted || forget
    return 0
  fi
  if ! [ -e "$restorer" ] || [ "$(cat "$restorer")" != "$(restorer_text)" ]; then restorer_text | write "$restorer" 700; fi
  if ! [ -e "$unit" ] || [ "$(cat "$unit")" != "$(unit_text)" ]; then unit_text | write "$unit" 644; fi
  [ -e "/etc/systemd/system/multi-user.target.wants/${unit##*/}" ] || run systemctl --quiet enable "${unit##*/}"
  printf '%s%s\n' "$taken" "$script" | write "$(persisted)"
  [ "$resource" != macvlan-link ] || write "$(persisted).mac" <"/sys/class/net/$name/address"
}

forget() {
  rm -f "$(persisted)" "$(persisted).mac"
  if rmdir "$persisted_dir" 2>/dev/null; then retire_restorer; fi
  # A power cut must not bring it back.
  sync
}

retire_restorer() {
  [ ! -e "$unit" ] || systemctl --quiet disable "${unit##*/}" 2>/dev/null
  rm -f "$unit" "$restorer"
  systemctl daemon-reload 2>/dev/null
  rmdir "${restorer%/*}" 2>/dev/null
}

unit_text() {
  cat <<UNIT
[Unit]
Description=VLAN sub-interfaces, macvlan links and the router made by pulumi-macvlan
After=network-pre.target systemd-networkd.service NetworkManager.service networking.service nftables.service
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh $restorer
TimeoutStartSec=90
[Install]
WantedBy=multi-user.target docker.service
UNIT
}

# Parents may be late, and links stand on each other: what fails is tried again for half a minute.
restorer_text() {
  cat <<'RESTORER'
cd /var/lib/pulumi-macvlan/persist || exit 0
left=$(ls | grep -v '\.mac$\|\.new$')
tries=0
while [ -n "$left" ] && [ "$tries" -lt 60 ]; do
  again=
  for file in $left; do
    sh -c "$(sed '1,/^pulumi-macvlan:end$/d' "$file")" pulumi-macvlan "" "" restore <"$file" >"/run/pulumi-macvlan-restore" 2>&1 ||
      again="$again $file"
  done
  left=$again
  [ -z "$left" ] || sleep 0.5 2>/dev/null || sleep 1
  tries=$((tries + 1))
done
[ -n "$left" ] || exit 0
echo "not made again:$left; the last answer was:"
cat /run/pulumi-macvlan-restore
exit 1
RESTORER
}

# --- those who manage networks on hosts ------------------------------------------------------------------

# leave_alone: tells them before our link appears. Below /run: at boot it is told again.
leave_alone() {
  for file in "/run/systemd/network/05-pulumi-macvlan-$name.network" "/run/NetworkManager/conf.d/pulumi-macvlan-$name.conf"; do
    [ ! -e "$file" ] || return 0
  done
  if command -v networkctl >/dev/null 2>&1; then
    mkdir -p /run/systemd/network
    printf '[Match]\nName=%s\n[Link]\nUnmanaged=yes\n' "$name" >"/run/systemd/network/05-pulumi-macvlan-$name.network"
    chmod 755 /run/systemd/network
    chmod 644 "/run/systemd/network/05-pulumi-macvlan-$name.network"
  fi
  if command -v nmcli >/dev/null 2>&1; then
    mkdir -p /run/NetworkManager/conf.d
    printf '[device-pulumi-macvlan-%s]\nmatch-device=interface-name:=%s\nmanaged=0\n' "$name" "$name" \
      >"/run/NetworkManager/conf.d/pulumi-macvlan-$name.conf"
  fi
  managers_reload
}

manage_again() {
  [ -e "/run/systemd/network/05-pulumi-macvlan-$name.network" ] || [ -e "/run/NetworkManager/conf.d/pulumi-macvlan-$name.conf" ] ||
    return 0
  rm -f "/run/systemd/network/05-pulumi-macvlan-$name.network" "/run/NetworkManager/conf.d/pulumi-macvlan-$name.conf"
  managers_reload
}

managers_reload() {
  [ -d /run/systemd/system ] || return 0
  if systemctl --quiet is-active systemd-networkd; then networkctl reload 2>/dev/null; fi
  if systemctl --quiet is-active NetworkManager; then nmcli general reload conf >/dev/null 2>&1; fi
  return 0
}
