# An interface of our own in a container, for as long as Docker has taken its one away: with its MAC address, addresses and way out, so that
# the container is missed only while one gives way to the other. Whatever goes wrong with it costs seconds, and fails nothing.

# One name per network: two may be under way in one container after a crash.
stand_in_name() { stand_in=pmv-$(printf '%s' "$name" | cksum) && stand_in=${stand_in%% *}; }

# has_own_network PROCESS: it is there, and not (any more) a process of the host itself.
has_own_network() { [ "${1:-0}" != 0 ] && [ -e "/proc/$1/ns/net" ] && ! [ "/proc/$1/ns/net" -ef /proc/self/ns/net ]; }

# look_at_footing: what a container of the network as it is now stands on: driver, mode, parent, whether nobody leaves it, and its subnets with
# their gateways. None where two can't stand beside each other: on passthru, which gives one the parent's MAC address, and on an ipvlan that is
# routed or shuts its own off from each other, which is all ipvlans of a parent or none.
footing=
look_at_footing() {
  footing=$(ask '{{.Driver}} {{with .Options}}{{or (index . "macvlan_mode") (index . "ipvlan_mode") "-"}} {{or (index . "ipvlan_flag") "bridge"}} {{index . "parent"}}{{end}} {{.Internal}}{{range .IPAM.Config}} {{.Subnet}}={{.Gateway}}{{end}}')
  case $footing in
    "macvlan passthru "*) footing= ;;
    "macvlan - "*) footing="macvlan bridge ${footing#macvlan - }" ;;
    "ipvlan - bridge "*) footing="ipvlan l2 ${footing#ipvlan - }" ;;
    "macvlan "* | "ipvlan l2 bridge "*) ;;
    *) footing= ;;
  esac
  driver=${footing%% *}
}

# Nothing that others advertise: it has what Docker's has, and no IPv6 where that has none.
STAND_IN='cd /proc/sys/net/ipv6/conf 2>/dev/null && cd "$1" && {
case $2 in *" nodad"*) echo 0 ;; *) echo 1 ;; esac >disable_ipv6
echo 0 >accept_ra
echo 0 >autoconf
}
printf "%s" "$2" | ip -force -batch -'

# Behind every way out that Docker gives a container, which must find none of its own there already.
LAST=32000

# stand_in_for PROCESS MAC ADDRESS ...: by what look_at_footing saw.
stand_in_for() {
  [ -n "$footing" ] && has_own_network "$1" || return 0
  standing=$1 lines= routes=
  read -r driver mode _ on internal configs <<FOOTING
$footing
FOOTING
  case $driver:$2 in ipvlan:*) set_mac= ;; *:) return ;; *) set_mac="address $2" ;; esac
  ip link add link "$on" name "$stand_in" netns "$1" $set_mac type "$driver" mode "$mode" 2>/dev/null || return 0
  shift 2
  for own; do
    for config in $configs; do
      case $config$own in *:*.* | *.*:*) continue ;; esac
      covers "${config%%=*}" "$own" || continue
      subnet=${config%%=*} gateway=${config#*=}
      case $own in *:*) more=" nodad" ;; *) more= ;; esac
      lines="${lines}addr add $own/${subnet#*/} dev $stand_in$more$nl"
      [ "$internal" = true ] || [ -z "$gateway" ] || routes="${routes}route add default via ${gateway%/*} dev $stand_in metric $LAST$nl"
    done
  done
  in_container "$standing" sh -c "$STAND_IN" sh "$stand_in" "${lines}link set dev $stand_in up$nl$routes" >/dev/null
}

# step_aside PROCESS: before Docker's own comes, which has the same addresses. Looked for in the kernel's own list: /sys may be the host's.
step_aside() {
  has_own_network "$1" || return 0
  while IFS= read -r device; do
    case $device in *"$stand_in:"*) in_container "$1" ip link del dev "$stand_in" >/dev/null && return ;; esac
  done <"/proc/$1/net/dev"
  return 0
}

# in_container PROCESS COMMAND ...: with the host's own programs, in the container's network.
in_container() {
  process=$1
  shift
  nsenter -t "$process" -n "$@" 2>&1
}
