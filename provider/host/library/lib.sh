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

# take NAME: the next datum into the variable NAME (always one of our own words). A fork costs more than all the rest of it.
take() {
  IFS= read -r datum || fail protocol "$1"
  taken=$taken$datum$nl
  case $datum in *\\*) datum=$(printf '%b_' "$datum") datum=${datum%_} ;; esac
  eval "$1=\$datum"
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

# What the session that runs this has found out once for all is not asked again.
need_root() { [ "${uid:-$(id -u)}" = 0 ] || fail not-root "$(id -un)"; }
need() { command -v "$1" >/dev/null 2>&1 || fail missing-tool "$1"; }
need_ip() {
  need ip
  [ -z "${has_ip-}" ] || return 0
  case $(ip -V 2>&1) in *iproute2*) ;; *) fail missing-tool ip ;; esac
}

# One change at a time on a host, whoever makes it; the kernel releases the lock when this process ends.
lock() {
  if [ -n "${locked-}" ]; then
    # By the session that runs this.
    pending || return 0
  else
    [ -d "$run_dir" ] || mkdir -p "$run_dir" || fail command "mkdir $run_dir" ""
    command -v flock >/dev/null 2>&1 || return 0
    exec 9>"$run_dir/lock"
  fi
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
# peek FILE: its first line, into $peeked.
peek() {
  peeked=
  { IFS= read -r peeked <"$1"; } 2>/dev/null || [ -n "$peeked" ]
}
peek_alias() { peek "/sys/class/net/$1/ifalias"; return 0; }
# peek_mark LINK: whose it is. One that was taken over may be made again at boot by whoever had made it: without our mark, or with a word of
# theirs in its place.
link_marks=/var/lib/pulumi-macvlan/links
peek_mark() {
  peek_alias "$1"
  case $peeked in "pulumi-macvlan "*) return 0 ;; esac
  shown_alias=$peeked
  peek "$link_marks/$1" || peeked=$shown_alias
  return 0
}
link_mark() { peek_mark "$1"; printf '%s' "$peeked"; }
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

# may_go MARK-FOUND TEST ...: of what is to be deleted. What was taken over as it was has no mark before its first change; TEST finds out
# whether it still is what was taken over.
may_go() {
  [ "$1" = "$mark" ] && return
  case $adopt:$1 in "true:pulumi-macvlan "*) return 1 ;; true:*) shift; "$@" ;; *) return 1 ;; esac
}

# look_at_own: into $shown the kernel's own line about our link, the only place that shows parent and kind with all its settings.
# There is none of one that is to be made yet.
look_at_own() { shown=$(ip -d -o link show dev "$name"); }

# networks_on LINK: Docker's networks whose containers stand on it. Those containers' interfaces are in namespaces of their
# own, where nobody sees them from here.
networks_on() {
  command -v docker >/dev/null 2>&1 || return 0
  set -- "$1" $(docker network ls -q --filter driver=macvlan --filter driver=ipvlan 2>/dev/null)
  link=$1
  shift
  [ $# -gt 0 ] || return 0
  docker network inspect -f '{{index .Options "parent"}} {{.Name}}' "$@" 2>/dev/null | while IFS=' ' read -r on network; do
    [ "$on" != "$link" ] || printf 'Docker:%s ' "$network"
  done
}

refuse_children() {
  below=$(children "$name")$(networks_on "$name")
  [ -z "$below" ] || fail has-children "$below"
}

# make_way TEST: a link of our name may stay if it is ours and TEST finds it to be the right one. What is ours, but left
# by an earlier run with other inputs, goes: it holds nothing that this run wants.
make_way() {
  shown=
  exists "$name" || return 0
  peek_mark "$name"
  claim "$peeked"
  look_at_own
  "$1" && return
  # What only the disk calls ours may be another one by now.
  peek_alias "$name"
  case $peeked in "$family"* | "$previous_mark") ;; *) fail different "$shown" ;; esac
  refuse_children
  drop_link "$name"
  shown=
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

# will ARGUMENTS: what ip is to do, in words without quotes or blanks; do_ip does all of it at once.
queue=
will() { queue="$queue$*$nl"; }

# It stops at the first that fails, and says which.
do_ip() {
  [ -n "$queue" ] || return 0
  said=$(ip -batch - 2>&1 <<QUEUE
$queue
QUEUE
  ) || return 1
  queue=
}

# why_not: what failed of $queue, by what ip -batch said.
why_not() {
  # What it can't even read it says nothing more about.
  case $said in *"Command failed -:"*) ;; *) fail command "ip -batch" "$said" ;; esac
  line=${said##*"Command failed -:"} said=${said%%"$nl"Command failed*}
  set -- "$queue"
  while [ "$line" -gt 1 ] 2>/dev/null; do
    set -- "${1#*"$nl"}"
    line=$((line - 1))
  done
  fail command "ip ${1%%"$nl"*}" "$said"
}

# make_link ARGUMENTS: what is to be made. The intent file tells a later run whose an unmarked link is, should this one be killed
# before it is marked.
make_link() {
  leave_alone
  printf '%s' "$mark" >"$run_dir/intent.$name" || fail command "write $run_dir/intent.$name" ""
  will link add "$@"
}

# finish: does what was found to be missing. A link that could not even be made is no longer intended.
finish() {
  ! exists "$name" || made
  do_ip || {
    if exists "$name"; then
      made
    else
      rm -f "$run_dir/intent.$name"
      manage_again
    fi
    why_not
  }
  [ -n "$shown" ] || made
  rm -f "$run_dir/intent.$name"
}

sync_mark() {
  leave_alone
  peek_alias "$name"
  [ "$peeked" = "$mark" ] || will link set dev "$name" alias "\"$mark\""
}

# An empty mtu means the parent's, which a new link has.
sync_mtu() {
  peek "/sys/class/net/$parent/mtu"
  want_mtu=${mtu:-$peeked}
  [ -z "$shown" ] || peek "/sys/class/net/$name/mtu"
  [ "$peeked" = "$want_mtu" ] || will link set dev "$name" mtu "$want_mtu"
}

# The flag that was set by hand, as ip shows it; the kernel's own flag is also up while somebody captures packets.
sync_promiscuous() {
  case $shown in *"<"*PROMISC*">"*) have=true ;; *) have=false ;; esac
  [ "$have" = "$promiscuous" ] && return
  if [ "$promiscuous" = true ]; then will link set dev "$name" promisc on; else will link set dev "$name" promisc off; fi
}

sync_up() { link_flag "$name" 1 || will link set dev "$name" up; }

# routers: the folder of each router of this host, whoever made it.
routers() { (set +f; ls -d "$run_dir/router" "$run_dir/router".* 2>/dev/null); }

# find_theirs: into $theirs the addresses that routers put on interfaces, "interface address" a line: not the link's to judge.
find_theirs() {
  theirs=
  set +f
  for file in "$run_dir/router/addresses" "$run_dir/router".*/addresses; do
    [ -e "$file" ] || continue
    while IFS= read -r line; do theirs="$theirs$line$nl"; done <"$file"
  done
  set -f
}

# all_addresses DEVICE: without those from router advertisements.
all_addresses() {
  while IFS=' ' read -r _ _ _ address _; do [ -z "$address" ] || printf '%s\n' "$address"; done <<ADDRESSES
$(ip -o addr show dev "$1" permanent 2>/dev/null)
ADDRESSES
}

# sync_addresses: of our link. What is not wanted is removed, then what is missing is added, in this order: the kernel drops
# secondary addresses together with their primary one. Its own link-local ones and a router's are nobody's wish, unless they are wanted.
sync_addresses() {
  find_theirs
  held=$nl
  [ -z "$shown" ] || held=$nl$(all_addresses "$name")$nl
  how=add
  for address in $held; do
    case "$nl$addresses" in *"$nl$address$nl"*) continue ;; esac
    case $address in fe80:*) continue ;; esac
    case "$nl$theirs" in *"$nl$name $address$nl"*) continue ;; esac
    will addr del "$address" dev "$name"
    how=replace
  done
  for address in $addresses; do need_own "$address"; done
  # The router's go as well when a link is made anew.
  while IFS=' ' read -r device address; do
    [ "$device" != "$name" ] || need_own "$address"
  done <<THEIRS
$theirs
THEIRS
}

need_own() {
  if [ "$how" = add ]; then case $held in *"$nl$1$nl"*) return ;; esac; fi
  will addr "$how" "$1" dev "$name"
}

need_address() {
  case "$nl$(all_addresses "$1")$nl" in *"$nl$2$nl"*) ;; *) run ip addr add "$2" dev "$1" ;; esac
}

# refuse_taken: another name may stand on the same parent, protocol and id, and the kernel would only say "File exists". Its own list
# lacks the protocol, but costs no process.
refuse_taken() {
  [ -e /proc/net/vlan/config ] || return 0
  while IFS=' |' read -r _ id on _; do
    [ "$id" = "$vlan_id" ] && [ "$on" = "$parent" ] || continue
    other=$(taken_by)
    [ -z "$other" ] || fail taken "$other" "$(link_mark "$other")"
    return
  done </proc/net/vlan/config
}

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
  while IFS=' ' read -r _ child _; do
    case $child in *"@$1:") printf '%s ' "${child%%@*}" ;; esac
  done <<LINKS
$(ip -o link show 2>/dev/null)
LINKS
}

# Whose the nft table is.
table_mark() { nft list table inet "$table" 2>/dev/null | grep -m 1 -o 'comment "[^"]*"' | cut -d '"' -f 2; }

observe_link() {
  section link
  exists "$name" && ip -j -d addr show dev "$name"
  section mark
  link_mark "$name"
  section router-addresses
  find_theirs
  printf '%s' "$theirs"
  section parent-mtu
  peek "/sys/class/net/$parent/mtu" && printf '%s' "$peeked"
}

# remove_link TEST: as of make_way.
remove_link() {
  if exists "$name"; then
    peek_mark "$name"
    found=$peeked
    peek_alias "$name"
    told=yes
    # What only the disk calls ours may be another one by now.
    if [ "$peeked" != "$found" ]; then look_at_own; "$1" || told=; elif [ "$adopt" = true ]; then look_at_own; fi
    if { [ -z "$told" ] || ! may_go "$found" "$1"; } && ! is_intended; then
      section kept
      printf '%s' "$found"
      return 0
    fi
    refuse_children
    drop_link "$name"
  fi
  rm -f "$run_dir/intent.$name"
  manage_again
}

# What a script of a link adds to the others: nothing of its own to undo, and nothing to keep for a restore that only the
# running host can tell (into $keeps: variables of the script, a line each).
own_kept() { keep_holder; }
# What is to be known of it after a reboot, whoever makes it then.
own_mark() {
  if [ "$verb" = delete ]; then
    ! { peek "$link_marks/$name" && [ "$peeked" != "$mark" ]; } || return 0
    drop_line "$link_marks/$name"
  elif [ "$adopt" = true ] || [ -e "$link_marks/$name" ]; then
    keep_line "$link_marks/$name" "$mark"
  fi
}
own_before() { :; }
own_undo() { :; }
# Into $touching the interfaces that it may touch, into $setting the addresses and routes that it sets.
touched() { touching=$parent$nl$name$nl; }
prepare() { need_ip; }
observe() { observe_link; }

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
# own_undo, own_kept and own_mark, where those of a link don't fit.
do_verb() {
  persisted=$persisted_dir/$resource.$name
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
