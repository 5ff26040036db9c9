resource=readiness
begin
take verb # "ask" before a change; "look" where none is meant
take family
take before # the family that the stack had before it was renamed
take_list tools
take_list parents
take_list devices # those that are routed between, and the ways out
take_list links # "type:name" a line
take_list vlans # "name parent protocol id" a line
take_list networks
take_list wanted_routers # "table|router|devices|ways out|device address, ..." a line
take_list leaving_links # as links
take_list leaving_networks
take_list adopted # "type:name" a line: what is nobody's may be taken over
end

# Nothing is changed here: each check says what is in the way of a change, and the others are asked all the same.

# no ABOUT CHECK [ARGUMENT ...]: what a check refuses, told under what it is about.
noes=0
no() {
  about=$1
  shift
  if answer=$("$@"); then
    [ -z "$answer" ] || printf '%s\n' "$answer"
    return 1
  fi
  noes=$((noes + 1))
  section "no $noes"
  printf '%s\n%s\n' "$about" "${answer#*@error"$nl"}"
}

ours() {
  case $1 in "$family"* | "$before"*) return 0 ;; esac
  return 1
}

# may_have TYPE NAME MARK-FOUND
may_have() {
  ours "$3" && return
  case $3 in "pulumi-macvlan "*) return 1 ;; esac
  case "$nl$adopted$nl" in *"$nl$1:$2$nl"*) ;; *) return 1 ;; esac
}

need_tool() {
  case $1 in
    ip) need_ip ;;
    docker) need_docker ;;
    systemd) can_persist ;;
    *) need "$1" ;;
  esac
}

# A file of some megabytes: what a quota, a read-only disk or a lack of inodes keeps from being written can't be seen otherwise.
need_room() {
  [ "$verb" = ask ] || return 0
  file=$1/.pulumi-macvlan.$$
  said=$(dd if=/dev/zero of="$file" bs=65536 count=64 2>&1)
  result=$?
  rm -f "$file"
  [ "$result" = 0 ] || fail no-room "$1" "${said%%"$nl"*}"
}

need_device() { exists "$1" || fail no-interface "$1" "$(interfaces)"; }

free_link() {
  exists "$name" || return 0
  found=$(link_mark "$name")
  may_have "${link%%:*}" "$name" "$found" && return
  peek "$run_dir/intent.$name" && ours "$peeked" && return
  fail foreign "$found"
}

free_vlan() {
  other=$(taken_by)
  [ -z "$other" ] || [ "$other" = "$name" ] || ours "$(link_mark "$other")" || fail taken "$other" "$(link_mark "$other")"
}

# shown NAME: of Docker's networks, as $there lists them, that one.
shown() {
  IFS=$nl
  for line in $there; do
    case $line in "$1|"*) printf '%s' "$line" ;; esac
  done
}

# mark_in LINE: of "name|mark|scope|...|id"
mark_in() {
  network=${1%%|*} rest=${1#*|}
  case ${rest#*|} in
    "swarm|"*) peek "$marks/$network" && printf '%s' "$peeked" ;;
    *)
      find_mark "$network" "${1##*|}" "${rest%%|*}"
      printf '%s' "$found_mark"
      ;;
  esac
}

free_network() {
  line=$(shown "$name")
  [ -z "$line" ] && return
  found=$(mark_in "$line")
  may_have MacvlanNetwork "$name" "$found" || fail foreign "$found"
}

# Who is on it, with what users chose themselves: after a change of the network a container must be able to have it again.
users_on() {
  list_containers '{{$.Id}}|{{$.Name}}|{{with .IPAMConfig}}{{with index . "IPv4Address"}}{{.}}{{end}}|{{with index . "IPv6Address"}}{{.}}{{end}}{{end}}'
  section "users $name"
  IFS=$nl
  for line in $containers; do
    container=${line%%|*} line=${line#*|}
    printf '%s' "${line%%|*}"
    line=${line#*|}
    for address in "${line%%|*}" "${line#*|}"; do
      ! by_user "$container" "$address" || printf ' %s' "$address"
    done
    echo
  done
  IFS=" 	$nl"
}

free_table() {
  nft list table inet "$table" >/dev/null 2>&1 || return 0
  found=$(table_mark)
  ours "$found" || fail foreign "$found"
}

# Of one's own stack they make way by themselves.
others() { for folder in $(routers); do ours "$(mark_of "$folder")" || printf '%s\n' "$folder"; done; }

apart() {
  addresses=$(printf '%s' "$addresses" | tr , '\n')
  refuse_others
}

# What would vanish with a link, and is not ours.
nobody_on() {
  below=
  for child in $(children "$name"); do
    ours "$(link_mark "$child")" || below="$below$child "
  done
  IFS=$nl
  for line in $there; do
    case $line in *"|$name|"*) ours "$(mark_in "$line")" || below="${below}Docker:${line%%|*} " ;; esac
  done
  [ -z "$below" ] || fail has-children "$below"
}

# What a lab host must have to be like this one, and which names somebody else has.
tell_host() {
  section seen
  [ -z "$docker_version" ] || printf 'docker %s\n' "$docker_version"
  set +f
  for device in /sys/class/net/*/device; do
    [ ! -e "$device" ] || { device=${device%/device} && printf 'nic %s\n' "${device##*/}"; }
  done
  for device in /sys/class/net/*; do
    peek "$device/uevent" || continue
    case $peeked in DEVTYPE=vlan | DEVTYPE=macvlan | DEVTYPE=ipvlan) ;; *) continue ;; esac
    other=${device##*/}
    ours "$(link_mark "$other")" || { peek "$run_dir/intent.$other" && ours "$peeked"; } || printf 'foreign link %s\n' "$other"
  done
  IFS=$nl
  for line in $there; do
    case $line in "bridge|"* | "host|"* | "none|"*) continue ;; esac
    ours "$(mark_in "$line")" || printf 'foreign network %s\n' "${line%%|*}"
  done
  IFS=" 	$nl"
  set -f
  set -- $connection
  way=$(ip -o addr show to "${3:-}" 2>/dev/null) && way=${way#*: } && printf 'way %s\n' "${way%% *}"
}

docker_version=
if ! no host need_root; then
  there=
  docker=no
  for tool in $tools; do
    no host need_tool "$tool" || [ "$tool" != docker ] || docker=yes
  done
  for folder in /run /var/lib; do no host need_room "$folder"; done
  for parent in $parents; do no "parent $parent" need_parent; done
  for device in $devices; do no device need_device "$device"; done
  if [ "$docker" = yes ]; then
    IFS='|' read -r docker_version docker_root <<INFO
$(docker info -f '{{.ServerVersion}}|{{.DockerRootDir}}' 2>/dev/null)
INFO
    no host need_room "$docker_root"
    # A Swarm's has no labels and no options at all, and then none can be looked for.
    there=$(docker network inspect -f '{{.Name}}|{{with .Labels}}{{index . "pulumi-macvlan.mark"}}{{end}}|{{.Scope}}|{{.ConfigOnly}}|{{with .Options}}{{index . "parent"}}{{end}}|{{range .IPAM.Config}}{{.Subnet}} {{end}}|{{.Id}}' \
      $(docker network ls -q --no-trunc) 2>/dev/null)
    section networks
    printf '%s\n' "$there"
    for name in $networks; do
      no "MacvlanNetwork $name" free_network && continue
      [ -z "$(shown "$name")" ] || no "MacvlanNetwork $name" users_on
    done
    for name in $leaving_networks; do
      ours "$(mark_in "$(shown "$name")")" || continue
      if [ "$verb" = look ]; then users_on; else no "MacvlanNetwork $name" need_empty; fi
    done
  fi
  for link in $links; do
    name=${link#*:}
    no "${link%%:*} $name" free_link
  done
  IFS=$nl
  for vlan in $vlans; do
    IFS=" 	$nl"
    set -- $vlan
    name=$1 parent=$2 protocol=$3 vlan_id=$4
    no "VlanSubinterface $name" free_vlan
  done
  IFS=$nl
  for line in $wanted_routers; do
    IFS='|' read -r table name devices uplinks addresses <<LINE
$line
LINE
    IFS=" 	$nl"
    no "InterVlanRouter $name" free_table
    no "InterVlanRouter $name" apart
  done
  IFS=" 	$nl"
  for link in $leaving_links; do
    name=${link#*:}
    exists "$name" && ours "$(link_mark "$name")" && no "${link%%:*} $name" nobody_on
  done
  tell_host
fi
section end
