# What we made is made again at boot, before Docker starts: by the very scripts and data that made it.
# A persisted resource is one file: its data, as they came on standard input, and after them the script.
persisted_dir=/var/lib/pulumi-macvlan/persist
restorer=/var/lib/pulumi-macvlan/restore
unit=/etc/systemd/system/pulumi-macvlan.service
wanted_by='multi-user.target docker.service'

# $persisted is its file: $resource, the word that a script calls itself, tells a router from a link of that name.

# Both the file and our data begin with a line that says what they are, the verb, and the mark.
is_persisted() {
  { IFS= read -r _ && IFS= read -r _ && IFS= read -r peeked; } 2>/dev/null <"$persisted" || return 1
  ours=${taken#*"$nl"*"$nl"}
  [ "$peeked" = "${ours%%"$nl"*}" ]
}

can_persist() { [ -d /run/systemd/system ] || fail no-systemd; }

# on_disk FILE: it, and the renaming that gave it its name, outlast a power cut from here on.
on_disk() { sync "$1" 2>/dev/null || sync; }

# write FILE MODE TEXT: whole or not at all; it outlasts a power cut.
write() {
  [ -d "${1%/*}" ] || mkdir -p "${1%/*}" || fail command "mkdir ${1%/*}" ""
  if ! { printf '%s\n' "$3" >"$1.new" && { [ "$2" = 600 ] || chmod "$2" "$1.new"; } && on_disk "$1.new" && mv "$1.new" "$1" && on_disk "$1"; }; then
    rm -f "$1.new"
    fail command "write $1" "is the disk full?"
  fi
}

# keep_line FILE LINE: a line that outlasts a reboot, in a file of its own.
keep_line() { { peek "$1" && [ "$peeked" = "$2" ]; } || write "$1" 600 "$2"; }
drop_line() {
  [ -e "$1" ] || [ -e "$1.new" ] || return 0
  rm -f "$1" "$1.new"
  rmdir "${1%/*}" /var/lib/pulumi-macvlan 2>/dev/null
  sync
}

# What the restorer begins with: another version of it is written anew, and the unit with it.
version=': pulumi-macvlan 1'

commit() {
  [ "$job" != restore ] || return 0
  own_mark
  if [ "$verb" = delete ] || [ "$persist" = false ]; then
    # A power cut may have left one that was not whole yet.
    if is_persisted || { [ ! -e "$persisted" ] && [ -e "$persisted.new" ]; }; then forget; fi
    if [ -e "$unit.new" ] || [ -e "$restorer.new" ]; then rm -f "$unit.new" "$restorer.new"; fi
    return 0
  fi
  line=
  [ ! -e "$restorer" ] || IFS= read -r line <"$restorer"
  if [ "$line" != "$version" ] || [ ! -e "$unit" ]; then
    write "$unit" 644 "$unit_text"
    # What systemctl enable does; it is for the next boot only, so that systemd need not read all its units again now.
    for target in $wanted_by; do
      { [ -d "${unit%/*}/$target.wants" ] || mkdir -p "${unit%/*}/$target.wants"; } && ln -sf "$unit" "${unit%/*}/$target.wants/" || fail command "enable ${unit##*/}" ""
    done
    write "$restorer" 600 "$version$nl$restorer_text"
  fi
  own_kept
  write "$persisted" 600 "$taken$keeps$nl$script"
}

forget() {
  rm -f "$persisted" "$persisted.new"
  if rmdir "$persisted_dir" 2>/dev/null; then retire_restorer; fi
  # A power cut must not bring it back.
  sync
}

retire_restorer() {
  rm -f "$unit" "$restorer"
  for target in $wanted_by; do
    rm -f "${unit%/*}/$target.wants/${unit##*/}"
    rmdir "${unit%/*}/$target.wants" 2>/dev/null
  done
  rmdir "${restorer%/*}" 2>/dev/null
}

unit_text="[Unit]
Description=VLAN sub-interfaces, macvlan links and the router made by pulumi-macvlan
After=network-pre.target systemd-networkd.service NetworkManager.service networking.service nftables.service
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh $restorer
TimeoutStartSec=90
[Install]
WantedBy=$wanted_by"

# Parents may be late, and links stand on each other: what fails is tried again for half a minute.
restorer_text='cd /var/lib/pulumi-macvlan/persist || exit 0
left=$(ls | grep -v "\.new\$")
tries=0
while [ -n "$left" ] && [ "$tries" -lt 60 ]; do
  again=
  for file in $left; do
    sh -c "$(sed "1,/^pulumi-macvlan:end\$/d" "$file")" pulumi-macvlan "" "" restore <"$file" >"/run/pulumi-macvlan-restore" 2>&1 ||
      again="$again $file"
  done
  left=$again
  [ -z "$left" ] || sleep 0.5 2>/dev/null || sleep 1
  tries=$((tries + 1))
done
[ -n "$left" ] || exit 0
echo "not made again:$left; the last answer was:"
cat /run/pulumi-macvlan-restore
exit 1'

# --- those who manage networks on hosts ------------------------------------------------------------------

# find_told: into $told whether they have been told, and where that is.
find_told() {
  networkd_file=/run/systemd/network/05-pulumi-macvlan-$name.network
  nm_file=/run/NetworkManager/conf.d/pulumi-macvlan-$name.conf
  told=
  { [ ! -e "$networkd_file" ] && [ ! -e "$nm_file" ]; } || told=yes
}

# tell FILE TEXT: for everybody to read.
tell() {
  umask 022
  [ -d "${1%/*}" ] || mkdir -p "${1%/*}"
  # One that is empty would tell nobody, and be taken for told.
  printf '%s' "$2" >"$1" || { rm -f "$1"; fail command "write $1" "is the disk full?"; }
  umask 077
}

# find_holder LINK: into $holder who of them configures it, by what they keep of that below /run. NetworkManager calls what others typed
# managed as well, but not its own.
find_holder() {
  holder=
  peek "/sys/class/net/$1/ifindex" || return 0
  ! grep -Eqs '^ADMIN_STATE=(pending|configuring|configured)$' "/run/systemd/netif/links/$peeked" || holder=systemd-networkd
  ! grep -qs '^nm-owned=true$' "/run/NetworkManager/devices/$peeked" || holder=NetworkManager
}

# keep_holder: whoever comes first at boot then, it is still theirs. What they were told of is ours, though they may not have read that yet.
keep_holder() {
  find_told
  holder=
  [ -n "$told" ] || find_holder "$name"
  keeps=${holder:+kept_holder=$holder}
}

# leave_alone: tells them before our link appears. Below /run: at boot it is told again. One of theirs that was taken over stays theirs: were
# they told to leave it alone, they would first take its addresses away, or the link.
leave_alone() {
  find_told
  [ -z "$told" ] || return 0
  find_holder "$name"
  [ -z "$holder${kept_holder-}" ] || return 0
  ! command -v networkctl >/dev/null 2>&1 || tell "$networkd_file" "[Match]
Name=$name
[Link]
Unmanaged=yes
"
  ! command -v nmcli >/dev/null 2>&1 || tell "$nm_file" "[device-pulumi-macvlan-$name]
match-device=interface-name:=$name
managed=0
"
  managers_reload
}

manage_again() {
  find_told
  [ -n "$told" ] || return 0
  rm -f "$networkd_file" "$nm_file"
  managers_reload
}

# Where they run, they have these.
managers_reload() {
  [ ! -e /run/systemd/netif/state ] || networkctl reload 2>/dev/null
  [ ! -d /run/NetworkManager/devices ] || nmcli general reload conf >/dev/null 2>&1
  return 0
}
