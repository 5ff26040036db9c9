resource=macvlan-network
begin
take_common
take name; take parent; take spec; take drifted; take_list create; take_list ranges; take swarm
end

find_network() {
  id=$(ask '{{.Id}}')
  [ -n "$id" ] || return 1
  if [ "$swarm" = true ]; then
    found_mark=
    peek "$marks/$name" && found_mark=$peeked
    found_spec=$spec
    return 0
  fi
  found_mark=$(ask '{{index .Labels "pulumi-macvlan.mark"}}')
  found_spec=$(ask '{{index .Labels "pulumi-macvlan.spec"}}')
}

keep_mark() { { peek "$marks/$name" && [ "$peeked" = "$mark" ]; } || write "$marks/$name" 600 "$mark"; }

# Everybody's networks with a parent, for the messages about a parent or a pool that is taken.
others() {
  for other in $(docker network ls -q --no-trunc); do
    docker network inspect -f '{{.Name}} parent={{index .Options "parent"}}{{range .IPAM.Config}} subnet={{.Subnet}}{{end}};' "$other"
  done 2>/dev/null | tr '\n' ' '
}

# make LIST: docker network create with one argument a line.
make() {
  IFS=$nl
  # shellcheck disable=SC2086 # one argument a line is what the list is for
  set -- $1
  IFS=" 	$nl"
  said=$(docker network create "$@" 2>&1)
}

# "container|its IPv4|its IPv6|aliases|gateway priority|MAC address|process". A stopped container has an address only if the user chose one;
# a priority is known from Docker 28 on, and 0 where nobody chose it.
endpoint='{{$.Id}}|{{if .IPAddress}}{{.IPAddress}}{{else}}{{with .IPAMConfig}}{{with index . "IPv4Address"}}{{.}}{{end}}{{end}}{{end}}'
endpoint=$endpoint'|{{if .GlobalIPv6Address}}{{.GlobalIPv6Address}}{{else}}{{with .IPAMConfig}}{{with index . "IPv6Address"}}{{.}}{{end}}{{end}}{{end}}'
endpoint=$endpoint'|{{range .Aliases}}{{.}} {{end}}|{{with index . "GwPriority"}}{{.}}{{end}}|{{.MacAddress}}|{{$.State.Pid}}'

# existing: the arguments of docker network create for the network as it is, whoever made it.
existing() {
  ask '--driver={{.Driver}}
{{if .Internal}}--internal
{{end}}{{if .EnableIPv6}}--ipv6
{{end}}{{range .IPAM.Config}}--subnet={{.Subnet}}
{{if .IPRange}}--ip-range={{.IPRange}}
{{end}}{{if .Gateway}}--gateway={{.Gateway}}
{{end}}{{range $key, $value := .AuxAddress}}--aux-address={{$key}}={{$value}}
{{end}}{{end}}{{range $key, $value := .Options}}--opt={{$key}}={{$value}}
{{end}}{{range $key, $value := .Labels}}--label={{$key}}={{$value}}
{{end}}' | sed -e '/=invalid /d' -e '/^$/d' -e 's|^\(--gateway=[^/]*\)/.*|\1|'
  printf '%s\n' "$name"
}

# connect LINE: puts one container back as it was. Docker itself adds the short id as an alias. One that has gone in the
# meantime (docker run --rm) is nobody's loss.
connect() {
  IFS='|'
  set -- $1
  IFS=" 	$nl"
  container=$1 ip=${2-} ip6=${3-} aliases=${4-} priority=${5-} mac=${6-}
  # Docker 29 says "invalid IP" for none.
  case $ip in *[!0-9.]*) ip= ;; esac
  case $ip6 in *[!0-9A-Fa-f:.]*) ip6= ;; esac
  case $priority in 0 | *[!0-9-]*) priority= ;; esac
  short=$(printf '%.12s' "$container")
  if [ -n "$mac" ] && takes_mac; then
    connect_with_mac && keep_mac && return
  else
    set --
    for alias in $aliases; do
      [ "$alias" = "$short" ] || set -- "$@" --alias "$alias"
    done
    answer=$(docker network connect ${ip:+--ip "$ip"} ${ip6:+--ip6 "$ip6"} ${priority:+--gw-priority "$priority"} \
      "$@" "$name" "$container" 2>&1) && return
  fi
  case $answer in *"No such container"* | *"already exists in network"*) return 0 ;; esac
  said=$answer
  return 1
}

# Since Docker 28 a MAC address no longer follows from the IP address. Docker 29 keeps one that its API is asked for (its command line has
# no word for it); those from 25 on take the word too, but don't heed it while the container runs: there it is set on the interface itself.
takes_mac() {
  [ -n "${api-}" ] || api=$(docker version -f '{{.Server.APIVersion}}' 2>/dev/null)
  case $api in 1.*) [ "${api#1.}" -ge 44 ] ;; *) return 1 ;; esac
}

connect_with_mac() {
  listed=
  for alias in $aliases; do
    case $alias in "$short") continue ;; *[\\\"]*) alias=$(printf '%s' "$alias" | sed 's/[\\"]/\\&/g') ;; esac
    listed="$listed${listed:+,}\"$alias\""
  done
  ask_api "/v1.44/networks/$name/connect" "{\"Container\":\"$container\",\"EndpointConfig\":{\"MacAddress\":\"$mac\",\"Aliases\":[$listed]\
${priority:+,\"GwPriority\":$priority},\"IPAMConfig\":{\"IPv4Address\":\"$ip\",\"IPv6Address\":\"$ip6\"}}}"
}

# in_container PROCESS SCRIPT [ARGUMENT ...]: with the host's own programs, in the container's network.
in_container() {
  process=$1
  shift
  nsenter -t "$process" -n sh -c "$@" 2>&1
}

# Neighbours are told at once, whom Docker has told of the other one.
SET_MAC='device=$(ip -o link show | sed -n "s/^[0-9]*: \([^@:]*\).*link.ether $1 .*/\1/p")
[ -n "$device" ] || { echo "no interface has $1"; exit 1; }
echo 1 >"/proc/sys/net/ipv4/conf/$device/arp_notify"
echo 1 >"/proc/sys/net/ipv6/conf/$device/ndisc_notify" 2>/dev/null
ip link set dev "$device" address "$2" && echo 0 >"/proc/sys/net/ipv4/conf/$device/arp_notify"'

keep_mac() {
  now=$(docker inspect -f "{{.State.Pid}} {{with index .NetworkSettings.Networks \"$name\"}}{{.MacAddress}}{{end}}" "$container" 2>/dev/null)
  case $now in "0 "* | *" $mac" | *" ") return 0 ;; esac
  answer=$(in_container "${now%% *}" "$SET_MAC" sh "${now#* }" "$mac")
}

# The address that the interface really has: Docker does not know of one that was set on it. Found by the IP address.
GET_MAC='device=$(ip -o addr show | sed -n "s|^[0-9]*: \([^ ]*\) *inet6* $1/.*|\1|p" | head -n 1)
[ -n "$device" ] && ip -o link show dev "$device" | sed -n "s/.*link.ether \([0-9a-f:]*\) .*/\1/p"'

# with_macs LIST: the same list, with those addresses.
with_macs() {
  IFS=$nl
  for line in $1; do
    rest=${line%|*} process=${line##*|}
    ip=${line#*|} && ip=${ip%%|*}
    mac=
    # An ipvlan has its parent's, which Docker does not show.
    case ${rest##*|}/$process in /* | */0) ;; *) takes_mac && mac=$(in_container "$process" "$GET_MAC" sh "$ip") ;; esac
    case $mac in ??:??:??:??:??:??) rest=${rest%|*}"|$mac" ;; esac
    printf '%s\n' "$rest"
  done
  IFS=" 	$nl"
}

# ask_api PATH BODY: a POST to Docker's API over docker's own command line, since nothing else need be there that speaks to its socket.
# What went wrong is in $answer. The pipe stays open until Docker has answered: an end of input would tell it that nobody waits.
ask_api() {
  pipe=$run_dir/docker.$$
  rm -f "$pipe"
  mkfifo "$pipe" || { answer="cannot make $pipe"; return 1; }
  docker system dial-stdio <"$pipe" >"$pipe.answer" 2>&1 &
  exec 7>"$pipe"
  printf 'POST %s HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
    "$1" "${#2}" "$2" >&7
  wait "$!"
  exec 7>&-
  answer=$(cat "$pipe.answer")
  rm -f "$pipe" "$pipe.answer"
  case $answer in "HTTP/1.1 2"*) return 0 ;; esac
  said_there=$(printf '%s\n' "$answer" | sed -n 's/.*"message":"\(.*\)".*/\1/p')
  answer=${said_there:-$answer}
  return 1
}

disconnect_all() {
  IFS=$nl
  for line in $1; do docker network disconnect -f "$name" "${line%%|*}" >/dev/null 2>&1; done
  IFS=" 	$nl"
}

# connect_all LIST: goes on after a failure, so that as few as possible stay off.
connect_all() {
  result=0
  IFS=$nl
  for line in $1; do
    IFS=" 	$nl"
    connect "$line" || result=1
    IFS=$nl
  done
  IFS=" 	$nl"
  return "$result"
}

# Which containers were on the network before it was taken down: kept over a crash and a reboot until all of them are
# back, for the next run to put them back.
lost=/var/lib/pulumi-macvlan/containers-of.$name

remember() { write "$lost" 600 "$containers"; }

reconnect_lost() {
  [ -e "$lost" ] || return 0
  said=
  all=$(cat "$lost")
  connect_all "$all" && start_all "$all" || fail lost "$said"
  rm -f "$lost"
}

# start_all LIST: those that Docker could not start at boot for want of their network.
start_all() {
  result=0
  IFS=$nl
  for line in $1; do
    case $(docker inspect -f '{{.State.Running}} {{.State.Error}}' "${line%%|*}" 2>/dev/null) in
      "false "*network*) said=$(docker start "${line%%|*}" 2>&1) || result=1 ;;
    esac
  done
  IFS=" 	$nl"
  return "$result"
}

# recreate: Docker can't change a network. Its containers leave, it is made anew, they come back with the
# addresses they had. Where a step fails, all of it is undone.
recreate() {
  reconnect_lost
  list_containers "$endpoint"
  containers=$(with_macs "$containers")
  old=$(existing)
  remember
  made
  disconnect_all "$containers"
  if said=$(docker network rm "$name" 2>&1) && make "$create" && connect_all "$containers"; then
    rm -f "$lost"
    return
  fi
  why=$said
  disconnect_all "$containers"
  docker network rm "$name" >/dev/null 2>&1
  find_network || make "$old" || fail not-undone "$why" "$said"
  connect_all "$containers" || fail not-undone "$why" "$said"
  rm -f "$lost"
  fail undone "$why"
}

ensure() {
  [ "$swarm" = true ] || exists "$parent" || fail no-parent "$(interfaces)"
  refuse_strangers $ranges
  if find_network; then
    if [ -z "$found_mark" ] || [ "$found_mark" = "<no value>" ]; then claim ""; else claim "$found_mark"; fi
    # Labels can be copied: what a refresh found to differ is made anew even where they say that it is right.
    if [ "$found_spec" = "$spec" ] && [ "$found_mark" = "$mark" ] && [ "$drifted" = false ]; then made; else recreate; fi
    [ "$swarm" = false ] || keep_mark
  else
    [ "$swarm" = false ] || keep_mark
    make "$create" || fail network "$said" "$(others)"
    made
  fi
  reconnect_lost
}

observe() {
  section network
  docker network inspect "$name" 2>/dev/null
  [ "$swarm" = false ] || { section mark; cat "$marks/$name" 2>/dev/null; }
}

remove() {
  find_network || return 0
  if [ "$found_mark" != "$mark" ]; then
    section kept
    printf '%s\n' "$found_mark"
    return 0
  fi
  need_empty
  run docker network rm "$name"
  rm -f "$lost" "$marks/$name"
  rmdir "$marks" "${marks%/*}" 2>/dev/null
  return 0
}

prepare() {
  [ "$verb" = read ] || need_root
  need_docker
}

touched() { printf '%s\n' "$parent"; }
prefixes() { :; }

own_before() {
  find_network || return 0
  keep id "$id"
  keep network "$(existing)"
  list_containers "$endpoint"
  keep containers "$(with_macs "$containers")"
}

own_undo() {
  if ! [ -e "$guard/before/id" ]; then
    find_network && [ "$found_mark" = "$mark" ] && docker network rm "$name"
  else
    old=$(cat "$guard/before/network")
    containers=$(cat "$guard/before/containers")
    if ! find_network || [ "$id" != "$(cat "$guard/before/id")" ]; then
      disconnect_all "$containers"
      docker network rm "$name"
      make "$old"
    fi
    connect_all "$containers"
  fi
  rm -f "$lost"
}

do_verb
