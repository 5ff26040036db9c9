resource=inter-vlan-router
begin
take_common
take_list addresses # "interface address" a line
take_list devices
take_list uplinks
take name
take table
take ruleset
take ipv6
take probe
take server # a configuration of dnsmasq, or nothing
end

# The programs in whose tables Docker had its chain before a reboot, and those of them that dropped what they did not know.
kept_chains=${kept_chains-} kept_drops=${kept_drops-}
# The one that is called "router" has the names of when a host had one only.
case $name in router) own= ;; *) own=.$name ;; esac
# What the host had before us, kept where a reboot clears it together with what we changed.
state=$run_dir/router$own
own_addresses=$state/addresses

# --- the others ------------------------------------------------------------------------------------------

others() { for folder in $(routers); do [ "$folder" = "$state" ] || printf '%s\n' "$folder"; done; }

# introductions [FOLDER]: the commands for nft that tell the routers' tables of each other's interfaces, where they don't know
# them. The table of FOLDER comes new, with $ruleset.
introductions() {
  for folder in $(routers); do
    wanted=$(for other in $(routers); do [ "$other" = "$folder" ] || devices_of "$other"; done | sort)
    its=$(table_of "$folder")
    if [ "$folder" != "${1-}" ]; then
      # One of an earlier version knows nobody.
      known=$(nft list set inet "$its" others 2>/dev/null) || continue
      [ "$(printf '%s' "$known" | grep -o '"[^"]*"' | sort)" != "$wanted" ] || continue
      printf 'flush set inet %s others\n' "$its"
    fi
    [ -z "$wanted" ] || printf 'add element inet %s others { %s }\n' "$its" "$(printf '%s' "$wanted" | tr '\n' ,)"
  done
}

introduce() {
  commands=$(introductions)
  [ -z "$commands" ] || printf '%s\n' "$commands" | nft -f -
}

# --- settings of the kernel ------------------------------------------------------------------------------

# remembered SETTING: has a router kept what it was?
remembered() {
  for folder in $(routers); do [ ! -e "$folder/$1" ] || return 0; done
  return 1
}

# set_kernel PATH VALUE: remembers the value that was there before the first router.
set_kernel() {
  peek "/proc/sys/$1"
  [ "$peeked" = "$2" ] && return
  saved=$(printf '%s' "$1" | tr / :)
  # At boot the value of before is the one that Docker, which comes after us, would have set.
  { [ "$1" = net/ipv4/ip_forward ] && docker_is_next; } || remembered "$saved" || cat "/proc/sys/$1" >"$state/$saved" ||
    fail command "write $state/$saved" ""
  said=$( (printf '%s\n' "$2" >"/proc/sys/$1") 2>&1) || fail command "write $2 to /proc/sys/$1" "$said"
}

# heir SETTING: another router that needs it.
heir() {
  for folder in $(others); do
    case $1 in net:ipv6:*) has_ipv6 "$folder" || continue ;; esac
    printf '%s' "$folder"
    return
  done
}

# back_to FILE: puts a remembered value back.
back_to() {
  path=/proc/sys/$(printf '%s' "${1##*/}" | tr : /)
  [ ! -e "$path" ] || cat "$1" >"$path"
  rm -f "$1"
}

# restore_kernel PREFIX: puts the remembered values back, or leaves that to the others.
restore_kernel() {
  for saved in $(ls "$state" 2>/dev/null); do
    case $saved in "$1"*) ;; *) continue ;; esac
    heir=$(heir "$saved")
    if [ -n "$heir" ]; then
      mv "$state/$saved" "$heir/$saved" || fail command "write $heir/$saved" ""
      continue
    fi
    back_to "$state/$saved"
  done
}

docker_is_next() { [ "$job" = restore ] && command -v dockerd >/dev/null 2>&1; }

forward() {
  # What is routed takes no router advertisements, even where a router let it before it was routed.
  for folder in $(routers); do
    for device in $devices; do
      saved=$folder/net:ipv6:conf:$device:accept_ra
      [ ! -e "$saved" ] || back_to "$saved"
    done
  done
  set_kernel net/ipv4/ip_forward 1
  if [ "$ipv6" = true ]; then
    [ -e "$state/ipv6" ] || printf '' >"$state/ipv6" || fail command "write $state/ipv6" ""
    routed=$nl$(for folder in $(routers); do devices_of "$folder"; done)$nl
    # With forwarding the kernel stops listening to router advertisements, unless it is told 2 first.
    for conf in $(ls /proc/sys/net/ipv6/conf); do
      case $conf in all | default | lo) continue ;; esac
      peek "/proc/sys/net/ipv6/conf/$conf/accept_ra"
      [ "$peeked" = 1 ] || continue
      case $routed in *"$nl\"$conf\"$nl"*) continue ;; esac
      set_kernel "net/ipv6/conf/$conf/accept_ra" 2
    done
    set_kernel net/ipv6/conf/all/forwarding 1
  else
    rm -f "$state/ipv6"
    restore_kernel net:ipv6:
  fi
}

# --- addresses -------------------------------------------------------------------------------------------

has_address() { case "$nl$(all_addresses "$1")$nl" in *"$nl$2$nl"*) return 0 ;; esac; return 1; }

# As strangers are asked for. At boot nobody is asked: what was ours before a restart is ours.
new_addresses() {
  [ "$probe" = true ] && [ "$job" != restore ] || return 0
  IFS=$nl
  for line in $addresses; do
    address=${line#* }
    has_address "${line%% *}" "$address" || printf '%s %s %s\n' "${line%% *}" "${address%/*}" "${address%/*}"
  done
}

# The interfaces belong to others; only the addresses listed in $own_addresses were put there by us.
sync_router_addresses() {
  IFS=$nl
  for line in $(cat "$own_addresses" 2>/dev/null); do
    case "$nl$addresses" in *"$nl$line$nl"*) continue ;; esac
    drop_address "$line"
  done
  for line in $addresses; do
    has_address "${line%% *}" "${line#* }" && continue
    # Written before it is added: a run that is killed in between removes it later all the same.
    printf '%s\n' "$line" >>"$own_addresses" || fail command "write $own_addresses" ""
    run ip addr add "${line#* }" dev "${line%% *}"
  done
  IFS=" 	$nl"
}

# The kernel drops secondary addresses together with their primary one: those that are not ours to drop come back.
drop_address() {
  if has_address "${1%% *}" "${1#* }"; then
    others=$(all_addresses "${1%% *}")
    run ip addr del "${1#* }" dev "${1%% *}"
    for other in $others; do
      [ "$other" = "${1#* }" ] || need_address "${1%% *}" "$other"
    done
  fi
  # 1 says that no line is left; a full disk must not make an empty list of it.
  grep -Fvx -e "$1" "$own_addresses" >"$own_addresses.new" || [ $? = 1 ] || fail command "write $own_addresses" "is the disk full?"
  mv "$own_addresses.new" "$own_addresses"
}

# --- firewall --------------------------------------------------------------------------------------------

# Without the interfaces of others, which come and go with them.
listing() { nft list table inet "$table" 2>/dev/null | sed '/^	set others {$/,/^	}$/d'; }

# The listing that followed our last change, with the rules that made it: nothing to do while both still hold.
sync_table() {
  if [ "$(listing)" = "$(cat "$state/listing" 2>/dev/null)" ] && [ "$ruleset" = "$(cat "$state/ruleset" 2>/dev/null)" ]; then return; fi
  rm -f "$state/listing"
  # Before the table is there: the other routers read in it what is ours.
  printf '%s' "$ruleset" >"$state/ruleset" || fail command "write $state/ruleset" ""
  said=$( { printf '%s\n' "$ruleset"; introductions "$state"; } | nft -f - 2>&1) || fail command "nft -f -" "$said"
  listing >"$state/listing" || fail command "write $state/listing" ""
}

# Docker drops what it does not know in its own FORWARD chain, and a drop there beats every accept of ours.
# DOCKER-USER is the place that Docker keeps for others. Whether a packet may pass is decided in our table alone.
forwards() { # forwards PROGRAM
  case $1 in iptables) peek /proc/sys/net/ipv4/ip_forward ;; *) peek /proc/sys/net/ipv6/conf/all/forwarding ;; esac
  [ "$peeked" = 1 ]
}

docker_rules() { "$1" -w -S DOCKER-USER 2>/dev/null | grep -F -e "--comment $table "; }

sync_docker_user() { # sync_docker_user PROGRAM DEVICES
  command -v "$1" >/dev/null 2>&1 || return 0
  if ! "$1" -w -S DOCKER-USER >/dev/null 2>&1; then
    # At boot Docker is not there yet: it keeps what it finds in its chain. Where it turns forwarding on, it drops what it
    # does not know; where we do, it would not.
    case " $kept_chains " in *" $1 "*) docker_is_next && [ -n "$2" ] || return 0 ;; *) return 0 ;; esac
    run "$1" -w -N DOCKER-USER
    run "$1" -w -I FORWARD -j DOCKER-USER
    case " $kept_drops " in *" $1 "*) forwards "$1" || run "$1" -w -P FORWARD DROP ;; esac
  fi
  IFS=$nl
  for rule in $(docker_rules "$1"); do
    for device in $2; do
      case $rule in *" -i $device "* | *" -o $device "*) continue 2 ;; esac
    done
    IFS=" 	$nl"
    # shellcheck disable=SC2086 # the rule is iptables' own listing of a rule we made: plain words
    run "$1" -w -D ${rule#-A }
    IFS=$nl
  done
  for device in $2; do
    for side in -i -o; do
      "$1" -w -C DOCKER-USER "$side" "$device" -m comment --comment "$table" -j ACCEPT 2>/dev/null ||
        run "$1" -w -I DOCKER-USER "$side" "$device" -m comment --comment "$table" -j ACCEPT
    done
  done
  IFS=" 	$nl"
}

# --- what is handed out ------------------------------------------------------------------------------------

# A dnsmasq of our own: that of the host, if any, stays as it is.
server_config=$state/dnsmasq.conf
server_pid=$state/dnsmasq.pid
leases=/var/lib/pulumi-macvlan/leases$own

serving() { peek "$server_pid" && alive "$peeked" && grep -qs -e "$server_config" "/proc/$peeked/cmdline"; }
not_serving() { ! serving; }
# server_in FOLDER: which one, and what it hands out.
server_in() { cat "$1/dnsmasq.conf" "$1/dnsmasq.pid" 2>/dev/null; }
drop_leases() {
  rm -f "$leases"
  rmdir "${leases%/*}" 2>/dev/null
}

sync_server() {
  if [ "$server" = "$(cat "$server_config" 2>/dev/null)" ] && { [ -z "$server" ] || serving; }; then return; fi
  stop_server
  [ -n "$server" ] || return 0
  write "$server_config" 600 "$server"
  [ -d "${leases%/*}" ] || mkdir -p "${leases%/*}" || fail command "mkdir ${leases%/*}" ""
  start_server || fail server "$said"
}

# It goes into the background by itself, and says before what keeps it from its work.
start_server() {
  set -- dnsmasq "--conf-file=$server_config"
  [ ! -d /run/systemd/system ] || set -- systemd-run --quiet --scope --collect "$@"
  said=$("$@" 2>&1 9>&-)
}

stop_server() {
  if serving; then kill "$peeked" && wait_for 5 not_serving; fi
  rm -f "$server_config" "$server_pid"
}

# --- verbs -----------------------------------------------------------------------------------------------

ensure() {
  for device in $devices $uplinks; do exists "$device" || fail no-interface "$device" "$(interfaces)"; done
  if nft list table inet "$table" >/dev/null 2>&1; then claim "$(table_mark)"; fi
  refuse_others
  refuse_strangers $(new_addresses)
  mkdir -p "$state" || fail command "mkdir $state" ""
  made
  sync_table
  said=$(introduce 2>&1) || fail command "nft -f -" "$said"
  sync_router_addresses
  sync_legs
  sync_docker_user iptables "$devices"
  if [ "$ipv6" = true ]; then sync_docker_user ip6tables "$devices"; else sync_docker_user ip6tables ""; fi
  forward
  sync_server
}

observe() {
  section table
  listing
  section applied
  cat "$state/listing" 2>/dev/null
  for device in $devices; do
    section "addresses $device"
    exists "$device" && ip -j addr show dev "$device"
  done
  section server
  cat "$server_config" 2>/dev/null
  apart
  section serving
  ! serving || printf 'yes\n'
  section forwarding
  cat /proc/sys/net/ipv4/ip_forward
  section forwarding6
  cat /proc/sys/net/ipv6/conf/all/forwarding 2>/dev/null
  for program in iptables ip6tables; do
    section "$program"
    "$program" -w -S DOCKER-USER 2>/dev/null
  done
}

# apart: a section where there are other routers, and its table does not know their interfaces.
apart() {
  [ -n "$(others)" ] || return 0
  grep -qs 'set others' "$state/ruleset" && ! introductions | grep -q " $table others" || section apart
}

remove() {
  found=$(table_mark)
  if [ -n "$found" ] && [ "$found" != "$mark" ]; then
    section kept
    printf '%s\n' "$found"
    return 0
  fi
  stop_server
  restore_kernel net:ipv6:conf:all
  restore_kernel net:
  sync_docker_user iptables ""
  sync_docker_user ip6tables ""
  IFS=$nl
  for line in $(cat "$own_addresses" 2>/dev/null); do
    exists "${line%% *}" && drop_address "$line"
  done
  IFS=" 	$nl"
  if nft list table inet "$table" >/dev/null 2>&1; then run nft delete table inet "$table"; fi
  rm -rf "$state"
  run introduce
  sync_legs
  drop_leases
}

prepare() {
  need_ip
  need nft
  [ -z "$server" ] || [ "$verb" != ensure ] || need dnsmasq
  need_root
}

# Its firewall, NAT and forwarding are in the way of every packet: it is always guarded.
at_risk() { return 0; }
# Those that it leaves as well: its addresses there are to come back.
touched() {
  touching=$devices$uplinks
  [ ! -e "$own_addresses" ] || while IFS=' ' read -r device _; do touching=$touching$device$nl; done <"$own_addresses"
}

own_mark() { :; }
own_kept() {
  # Where Docker looks after a table, its own chain is there too: DOCKER-USER alone may be left from us.
  for program in iptables ip6tables; do
    "$program" -w -S DOCKER >/dev/null 2>&1 || continue
    kept_chains="$kept_chains $program"
    case $("$program" -w -S FORWARD) in "-P FORWARD DROP"*) kept_drops="$kept_drops $program" ;; esac
  done
  keeps="kept_chains='$kept_chains' kept_drops='$kept_drops'"
}

# kept_settings: what routers remember of the kernel's settings, "file:value" a line.
kept_settings() { (set +f; for folder in $(routers); do grep -s . "$folder"/net:* /dev/null; done); }

own_before() {
  keep table "$(nft list table inet "$table" 2>/dev/null)"
  keep settings "$(kept_settings)"
  keep state "$(ls -d "$state" 2>/dev/null)"
  [ ! -d "$state" ] || cp -a "$state" "$guard/before/router" || fail no-watchdog "cannot write $guard"
  keep had-leases "$(ls "$leases" 2>/dev/null)"
  [ ! -e "$leases" ] || cp -a "$leases" "$guard/before/leases" || fail no-watchdog "cannot write $guard"
  for program in iptables ip6tables; do keep "$program" "$(docker_rules "$program")"; done
}

# table_back: in one transaction, so that there is one or the other whatever becomes of it.
table_back() {
  [ "$(nft list table inet "$table" 2>/dev/null)" != "$(cat "$guard/before/table")" ] || return 0
  { printf 'table inet %s\ndelete table inet %s\n' "$table" "$table"; cat "$guard/before/table"; } | nft -f -
}

own_undo() {
  table_back >>"$guard/undo.log" 2>&1 || printf 'nft table inet %s' "$table" >"$guard/incomplete"
  for program in iptables ip6tables; do
    [ "$(docker_rules "$program")" = "$(cat "$guard/before/$program")" ] && continue
    docker_rules "$program" | while IFS= read -r rule; do "$program" -w -D ${rule#-A }; done
    while IFS= read -r rule; do [ -z "$rule" ] || "$program" -w -I ${rule#-A }; done <"$guard/before/$program"
  done
  # Moved, since a copy would need space; an undo that begins once more finds it moved.
  if [ -d "$guard/before/router" ] || [ -z "$(cat "$guard/before/state")" ]; then
    [ "$(server_in "$state")" = "$(server_in "$guard/before/router")" ] || stop_server
    rm -rf "$state"
    [ ! -d "$guard/before/router" ] || mv "$guard/before/router" "$state"
  fi
  # What this change left to others, or took from them.
  kept_settings | while IFS= read -r line; do
    grep -Fqx -e "$line" "$guard/before/settings" || rm -f "${line%:*}"
  done
  while IFS= read -r line; do
    [ -z "$line" ] || [ -e "${line%:*}" ] || printf '%s\n' "${line##*:}" >"${line%:*}"
  done <"$guard/before/settings"
  introduce
  sync_legs
  if [ -z "$(cat "$guard/before/had-leases")" ]; then
    drop_leases
  elif [ ! -e "$leases" ]; then
    mkdir -p "${leases%/*}"
    cp -a "$guard/before/leases" "$leases"
  fi
  if [ -e "$server_config" ] && not_serving; then start_server; fi
}

do_verb
