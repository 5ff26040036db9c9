# What every script shares. Plain POSIX sh: dash, bash and busybox run it alike.
# Inputs come on standard input, never in this text; answers go out in sections that start with "@name".
set -uf
# This text itself, the SSH connection it came over, and, where it is run again on the host: as what, for which guard.
script=${1-} connection=${2-} job=${3-} guard=${4-}
[ -z "$guard" ] || script=$(cat "$guard/script")
HOME=${HOME:-/root}
LC_ALL=C
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export HOME LC_ALL PATH
umask 077
# A connection that breaks must not stop a change half-way.
trap '' HUP PIPE
nl='
'
IFS=" 	$nl"
run_dir=/run/pulumi-macvlan
taken=

section() { printf '\n@%s\n' "$1"; }

# fail CODE [DETAIL ...]: one line each; nothing is printed after it.
fail() {
  section error
  for detail in "$@"; do
    printf '%s' "$detail" | tr '\n' ' '
    printf '\n'
  done
  exit 3
}

# made: from here on the host is changed; a later failure leaves something that must be recorded.
made() { section made; }

# run COMMAND ...: a command that must succeed.
run() { said=$("$@" 2>&1) || fail command "$*" "$said"; }

# take NAME: the next datum into the variable NAME (always one of our own words).
take() {
  IFS= read -r datum || fail protocol "$1"
  taken=$taken$datum$nl
  datum=$(printf '%b_' "$datum")
  eval "$1=\${datum%_}"
}

# take_list NAME: a counted list into NAME, one item a line; the items hold no line breaks.
take_list() {
  take count
  items=
  while [ "$count" -gt 0 ]; do
    take item
    items="$items$item$nl"
    count=$((count - 1))
  done
  eval "$1=\$items"
}

# sudo reads a password line only when it needs one: skip what comes before our own first line.
begin() {
  while IFS= read -r datum; do
    [ "$datum" = pulumi-macvlan:1 ] && taken=$datum$nl && return
  done
  fail protocol begin
}

# What the data of every resource starts with.
take_common() {
  take verb; take mark; take family; take previous_mark; take adopt; take persist
  take nonce # names the guard of this change
  take seconds # until it must be confirmed
}

# Only whole data may change anything: a cut connection ends here.
end() {
  IFS= read -r datum || fail protocol end
  [ "$datum" = pulumi-macvlan:end ] || fail protocol end
  taken=$taken$datum$nl
}

need_root() { [ "$(id -u)" = 0 ] || fail not-root "$(id -un)"; }
need() { command -v "$1" >/dev/null 2>&1 || fail missing-tool "$1"; }
need_ip() {
  need ip
  case $(ip -V 2>&1) in *iproute2*) ;; *) fail missing-tool ip ;; esac
}

# One change at a time on a host, whoever makes it; the kernel releases the lock when this process ends.
lock() {
  mkdir -p "$run_dir" || fail command "mkdir $run_dir" ""
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$run_dir/lock"
  # A change that is not decided yet holds the lock as well, whoever asked for it. busybox's flock knows no -w.
  now
  patience=$((ticks + 50))
  until { flock -w 10 9 2>/dev/null || flock -n 9; } && ! pending; do
    flock -u 9
    now
    [ "$ticks" -lt "$patience" ] || fail locked
    sleep 0.5 2>/dev/null || sleep 1
  done
}

# --- links ---------------------------------------------------------------------------------------------

exists() { [ -e "/sys/class/net/$1" ]; }
interfaces() { ls /sys/class/net | tr '\n' ' '; }
# peek FILE: its first line, into $peeked. A fork costs more than all the rest of such a look.
peek() {
  peeked=
  { IFS= read -r peeked <"$1"; } 2>/dev/null || [ -n "$peeked" ]
}
link_mark() { peek "/sys/class/net/$1/ifalias"; printf '%s' "$peeked"; }
link_flag() { peek "/sys/class/net/$1/flags" && [ $((peeked & $2)) -ne 0 ]; }

# A link of our name that is not marked yet was made by a run of ours that was killed.
is_intended() { peek "$run_dir/intent.$name" && [ "$peeked" = "$mark" ]; }

# claim MARK-FOUND: an object of our name is there. Ours, half-made by us, or of a resource that was renamed: go on.
# Anybody else's: only with adopt.
claim() {
  [ "$1" = "$mark" ] || [ "$1" = "$previous_mark" ] && return
  case $1 in "$family"*) return ;; esac
  is_intended && return
  [ "$adopt" = true ] || fail foreign "$1"
}

# The kernel's own line about our link, the only place that shows parent and kind with all its settings.
details() { ip -d -o link show dev "$name"; }

# networks_on LINK: Docker's networks whose containers stand on it. Those containers' interfaces are in namespaces of their
# own, where nobody sees them from here.
networks_on() {
  command -v docker >/dev/null 2>&1 || return 0
  for network in $(docker network ls -q --filter driver=macvlan --filter driver=ipvlan 2>/dev/null); do
    docker network inspect -f '{{index .Options "parent"}} {{.Name}}' "$network" 2>/dev/null
  done | while IFS=' ' read -r on network; do
    [ "$on" != "$1" ] || printf 'Docker:%s ' "$network"
  done
}

refuse_children() {
  below=$(children "$name")$(networks_on "$name")
  [ -z "$below" ] || fail has-children "$below"
}

# make_way TEST: a link of our name may stay if it is ours and TEST finds it to be the right one. What is ours, but left
# by an earlier run with other inputs, goes: it holds nothing that this run wants.
make_way() {
  exists "$name" || return 0
  claim "$(link_mark "$name")"
  "$1" && return
  case $(link_mark "$name") in "$family"* | "$previous_mark") ;; *) fail different "$(details)" ;; esac
  refuse_children
  drop_link "$name"
}

# A VLAN that goes while it is promiscuous leaves its parent so (seen with Linux 7.2).
calm() { ! link_flag "$1" 0x100 || ip link set dev "$1" promisc off; }
drop_link() {
  run calm "$1"
  run ip link del dev "$1"
}

# shown_sources DETAILS: of a macvlan in source mode, "remotes (2) 02:00:00:00:00:01 02:00:00:00:00:02 ", one a line.
shown_sources() {
  case $1 in *" remotes ("*) ;; *) return ;; esac
  rest=${1#*" remotes ("}
  for word in ${rest#*)}; do
    case $word in ??:??:??:??:??:??) printf '%s\n' "$word" ;; *) return ;; esac
  done
}

need_parent() {
  exists "$parent" || fail no-parent "$(interfaces)"
  link_flag "$parent" 1 || fail parent-down
}

# make_link ARGUMENTS: creates and marks. The intent file tells a later run whose an unmarked link is,
# should this one be killed between the two commands.
make_link() {
  leave_alone
  printf '%s' "$mark" >"$run_dir/intent.$name" || fail command "write $run_dir/intent.$name" ""
  said=$(ip link add "$@" 2>&1) || {
    rm -f "$run_dir/intent.$name"
    manage_again
    fail command "ip link add $*" "$said"
  }
  made
}

sync_mark() {
  leave_alone
  [ "$(link_mark "$name")" = "$mark" ] || run ip link set dev "$name" alias "$mark"
  rm -f "$run_dir/intent.$name"
}

# An empty mtu means the parent's.
sync_mtu() {
  peek "/sys/class/net/$parent/mtu"
  want_mtu=${mtu:-$peeked}
  peek "/sys/class/net/$name/mtu"
  [ "$peeked" = "$want_mtu" ] || run ip link set dev "$name" mtu "$want_mtu"
}

# The flag that was set by hand, as ip shows it; the kernel's own flag is also up while somebody captures packets.
sync_promiscuous() {
  case $(details) in *"<"*PROMISC*">"*) have=true ;; *) have=false ;; esac
  [ "$have" = "$promiscuous" ] && return
  if [ "$promiscuous" = true ]; then run ip link set dev "$name" promisc on; else run ip link set dev "$name" promisc off; fi
}

sync_up() { link_flag "$name" 1 || run ip link set dev "$name" up; }

# routers: the folder of each router of this host, whoever made it.
routers() { (set +f; ls -d "$run_dir/router" "$run_dir/router".* 2>/dev/null); }

# router_addresses: those that routers put on interfaces, "interface address" a line: they are not the link's to judge.
router_addresses() { (set +f; cat "$run_dir/router/addresses" "$run_dir/router".*/addresses 2>/dev/null); }

# all_addresses DEVICE: without those from router advertisements.
all_addresses() {
  ip -o addr show dev "$1" permanent 2>/dev/null | while IFS=' ' read -r _ _ _ address _; do printf '%s\n' "$address"; done
}

# link_addresses DEVICE WANTED: those that a link's resource answers for. The kernel's own link-local ones and a router's
# are nobody's wish, unless they are wanted.
link_addresses() {
  theirs=$(router_addresses)
  for address in $(all_addresses "$1"); do
    case "$nl$2" in
      *"$nl$address$nl"*) ;;
      *)
        case $address in fe80:*) continue ;; esac
        case "$nl$theirs$nl" in *"$nl$1 $address$nl"*) continue ;; esac
        ;;
    esac
    printf '%s\n' "$address"
  done
}

# sync_addresses DEVICE WANTED: removes what is not wanted, then adds what is missing (in this order: the
# kernel drops secondary addresses together with their primary one).
sync_addresses() {
  for address in $(link_addresses "$1" "$2"); do
    case "$nl$2" in *"$nl$address$nl"*) ;; *) run ip addr del "$address" dev "$1" ;; esac
  done
  for address in $2; do
    need_address "$1" "$address"
  done
  # The router's go as well when a link is made anew, or when the kernel drops them as secondary ones.
  while IFS=' ' read -r device address; do
    [ "$device" != "$1" ] || need_address "$device" "$address"
  done <<ADDRESSES
$(router_addresses)
ADDRESSES
}

need_address() {
  case "$nl$(all_addresses "$1")$nl" in *"$nl$2$nl"*) ;; *) run ip addr add "$2" dev "$1" ;; esac
}

# Another name may stand on the same parent, protocol and id: the kernel would only say "File exists".
taken_by() {
  ip -d -o link show type vlan 2>/dev/null | while read -r line; do
    case $line in *"@$parent: "*" vlan protocol $protocol id $vlan_id "*)
      line=${line#*: }
      printf '%s' "${line%%@*}"
      return
      ;;
    esac
  done
}

# children LINK: links that would vanish with it.
children() {
  ip -o link show 2>/dev/null | while IFS=' ' read -r _ child _; do
    case $child in *"@$1:") printf '%s ' "${child%%@*}" ;; esac
  done
}

# Whose the nft table is.
table_mark() { nft list table inet "$table" 2>/dev/null | grep -m 1 -o 'comment "[^"]*"' | cut -d '"' -f 2; }

observe() {
  section link
  exists "$name" && ip -j -d link show dev "$name"
  section addresses
  exists "$name" && ip -j addr show dev "$name"
  section router-addresses
  router_addresses
  section routes
  exists "$name" && ip -j route show dev "$name"
  section routes6
  exists "$name" && ip -j -6 route show dev "$name"
  section parent
  exists "$parent" && ip -j -d link show dev "$parent"
}

remove() { remove_link; }

remove_link() {
  if exists "$name"; then
    if [ "$(link_mark "$name")" != "$mark" ] && ! is_intended; then
      section kept
      link_mark "$name"
      return 0
    fi
    refuse_children
    drop_link "$name"
  fi
  rm -f "$run_dir/intent.$name"
  manage_again
}

# What a script of a link adds to the others: nothing of its own to undo, and nothing to keep for a restore that only the
# running host can tell (variables of the script, a line each).
own_kept() { :; }
own_before() { :; }
own_undo() { :; }
touched() { printf '%s\n' "$parent" "$name"; }
prepare() { need_ip; }

# --- verbs -----------------------------------------------------------------------------------------------

change() {
  case $verb in
    ensure) ensure ;;
    delete) remove ;;
  esac
  # What outlasts a reboot is written when the change is there to stay: under a guard, when it is confirmed.
  [ "$job" = apply ] || commit
  [ "$verb" = delete ] || observe
  section end
}

# do_verb: what every script ends with. It defines prepare, touched, prefixes, ensure, remove, observe, own_before,
# own_undo and own_kept, where those of a link don't fit.
do_verb() {
  case $job in
    apply | watch | rescue | commit) "$job"; return ;;
  esac
  prepare
  if [ "$verb" = read ]; then
    observe
    section persisted
    is_persisted && printf yes
    section end
    return
  fi
  need_root
  [ "$verb" = delete ] || [ "$persist" = false ] || can_persist
  lock
  if [ "$job" != restore ] && at_risk; then hand_over; else change; fi
}
