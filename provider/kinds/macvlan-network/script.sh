resource=macvlan-network
begin
take_common
take name; take parent; take spec
take known # "same" where state has all of it as it is wanted, "other" where it does not, "" where there is no state
take create # what Docker's API takes to make it
take_list ranges
take swarm
take_list subnets
take_list barred # addresses of the subnets that no container can have
end

# What tells whose and which it is, and after it all of it. A Swarm's has neither labels nor options, and then none can be looked for.
facts='{{.Id}}|{{with .Labels}}{{with index . "pulumi-macvlan.spec"}}{{.}}{{end}}|{{with index . "pulumi-macvlan.mark"}}{{.}}{{end}}{{else}}|{{end}}|{{with .Options}}{{with index . "parent"}}{{.}}{{end}}{{end}}
{{json .}}'

# find_network: a process of Docker's costs more than all the rest of a look, so everything is asked at once. Why Docker does not
# answer is in $silence.
id= asked=false
find_network() {
  asked=true silence=
  if ! inspected=$(by_name "$facts" 2>&1); then
    case $inspected in *[Nn]"o such network"* | *"not found"*) ;; *) silence=${inspected#"$nl"} ;; esac
    inspected=
  fi
  if [ -z "$inspected" ]; then
    id= found_parent= found_mark=
    return 1
  fi
  line=${inspected%%"$nl"*} inspected=${inspected#*"$nl"}
  found_parent=${line##*|} line=${line%|*}
  id=${line%%|*} label=${line##*|} line=${line#*|}
  found_spec=${line%%|*}
  if [ "$swarm" = true ]; then
    found_mark=
    peek "$marks/$name" && found_mark=$peeked
    found_spec=$spec
  else
    find_mark "$name" "$id" "$label"
  fi
}

ask_network() { find_network || [ -z "$silence" ] || fail no-docker "$silence"; }

# keep_mark: of a network that was found.
keep_mark() {
  if [ "$swarm" = true ]; then
    line=$mark
  else
    [ "$label" != "$mark" ] || { drop_mark; return; }
    line="$id $mark"
  fi
  keep_line "$marks/$name" "$line"
  found_mark=$mark
}

drop_mark() { drop_line "$marks/$name"; }

# Everybody's networks with a parent, for the messages about a parent or a pool that is taken.
others() {
  for other in $(docker network ls -q --no-trunc); do
    docker network inspect -f '{{.Name}} parent={{index .Options "parent"}}{{range .IPAM.Config}} subnet={{.Subnet}}{{end}};' "$other"
  done 2>/dev/null | tr '\n' ' '
}

# --- Docker's API ----------------------------------------------------------------------------------------

# Only one change at a time is under way on a host. What a killed one left of them the next replaces.
pipe=$run_dir/docker.pipe macs=$run_dir/docker.macs

# requests LIST HOOK [FIRST]: "METHOD PATH JSON" a line, one after the other over one connection of docker's own command line, since
# nothing else need be there that speaks to its socket. FIRST is called before each is sent, HOOK CODE MESSAGE once it is answered. One
# after the other: asked side by side, Docker 20.10 loses count of who is on a network, and no Docker is quicker.
requests() {
  unsent=$1 code=
  rm -f "$pipe" "$pipe.answers"
  mkfifo "$pipe" "$pipe.answers" || fail command "mkfifo $pipe" ""
  docker system dial-stdio <"$pipe" >"$pipe.answers" 2>&1 &
  # It stays open until Docker has answered: an end of input would tell it that nobody waits.
  exec 7>"$pipe" 8<"$pipe.answers"
  while [ -n "$unsent" ]; do
    request=${unsent%%"$nl"*} unsent=${unsent#*"$nl"}
    ${3:-ignore}
    ask_for "$request"
    "$2" "$code" "$message"
  done
  exec 7>&- 8<&-
  rm -f "$pipe" "$pipe.answers"
}

# ask_for "METHOD PATH JSON": the answer goes into $code and $message.
ask_for() {
  path=${1#* } json=${1#* * }
  if [ -n "$unsent" ]; then more=keep-alive; else more=close; fi
  printf '%s %s HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: %s\r\n\r\n%s' \
    "${1%% *}" "${path%% *}" "${#json}" "$more" "$json" >&7
  code= message=
  while IFS= read -r line <&8 || [ -n "$line" ]; do
    case $code:$line in
      *:HTTP/1.*) line=${line#* } code=${line%% *} ;;
      2*:?) return ;;
      :*) message=$line ;;
      *'"message":"'*) line=${line#*'"message":"'} && message=${line%\"*} && return ;;
    esac
  done
  code=000 message=${message:-Docker gave no answer}
}

ignore() { :; }

# A hook: what was made, and in $said why not.
note() {
  case $request:$1 in
    POST*:2*) made_it=true ;;
    DELETE*:204 | DELETE*:404) ;;
    *) [ -n "$said" ] || said=$2 ;;
  esac
}

# make JSON [REQUEST]: another request before it.
make() {
  made_it=false said=
  requests "${2:+$2$nl}POST /networks/create $1$nl" note
  [ "$made_it" = true ]
}

# make_anew JSON: in place of the network that is there, if any.
make_anew() {
  # What stands in from here on stands on the new one.
  footing=
  make "$1" "DELETE /networks/$name {}"
}

# existing: the network as it is, whoever made it, as Docker's API takes it; with the mark that it has by now. A gateway that Docker chose
# shows with its prefix.
existing() {
  fields='"Name":{{json .Name}},"CheckDuplicate":true,"Driver":{{json .Driver}},"Internal":{{json .Internal}},"Attachable":{{json .Attachable}}'
  fields=$fields',"EnableIPv6":{{json .EnableIPv6}},"ConfigOnly":{{json .ConfigOnly}},"IPAM":{{json .IPAM}}'
  ask "{$fields,\"Options\":{{json .Options}},\"Labels\":{{json .Labels}}}" |
    sed -e 's|\("Gateway":"[^"/]*\)/[0-9]*"|\1"|g' -e "s|\(\"pulumi-macvlan.mark\":\)\"[^\"]*\"|\1\"$found_mark\"|"
}

# --- containers --------------------------------------------------------------------------------------------

# A container on the network, a line each:
# id|name|process|MAC address|its IPv4|the one chosen for it|its IPv6|the one chosen for it|gateway priority|more words for Docker's API.
# One that is stopped has an address only if one was chosen; a priority is known from Docker 28 on.
chosen='{{with .IPAMConfig}}{{with index . "IPvXAddress"}}{{.}}{{end}}{{end}}'
endpoint='{{$.Id}}|{{$.Name}}|{{$.State.Pid}}|{{.MacAddress}}|{{.IPAddress}}|'${chosen%X*}4${chosen#*X}'|{{.GlobalIPv6Address}}|'${chosen%X*}6${chosen#*X}
endpoint=$endpoint'|{{with index . "GwPriority"}}{{.}}{{end}}|"Aliases":{{json .Aliases}},"DriverOpts":{{json .DriverOpts}}'

# split LINE: into the variables of that name.
split() {
  IFS='|' read -r container called process mac ip chosen4 ip6 chosen6 priority words <<LINE
$1
LINE
  # Docker 29 says "invalid IP" for none.
  case $ip in *[!0-9.]*) ip= ;; esac
  case $ip6 in *[!0-9A-Fa-f:.]*) ip6= ;; esac
  case $chosen4 in *[!0-9.]*) chosen4= ;; esac
  case $chosen6 in *[!0-9A-Fa-f:.]*) chosen6= ;; esac
  case $priority in *[!0-9-]*) priority= ;; esac
}

# fits ADDRESS: can a container of the new network have it?
fits() {
  case "$nl$barred$nl" in *"$nl$1$nl"*) return 1 ;; esac
  for subnet in $subnets; do
    case $subnet$1 in *:*.* | *.*:*) continue ;; esac
    covers "$subnet" "$1" && return 0
  done
  return 1
}

# What Docker chose it may choose again; what the user chose nobody else may change.
refuse_misfits() {
  misfits=
  IFS=$nl
  for line in $containers; do
    IFS=" 	$nl"
    split "$line"
    for address in $chosen4 $chosen6; do
      by_user "$container" "$address" && ! fits "$address" && misfits="$misfits${called#/} ($address), $nl"
    done
    IFS=$nl
  done
  IFS=" 	$nl"
  [ -n "$misfits" ] || return 0
  misfits=$(printf '%s' "$misfits" | sort | tr -d '\n')
  fail misfits "${misfits%, }"
}

# connection_of LINE: the request that puts one container back as it was.
connection_of() {
  split "$1"
  ip=${ip:-$chosen4} ip6=${ip6:-$chosen6}
  # The network of before has room for all that it had.
  [ "$undoing" = true ] || { fits "$ip" || ip=; fits "$ip6" || ip6=; }
  case $priority in 0) priority= ;; esac
  config="$words,\"MacAddress\":\"$mac\"${priority:+,\"GwPriority\":$priority}"
  config="$config,\"IPAMConfig\":{${ip:+\"IPv4Address\":\"$ip\"${ip6:+,}}${ip6:+\"IPv6Address\":\"$ip6\"}}"
  list="${list}POST /networks/$name/connect {\"Container\":\"$container\",\"EndpointConfig\":{$config}}$nl"
}

# has_mac PROCESS ADDRESS: does one of its interfaces have it? Read where the kernel shows it: a look costs no process. A container with
# the host's /sys says no, and those who ask look with ip then.
has_mac() {
  set +f
  for shown in /proc/"$1"/root/sys/class/net/*/address; do
    peek "$shown" && [ "$peeked" = "$2" ] && { set -f; return 0; }
  done
  set -f
  return 1
}

# Since Docker 28 a MAC address no longer follows from the IP address; those from 25 on take the word for it (29 also while the container
# runs), older ones follow the IP address whatever the user chose. So it is set on the interface itself, where it is another one.
# Neighbours are told at once, whom Docker has told of the other one.
SET_MAC='device=$(ip -o addr show to "$1" | sed -n "1s/^[0-9]*: \([^ ]*\) .*/\1/p")
[ -n "$device" ] || { echo "no interface has $1"; exit 1; }
echo 1 >"/proc/sys/net/ipv4/conf/$device/arp_notify"
echo 1 >"/proc/sys/net/ipv6/conf/$device/ndisc_notify" 2>/dev/null
ip link set dev "$device" address "$2" && echo 0 >"/proc/sys/net/ipv4/conf/$device/arp_notify"'

# keep_mac LINE: prints why not.
keep_mac() {
  IFS=" 	$nl"
  split "$1"
  [ -n "$mac" ] && [ "${process:-0}" != 0 ] && [ -e "/proc/$process" ] || return 0
  has_mac "$process" "$mac" && return
  address=${ip:-$ip6}
  # Docker may have had to choose another one.
  fits "$address" || [ "$undoing" = true ] ||
    address=$(docker inspect -f "{{with index .NetworkSettings.Networks \"$name\"}}{{or .IPAddress .GlobalIPv6Address}}{{end}}" "$container" 2>/dev/null)
  [ -z "$address" ] || said=$(in_container "$process" sh -c "$SET_MAC" sh "$address" "$mac") || printf '%s: %s\n' "${called#/}" "$said"
}

GET_MAC='ip -o link show dev "$(ip -o addr show to "$1" | sed -n "1s/^[0-9]*: \([^ ]*\) .*/\1/p")"'

# with_macs LIST: the same list, with the MAC addresses that the interfaces really have: Docker does not know of one that was set there.
with_macs() {
  IFS=$nl
  for line in $1; do
    IFS=" 	$nl"
    split "$line"
    # An ipvlan has its parent's, which Docker does not show.
    if [ -n "$mac" ] && [ "${process:-0}" != 0 ] && ! has_mac "$process" "$mac"; then
      really=$(in_container "$process" sh -c "$GET_MAC" sh "${ip:-$ip6}")
      case $really in *link/ether\ *) mac=${really#*link/ether } mac=${mac%% *} ;; esac
    fi
    printf '%s|%s|%s|%s|%s|%s|%s|%s|%s|%s\n' "$container" "$called" "$process" "$mac" "$ip" "$chosen4" "$ip6" "$chosen6" "$priority" "$words"
    IFS=$nl
  done
  IFS=" 	$nl"
}

# disconnect_all LIST NEXT: each has a stand-in at once, unless they stood in the way of the network that is made next (JSON): one parent
# serves no macvlan and ipvlan together.
disconnect_all() {
  list= waiting=$1
  IFS=$nl
  for line in $1; do
    split "$line"
    hear_nothing "$process"
    list="${list}POST /networks/$name/disconnect {\"Container\":\"$container\",\"Force\":true}$nl"
  done
  IFS=" 	$nl"
  [ -n "$list" ] || return 0
  stand_in_name
  look_at_footing
  case $2 in *"\"Driver\":\"$driver\""*) ;; *) footing= ;; esac
  requests "$list" gone
}

next_waiting() {
  line=${waiting%%"$nl"*} waiting=${waiting#*"$nl"}
  split "$line"
}

# A hook.
gone() {
  next_waiting
  case $1 in 2*) stand_in_for "$process" "$mac" $ip $ip6 ;; esac
}

# A stand-in answers better than a Docker that has gone.
make_room() {
  [ "$code" = 000 ] || {
    split "${waiting%%"$nl"*}"
    hear_nothing "$process"
    step_aside "$process"
  }
}

# A hook: the container of the next line is back. One that has gone in the meantime (docker run --rm) is nobody's loss; one that is there
# already came with a request that Docker said had failed (a full disk).
back() {
  next_waiting
  hear_again "$process" &
  case $1:$2 in
    2* | *"already exists in network"*) keep_mac "$line" >>"$macs" & ;;
    *"No such container"*) ;;
    *)
      wrong=$2
      [ -n "$footing" ] || look_at_footing
      stand_in_for "$process" "$mac" $ip $ip6
      ;;
  esac
}

# connect_all LIST: goes on after a failure, so that as few as possible stay off.
undoing=false
connect_all() {
  list= wrong= waiting=$1
  IFS=$nl
  for line in $1; do
    IFS=" 	$nl"
    connection_of "$line"
    IFS=$nl
  done
  IFS=" 	$nl"
  : >"$macs"
  stand_in_name
  [ -z "$list" ] || requests "$list" back make_room
  wait
  said=$wrong$(cat "$macs")
  rm -f "$macs"
  [ -z "$said" ]
}

# Which containers were on the network before it was taken down: kept over a crash and a reboot until all of them are
# back, for the next run to put them back.
lost=/var/lib/pulumi-macvlan/containers-of.$name

remember() {
  kept=
  IFS=$nl
  for line in $containers; do
    IFS=" 	$nl"
    split "$line"
    for address in ${ip:-$chosen4} ${ip6:-$chosen6}; do
      case $address in "$chosen4" | "$chosen6") by_user "$container" "$address" && continue ;; esac
      kept="$kept$container $address$nl"
    done
    IFS=$nl
  done
  IFS=" 	$nl"
  write "$lost" 600 "$containers"
  if [ -n "$kept" ]; then write "$(kept_addresses)" 600 "$kept"; else rm -f "$(kept_addresses)"; fi
}

# Of a network that goes for good, nobody is left to stand in for.
forget_lost() {
  [ -e "$lost" ] || return 0
  stand_in_name
  while IFS= read -r line; do
    split "$line"
    step_aside "$process" </dev/null
    hear_again "$process" </dev/null
  done <"$lost"
  rm -f "$lost" "$pipe" "$pipe.answers" "$macs"
}

reconnect_lost() {
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
  [ ! -e "$lost" ] || reconnect_lost
  list_containers "$endpoint"
  refuse_misfits
  containers=$(with_macs "$containers")
  old=$(existing)
  remember
  made
  disconnect_all "$containers" "$create"
  if make_anew "$create" && connect_all "$containers"; then
    rm -f "$lost"
    return
  fi
  why=$said undoing=true
  disconnect_all "$containers" "$old"
  find_network && [ "$found_spec" != "$spec" ] || make_anew "$old" || fail not-undone "$why" "$said"
  connect_all "$containers" || fail not-undone "$why" "$said"
  rm -f "$lost"
  fail undone "$why"
}

ensure() {
  [ "$swarm" = true ] || exists "$parent" || fail no-parent "$(interfaces)"
  refuse_strangers $ranges
  [ "$asked" = true ] || ask_network
  if [ -n "$id" ]; then
    claim "$found_mark"
    # Labels can be copied: what a refresh found to differ is made anew even where they say that it is right. One that was taken over as it
    # is has none.
    case $known:$found_spec in
      "same:" | ":$spec" | "same:$spec") made ;;
      *)
        recreate
        find_network
        ;;
    esac
  else
    [ "$swarm" = false ] || keep_mark
    make "$create" || fail network "$said" "$(others)"
    made
    find_network
  fi
  keep_mark
  if [ -e "$lost" ]; then
    reconnect_lost
    find_network
  fi
}

observe() {
  [ "$verb" != read ] || ask_network
  section network
  [ -z "$id" ] || printf '[%s]\n' "$inspected"
  section mark
  printf '%s' "$found_mark"
}

same_network() { [ "$found_parent" = "$parent" ] && case $create in *"\"Driver\":\"$(ask '{{.Driver}}')\""*) ;; *) false ;; esac; }

remove() {
  ask_network
  [ -n "$id" ] || {
    forget_lost
    return 0
  }
  if ! may_go "$found_mark" same_network; then
    section kept
    printf '%s\n' "$found_mark"
    return 0
  fi
  need_empty
  run docker network rm "$name"
  forget_lost
  rm -f "$(kept_addresses)"
  drop_mark
  rmdir "${marks%/*}" 2>/dev/null
  return 0
}

# Its labels outlast a reboot.
own_mark() { :; }
prepare() {
  [ "$verb" = read ] || need_root
  need docker
}

touched() {
  ask_network
  touching=$parent$nl$found_parent$nl
}
prefixes() { setting=; }

own_before() {
  ask_network
  [ -n "$id" ] || return 0
  keep id "$id"
  keep network "$(existing)"
  list_containers "$endpoint"
  keep containers "$(with_macs "$containers")"
}

own_undo() {
  undoing=true
  if ! [ -e "$guard/before/id" ]; then
    find_network && [ "$found_mark" = "$mark" ] && docker network rm "$name"
  else
    containers=$(cat "$guard/before/containers")
    if ! find_network || [ "$id" != "$(cat "$guard/before/id")" ]; then
      old=$(cat "$guard/before/network")
      disconnect_all "$containers" "$old"
      make_anew "$old"
    fi
    connect_all "$containers"
  fi
  rm -f "$lost"
}

do_verb
