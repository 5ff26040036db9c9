# An interface of our own in a container, for as long as Docker has taken its one away: with its MAC address, addresses and way out, so that
# the container is missed only while one gives way to the other. Whatever goes wrong with it costs seconds, and fails nothing.

# One name per network: two may be under way in one container after a crash.
stand_in_name() { stand_in=pmv-$(printf '%s' "$name" | cksum) && stand_in=${stand_in%% *}; }

# has_own_network PROCESS: it is there, and not (any more) a process of the host itself.
has_own_network() { [ "${1:-0}" != 0 ] && [ -e "/proc/$1/ns/net" ] && ! [ "/proc/$1/ns/net" -ef /proc/self/ns/net ]; }

# look_at_way: what a container of the network as it is now stands on: parent, mode, whether nobody leaves it, and its subnets with their
# gateways. Only macvlan: an ipvlan has no MAC address of its own, and one parent serves one of its modes.
look_at_way() {
  way=$(ask '{{.Driver}} {{.Internal}} {{with .Options}}{{index . "parent"}} {{with index . "macvlan_mode"}}{{.}}{{else}}bridge{{end}}{{end}}{{range .IPAM.Config}} {{.Subnet}}={{.Gateway}}{{end}}')
  case $way in "macvlan "*) way=${way#* } ;; *) way= ;; esac
}

STAND_IN='echo 0 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6" 2>/dev/null
printf "%s" "$2" | ip -force -batch -'

# stand_in_for PROCESS MAC ADDRESS ...: by what look_at_way saw.
stand_in_for() {
  [ -n "$way" ] && [ -n "$2" ] && has_own_network "$1" || return 0
  standing=$1 lines= routes=
  internal=${way%% *} rest=${way#* }
  on=${rest%% *} rest=${rest#* }
  mode=${rest%% *} configs=${rest#"$mode"}
  ip link add link "$on" name "$stand_in" netns "$1" address "$2" type macvlan mode "$mode" 2>/dev/null || return 0
  shift 2
  for own; do
    for config in $configs; do
      case $config$own in *:*.*:*) ;; *:*.* | *.*:*) continue ;; esac
      covers "${config%%=*}" "$own" || continue
      subnet=${config%%=*} gateway=${config#*=}
      case $own in *:*) more=" nodad" ;; *) more= ;; esac
      lines="${lines}addr add $own/${subnet#*/} dev $stand_in$more$nl"
      [ "$internal" = true ] || [ -z "$gateway" ] || routes="${routes}route add default via ${gateway%/*} dev $stand_in$nl"
    done
  done
  in_container "$standing" sh -c "$STAND_IN" sh "$stand_in" "${lines}link set dev $stand_in up$nl$routes" >/dev/null
}

# step_aside PROCESS: before Docker's own comes, which has the same addresses.
step_aside() {
  has_own_network "$1" || return 0
  devices=/proc/$1/root/sys/class/net
  [ -d "$devices" ] && ! [ -e "$devices/$stand_in" ] || in_container "$1" ip link del dev "$stand_in" >/dev/null
}

# in_container PROCESS COMMAND ...: with the host's own programs, in the container's network.
in_container() {
  process=$1
  shift
  nsenter -t "$process" -n "$@" 2>&1
}
