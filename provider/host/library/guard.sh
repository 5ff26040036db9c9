# Changes that could cut off the SSH connection they come over: made by a job of the host's own, undone by a watchdog
# unless a new connection confirms them in time.
#
# A guard is a folder that only root can read, below /run: a power cycle forgets it, and the change with it.
#   script, data   what the jobs run, and what they read
#   devices        the interfaces that it may touch, and those that the connection goes through
#   undo, before/  how all that is now, absences included
#   seen           the connections that have been before the change was done: none of them can confirm
#   armed          the watchdog's pid; pid: the pid of the job that makes the change
#   answer, done   what the change printed, and its exit code
#   claim          a symbolic link, so that it is made and filled in one step: confirmed, expired or failed
#   undone         the undo has come to its end
#   incomplete     what it could not put back
guards=$run_dir/guard

pause() { sleep 0.1 2>/dev/null || sleep 1; }

# now: into $ticks, the seconds since boot: the clock may be set in the meantime.
now() { IFS=. read -r ticks _ </proc/uptime; }

claimed() { [ -L "$1/claim" ]; }
claim_of() { readlink "$1/claim" 2>/dev/null; }
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# --- what is at risk -------------------------------------------------------------------------------------

# A fork costs more than all the rest of this: plain shell where it does.

# number ADDRESS: an IPv4 address as a number, into $value.
number() {
  set -- "$1" "$IFS"
  IFS=.
  set -- "$2" $1
  IFS=$1
  value=$((($2 << 24) + ($3 << 16) + ($4 << 8) + $5))
}

# groups ADDRESS: an IPv6 address as eight numbers, into $value.
groups() {
  head=${1%%::*} tail=
  case $1 in *::*) tail=${1#*::} ;; esac
  set -- "$IFS" "$head" "$tail"
  IFS=:
  set -- "$1" $2 / $3
  IFS=$1
  shift
  missing=$((9 - $#)) value=
  for word in "$@"; do
    if [ "$word" != / ]; then
      value="$value $((0x$word))"
    else
      while [ "$missing" -gt 0 ]; do value="$value 0" missing=$((missing - 1)); done
    fi
  done
}

# covers PREFIX ADDRESS
covers() {
  case $1$2 in
    # An IPv4 address inside an IPv6 one: it counts as covered.
    *:*.* | *.*:*) case $1 in *:*) case $2 in *:*) return 0 ;; esac ;; esac; return 1 ;;
    *:*) ;;
    *)
      case $1 in */*) bits=${1#*/} ;; *) bits=32 ;; esac
      [ "$bits" = 0 ] && return 0
      number "${1%/*}"
      network=$((value >> (32 - bits)))
      number "$2"
      [ "$network" = $((value >> (32 - bits))) ]
      return
      ;;
  esac
  case $1 in */*) bits=${1#*/} ;; *) bits=128 ;; esac
  groups "$2"
  address_groups=$value
  groups "${1%/*}"
  set -- $address_groups
  for word in $value; do
    [ "$bits" -gt 0 ] || return 0
    if [ "$bits" -ge 16 ]; then unlike=0; else unlike=$((16 - bits)); fi
    [ $((word >> unlike)) = $(($1 >> unlike)) ] || return 1
    bits=$((bits - 16))
    shift
  done
}

# find_way: into $peers the addresses of both ends of this SSH connection and of the gateway between them, into $near the
# interfaces that it comes in and goes out through.
find_way() {
  set -- $connection
  client=${1-} server=${3-}
  client=${client#::ffff:} client=${client%%%*}
  server=${server#::ffff:} server=${server%%%*}
  peers="$client $server"
  near=
  way=$(ip -o route get "$client" 2>/dev/null)
  case $way in *" via "*) gateway=${way#*" via "}; gateway=${gateway#inet6 }; peers="$peers ${gateway%% *}" ;; esac
  case $way in *" dev "*) device=${way#*" dev "}; near=${device%% *}$nl ;; esac
  case "$way " in
    *" src $server "*) ;;
    *)
      while IFS=' ' read -r _ device _; do
        case "$nl$near" in *"$nl${device:-lo}$nl"*) ;; *) [ -z "$device" ] || near=$near$device$nl ;; esac
      done <<SERVER
$(ip -o addr show to "${server:-0.0.0.0/32}" 2>/dev/null)
SERVER
      ;;
  esac
}

# related WAY: into $near also what those in it stand on (WAY lower), or what stands on them (WAY upper), all the way.
related() {
  queue=$near
  while [ -n "$queue" ]; do
    device=${queue%%"$nl"*}
    queue=${queue#*"$nl"}
    set +f
    for entry in "/sys/class/net/$device/$1"_*; do
      [ -e "$entry" ] || continue
      entry=${entry##*/"$1"_}
      case "$nl$near" in *"$nl$entry$nl"*) ;; *) near=$near$entry$nl queue=$queue$entry$nl ;; esac
    done
    set -f
  done
}

# at_risk: may this change touch what the connection goes through? Where that can't be told, it may. A script says what
# it touches: touched (interfaces) and prefixes (addresses and routes it sets).
at_risk() {
  [ -n "$connection" ] || return 0
  find_way
  [ -n "$near" ] || return 0
  related lower
  related upper
  touched
  for device in $touching; do
    case "$nl$near" in *"$nl$device$nl"*) return 0 ;; esac
  done
  prefixes
  for prefix in $setting; do
    for peer in $peers; do covers "$prefix" "$peer" && return 0; done
  done
  return 1
}

# --- the undo --------------------------------------------------------------------------------------------

# look LINK: from what ip says of it, into $above what it stands on, where that is on this host, $master, $promisc, and
# into $recipe the words that make it again with ip link add, for the kinds that can be made again.
look() {
  shown=$(ip -d -o link show dev "$1" 2>/dev/null)
  above=- master=- promisc=off recipe=-
  head=${shown%%: <*}
  case ${head#*: } in "$1"@NONE | "$1"@if[0-9]*) ;; "$1"@*) above=${head#*: "$1"@} ;; esac
  case $shown in *" master "*) rest=${shown#*" master "} master=${rest%% *} ;; esac
  case $shown in *"<"*PROMISC*">"*) promisc=on ;; esac
  case $shown in
    *" vlan protocol "*)
      case $shown in *REORDER_HDR*) recipe=on ;; *) recipe=off ;; esac
      set -- ${shown#*" vlan protocol "}
      recipe="type vlan protocol $1 id $3 reorder_hdr $recipe"
      ;;
    *" macvlan mode "*)
      set -- ${shown#*" macvlan mode "}
      recipe="type macvlan mode $1"
      case $shown in *" bcqueuelen "*) rest=${shown#*" bcqueuelen "} recipe="$recipe bcqueuelen ${rest%% *}" ;; esac
      remotes=$(shown_sources "$shown" | sort | tr '\n' ' ')
      [ -z "$remotes" ] || recipe="$recipe macaddr set ${remotes% }"
      ;;
    # With two blanks, as ip writes it.
    *" ipvlan "*mode\ *) rest=${shown#*" ipvlan "}; set -- ${rest#*mode }; recipe="type ipvlan mode $1 $2" ;;
    *"\\    bridge "*) recipe='type bridge' ;;
    *"\\    dummy "*) recipe='type dummy' ;;
  esac
}

state_of() { if link_flag "$1" 1; then printf up; else printf down; fi; }

# addresses_of LINK: "address LINK" and the words of ip addr add, one address a line.
addresses_of() {
  ip -o addr show dev "$1" 2>/dev/null | while IFS=' ' read -r _ _ _ words; do
    address=${words%% *}
    entry=$address
    case $words in *" peer "*) rest=${words#* peer }; entry="$entry peer ${rest%% *}" ;; esac
    case $words in *" brd "*) rest=${words#* brd }; entry="$entry brd ${rest%% *}" ;; esac
    case $words in *" metric "*) rest=${words#* metric }; entry="$entry metric ${rest%% *}" ;; esac
    rest=${words#* scope }
    entry="$entry scope ${rest%% *}"
    case $words in *" proto "*) rest=${words#* proto }; entry="$entry proto ${rest%% *}" ;; esac
    case $words in *" noprefixroute "*) entry="$entry noprefixroute" ;; esac
    label=${words%%\\*}
    label=${label% }
    label=${label##* }
    case $label in "$1":*) entry="$entry label $label" ;; esac
    case $words in
      *" dynamic "*" valid_lft "[0-9]*)
        rest=${words#* valid_lft }
        valid=${rest%% *}
        rest=${rest##* }
        entry="$entry valid_lft ${valid%sec} preferred_lft ${rest%sec}"
        ;;
    esac
    printf 'address %s %s\n' "$1" "$entry"
  done
}

# steady: routes without what changes by itself.
steady() { sed 's/ linkdown\b//g; s/ dead\b//g; s/ expires [0-9]*sec//g; s/ hoplimit [0-9]*//g; s/ *$//'; }

# routes_of LINK: "route LINK 4" or 6 and the words of ip route, one a line. What the kernel keeps by itself, in its table
# local, is left out.
routes_of() {
  for version in 4 6; do
    ip "-$version" -o route show table all dev "$1" 2>/dev/null | while IFS= read -r line; do
      case $line in local\ * | broadcast\ * | anycast\ * | multicast\ * | *" table local "* | *"\\"*) continue ;; esac
      printf 'route %s %s %s\n' "$1" "$version" "$line"
    done | steady
  done
}

# nexthops_of DEVICES: "nexthops 4" or 6 and the words of ip route: those over several next hops, which ip shows for none
# of their interfaces.
nexthops_of() {
  for version in 4 6; do
    ip "-$version" -o route show table all 2>/dev/null | grep -F nexthop |
      sed "s/^/nexthops $version /; s/\\\\[[:space:]]*/ /g" | steady
  done | while IFS= read -r line; do
    for device in $1; do
      case "$line " in *" dev $device "*) printf '%s\n' "$line"; break ;; esac
    done
  done
}

rules_of() {
  for version in 4 6; do
    ip "-$version" rule show 2>/dev/null | sed "s/^\([0-9]*\):[[:space:]]*/rule $version pref \1 /; s/ *\$//"
  done
}

kernel_settings() {
  (
    set +f
    cd /proc/sys/net || exit
    grep -s . ipv4/ip_forward ipv4/conf/all/rp_filter ipv6/conf/all/forwarding ipv6/conf/all/disable_ipv6 \
      ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv4/conf/*/arp_ignore ipv4/conf/*/arp_announce ipv4/conf/*/arp_filter \
      ipv6/conf/*/accept_ra ipv6/conf/*/disable_ipv6 ipv6/conf/*/forwarding | sed 's/^/sysctl /; s/:\([^:]*\)$/ \1/'
  )
}

# describe DEVICES: how everything is that the change may touch, absences included, a thing a line.
describe() {
  kernel_settings
  rules_of
  for device in $1; do
    if ! exists "$device"; then
      printf 'absent %s\n' "$device"
      continue
    fi
    look "$device"
    peek "/sys/class/net/$device/ifindex"; index=$peeked
    peek "/sys/class/net/$device/address"; address=$peeked
    peek "/sys/class/net/$device/mtu"
    printf 'link %s %s %s %s %s %s %s %s %s\n' "$device" "$index" "$address" "$peeked" "$(state_of "$device")" \
      "$promisc" "$master" "$above" "$recipe"
    printf 'alias %s %s\n' "$device" "$(link_mark "$device")"
    addresses_of "$device"
    routes_of "$device"
  done
  nexthops_of "$1"
  printf 'end\n'
}

# keep NAME TEXT: for the undo. A full disk must not be found out when it is too late.
keep() { printf '%s\n' "$2" >"$guard/before/$1" || fail no-watchdog "cannot write $guard"; }

# remember_before: what the change may touch, and what the connection goes through, as it is now.
remember_before() {
  mkdir "$guard/before" || fail command "mkdir $guard/before" ""
  find_way
  related lower
  touched
  printf '%s' "$near$touching" | sort -u >"$guard/devices"
  describe "$(cat "$guard/devices")" >"$guard/undo"
  own_before
  [ "$(tail -n 1 "$guard/undo")" = end ] || fail no-watchdog "cannot write $guard"
}

undo_link() { # undo_link NAME INDEX MAC MTU STATE PROMISC MASTER PARENT KIND...
  name_=$1 index_=$2 mac_=$3 mtu_=$4 state_=$5 promisc_=$6 master_=$7 parent_=$8
  shift 8
  look "$name_"
  if exists "$name_" && [ "$*" != - ] && [ "$recipe" != "$*" ]; then
    ip link set dev "$name_" "$@"
    look "$name_"
    # Not everything can be changed in place.
    if [ "$recipe" != "$*" ]; then calm "$name_"; ip link del dev "$name_"; fi
  fi
  if ! exists "$name_"; then
    [ "$1" != - ] || return 0
    if [ "$parent_" = - ]; then set -- "$name_" index "$index_" "$@"; else set -- link "$parent_" name "$name_" index "$index_" "$@"; fi
    ip link add "$@"
  fi
  look "$name_"
  peek "/sys/class/net/$name_/address"
  if [ "$peeked" != "$mac_" ]; then
    ip link set dev "$name_" address "$mac_" || {
      ip link set dev "$name_" down
      ip link set dev "$name_" address "$mac_"
    }
  fi
  peek "/sys/class/net/$name_/mtu"
  [ "$peeked" = "$mtu_" ] || ip link set dev "$name_" mtu "$mtu_"
  [ "$promisc" = "$promisc_" ] || ip link set dev "$name_" promisc "$promisc_"
  if [ "$master" != "$master_" ]; then
    if [ "$master_" = - ]; then ip link set dev "$name_" nomaster; else ip link set dev "$name_" master "$master_"; fi
  fi
  [ "$(state_of "$name_")" = "$state_" ] || ip link set dev "$name_" "$state_"
}

# put_back LINE: what does not hold of the undo, and is not an alias.
put_back() {
  what=$1 of=$2
  shift 2
  case $what in
    absent) if exists "$of" && { [ "$(link_mark "$of")" = "$mark" ] || [ -e "$run_dir/intent.$of" ]; }; then calm "$of"; ip link del dev "$of"; fi ;;
    link) undo_link "$of" "$@" ;;
    address) ip addr replace "$@" dev "$of" ;;
    # replace would take the place of another interface's route to the same prefix.
    route) version=$1; shift; ip "-$version" route append "$@" dev "$of" ;;
    nexthops) ip "-$of" route append "$@" ;;
    rule) ip "-$of" rule add "$@" ;;
    sysctl) [ ! -e "/proc/sys/net/$of" ] || printf '%s\n' "$1" >"/proc/sys/net/$of" ;;
  esac
}

# take_away LINE: an address or a route that was not there.
take_away() {
  what=$1 of=$2
  shift 2
  # Somebody else's, made in the meantime.
  grep -Fqx -e "absent $of" "$guard/undo" && return
  case $what in
    # What only its lifetime tells from the one of before is that one.
    address) grep -q -e "^address $of $1 " "$guard/undo" || ip addr del "$1" dev "$of" ;;
    route) version=$1; shift; ip "-$version" route del "$@" dev "$of" ;;
    nexthops) ip "-$of" route del "$@" ;;
  esac
}

# undo: puts back whatever is not as it was. Several rounds: an address needs its link, a gateway its route. Nothing is put
# into a file for it: the disk may be full.
undo() {
  rm -f "$guard/incomplete"
  own_undo
  for round in 1 2 3 4; do
    present=$(describe "$(cat "$guard/devices")")
    missing=$(printf '%s\n' "$present" | grep -Fvx -f - "$guard/undo")
    extra=$(printf '%s\n' "$present" | grep -Fvx -f "$guard/undo" | grep '^address \|^route \|^nexthops ')
    [ -n "$missing$extra" ] || break
    printf '%s' "${missing:+$missing$nl}" | while read -r line; do case $line in absent\ *) put_back $line ;; esac; done
    printf '%s' "${extra:+$extra$nl}" | while read -r line; do take_away $line; done
    printf '%s' "${missing:+$missing$nl}" | while IFS= read -r line; do
      case $line in
        absent\ *) ;;
        alias\ *) line=${line#alias }; ip link set dev "${line%% *}" alias "${line#* }" ;;
        *) put_back $line ;;
      esac
    done
  done >>"$guard/undo.log" 2>&1
  exists "$name" || { rm -f "$run_dir/intent.$name"; manage_again; }
  : >"$guard/undone"
}

# --- the jobs --------------------------------------------------------------------------------------------

# start_job MODE: a process of its own, out of reach of sshd: a service where systemd runs, else a session of its own.
start_job() {
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1; then
    said=$(systemd-run --quiet --collect --unit="pulumi-macvlan-$1-$nonce" --property=StandardInput="file:$guard/data" \
      --property=KillMode=process --property=TimeoutStopSec=infinity --property=DefaultDependencies=no \
      sh "$guard/script" "" "$connection" "$1" "$guard" 2>&1) && return
  else
    said="there is neither systemd nor setsid"
    command -v setsid >/dev/null 2>&1 || return 1
    setsid sh "$guard/script" "" "$connection" "$1" "$guard" <"$guard/data" >/dev/null 2>&1 9>&- &
    return 0
  fi
  return 1
}

# wait_for SECONDS TEST...
wait_for() {
  now
  limit=$((ticks + $1))
  shift
  until "$@"; do
    now
    [ "$ticks" -lt "$limit" ] || return 1
    pause
  done
}

is_armed() { [ -s "$guard/armed" ] && alive "$(cat "$guard/armed")"; }
has_undone() { [ -e "$guard/undone" ]; }
is_over() { [ -e "$guard/done" ] || { claimed "$guard" && [ "$(claim_of "$guard")" != confirmed ] && [ -e "$guard/undone" ]; }; }

# hand_over: arms, lets the change be made, and tells what came of it. Whether it stays is not decided here.
hand_over() {
  guard=$guards/$nonce
  mkdir -p "$guards" && mkdir "$guard" || fail no-watchdog "cannot make $guard"
  # Those of before: decided, and old enough that nobody asks for them any more.
  for old in $(find "$guards" -mindepth 1 -maxdepth 1 -type d -mmin +10 2>/dev/null); do rm -rf "$old"; done
  printf '%s' "$script" >"$guard/script" && printf '%s' "$taken" >"$guard/data" && printf '%s\n' "$connection" >"$guard/seen" ||
    fail no-watchdog "cannot write $guard"
  remember_before
  if ! start_job watch || ! wait_for 10 is_armed; then
    rm -rf "$guard"
    fail no-watchdog "$said"
  fi
  section armed
  start_job apply || { ln -s expired "$guard/claim"; fail no-watchdog "$said"; }
  wait_for "$((seconds + 5))" is_over
  report
}

tell_incomplete() {
  [ ! -e "$guard/incomplete" ] || { section incomplete; cat "$guard/incomplete"; }
}

# A change that failed is told when it is taken back, however long that takes: whoever is told so may rely on it.
report() {
  [ "$(claim_of "$guard")" != failed ] || wait_for 60 has_undone
  section guard
  if claimed "$guard"; then claim_of "$guard"; else printf 'done\n'; fi
  cat "$guard/answer" 2>/dev/null
  tell_incomplete
  # Not decided: whoever runs this lets no other change begin.
  claimed "$guard" || exit 9
}

# The job that makes the change. One that fails undoes what it did at once.
apply() {
  printf '%s' "$$" >"$guard/pid"
  (change) >"$guard/answer" 2>&1
  code=$?
  if [ "$code" != 0 ] && ln -s failed "$guard/claim" 2>/dev/null; then undo; fi
  printf '%s' "$code" >"$guard/done"
}

# The watchdog. What it does when time is up needs nothing that is not in the guard's folder.
watch() {
  now
  limit=$((ticks + seconds))
  printf '%s' "$$" >"$guard/armed.new" && mv "$guard/armed.new" "$guard/armed"
  until claimed "$guard" || [ "$ticks" -ge "$limit" ]; do
    pause
    now
  done
  ln -s expired "$guard/claim" 2>/dev/null || return 0
  expire
}

expire() {
  busy=$(cat "$guard/pid" 2>/dev/null)
  [ -e "$guard/done" ] || [ -z "$busy" ] || kill -9 $(descendants "$busy") 2>/dev/null
  undo
}

descendants() {
  printf '%s ' "$1"
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1" 2>/dev/null); do descendants "$child"; done
}

# pending: is a change of somebody's waiting to be decided? A watchdog that was killed is stood in for.
pending() {
  [ -d "$guards" ] || return 1
  set +f
  set -- "$guards"/*
  set -f
  for other in "$@"; do
    [ "$other" != "${guard:-}" ] && [ -e "$other/armed" ] || continue
    case $(claim_of "$other") in confirmed) continue ;; esac
    [ ! -e "$other/undone" ] || continue
    alive "$(cat "$other/armed")" && return 0
    if claimed "$other" && alive "$(cat "$other/pid" 2>/dev/null)"; then return 0; fi
    sh "$other/script" "" "" rescue "$other" <"$other/data" >/dev/null 2>&1
  done
  return 1
}

rescue() { ln -s expired "$guard/claim" 2>/dev/null; expire; }

# --- the confirmation ------------------------------------------------------------------------------------

is_done() { [ -e "$guard/done" ] || claimed "$guard"; }

confirm() {
  guard=$guards/$nonce
  section outcome
  if [ ! -e "$guard/armed" ]; then
    printf 'gone\n'
  elif [ -n "$connection" ] && grep -Fqx -e "$connection" "$guard/seen"; then
    printf 'old-connection\n'
  elif ! claimed "$guard" && [ ! -e "$guard/done" ]; then
    # Not done yet: this connection may be older than the change, and proves nothing.
    printf '%s\n' "$connection" >>"$guard/seen"
    wait_for "$seconds" is_done
    printf 'early\n'
  else
    ln -s confirmed "$guard/claim" 2>/dev/null
    outcome=$(claim_of "$guard") committed=
    case $outcome in
      # What it says is kept in no file: the disk may be full, and that must be told.
      confirmed) committed=$(sh "$guard/script" "" "" commit "$guard" <"$guard/data" 2>&1) ;;
      *) wait_for 60 has_undone || outcome=stuck ;;
    esac
    printf '%s\n' "$outcome"
    cat "$guard/answer" 2>/dev/null
    printf '%s\n' "$committed"
    tell_incomplete
    [ ! -s "$guard/undo.log" ] || { section undo-log; tail -n 5 "$guard/undo.log"; }
  fi
  section end
}
