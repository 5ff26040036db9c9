# A router's two legs in one subnet. While a VLAN gets another id, its new sub-interface stands beside the old one, and hosts move over
# one after the other. The router has its addresses on one of the two, its leg; the other one, the twin, hands it what is meant for it, and
# what it sends goes out of both. Routes, rules and what is handed out know nothing of the twin.
# Kernel: net/sched/act_mirred.c, net/sched/cls_flower.c; iproute2: tc-mirred(8), tc-flower(8).

# The interfaces that our filters are on, one a line: a reboot clears both.
joined=$run_dir/legs
# What tells our filters from others': up to 99 more.
pref=28000

# kin LINK: into $kin what a leg and its twin have in common: parent, MAC address ($mac) and resource. On another parent it may be the same
# LAN, where everything would be there twice; and frames that keep their tag in them can't go out with another one.
kin() {
  peek "/proc/net/vlan/$1"
  case $peeked in *"REORDER_HDR: 1"*) ;; *) return 1 ;; esac
  peek "/sys/class/net/$1/address"; mac=$peeked
  peek "/sys/class/net/$1/iflink"; kin="$peeked $mac"
  peek "/sys/class/net/$1/ifalias"; kin="$kin $peeked"
  case $peeked in "pulumi-macvlan "*) return 0 ;; esac
  return 1
}

# twins [LEAVING]: "leg twin mac" of each twin that a router's leg has.
twins() {
  find_theirs
  [ -n "$theirs" ] || return 0
  routed=$nl
  while IFS=' ' read -r device _; do routed=$routed$device$nl; done <<THEIRS
$theirs
THEIRS
  known=$nl
  for leg in $routed; do ! kin "$leg" || known="$known$kin|$leg$nl"; done
  for twin in $(ls /proc/net/vlan 2>/dev/null); do
    case $routed in *"$nl$twin$nl"*) continue ;; esac
    [ "$twin" != "${1-}" ] && kin "$twin" || continue
    case $known in *"$nl$kin|"*) leg=${known#*"$nl$kin|"}; printf '%s %s %s\n' "${leg%%"$nl"*}" "$twin" "$mac" ;; esac
  done
}

# sync_legs [LEAVING]: joins what is to be joined now, without the one that is about to go. Where that can't be done, hosts are without their
# gateway until they have moved: that is no reason to fail.
sync_legs() {
  has_routers || [ -e "$joined" ] || return 0
  pairs=$(twins "$@" | sort)
  [ -n "$pairs" ] || [ -e "$joined" ] || return 0
  command -v tc >/dev/null 2>&1 || return 0
  part_legs
  [ -n "$pairs" ] || return 0
  join_legs "$(tc qdisc show 2>/dev/null)" || return 0
  printf '%s' "$ends" >"$joined" || { rm -f "$joined"; return 0; }
  printf '%s' "$rules" | tc -batch - >/dev/null 2>&1 || part_legs
}

# Most hosts have none, and are spared the processes.
has_routers() {
  set +f
  set -- "$run_dir"/router*
  set -f
  [ -e "$1" ]
}

# join_legs QDISCS: into $rules what tc is to be told for $pairs, into $ends the interfaces of these rules. What stands there already is
# somebody else's, and has other plans for the packets.
join_legs() {
  ends= rules= last=
  while IFS=' ' read -r leg twin mac; do
    case $1 in *" ffff: dev $leg "* | *" ffff: dev $twin "*) continue ;; esac
    [ "$leg" = "$last" ] || rules="${rules}qdisc add dev $leg clsact$nl" ends=$ends$leg$nl last=$leg out=$pref
    # The kernel takes no two filters that are alike but for what they do.
    out=$((out + 1)) ends=$ends$twin$nl
    # Frames that are not for the router belong to those who stand on the twin, and those for all to both.
    rules="${rules}qdisc add dev $twin clsact
filter add dev $twin ingress protocol all pref $pref flower dst_mac $mac action mirred ingress redirect dev $leg
filter add dev $twin ingress protocol all pref $((pref + 1)) flower dst_mac 01:00:00:00:00:00/01:00:00:00:00:00 action mirred ingress mirror dev $leg
filter add dev $leg egress protocol all pref $out flower src_mac $mac action mirred egress mirror dev $twin
"
  done <<PAIRS
$pairs
PAIRS
  [ -n "$rules" ]
}

# part_legs: takes away what sync_legs has made, and no filter that others have put beside it.
part_legs() {
  [ -e "$joined" ] || return 0
  for end in $(cat "$joined"); do
    exists "$end" || continue
    ours= theirs=
    for side in ingress egress; do
      for found in $(tc filter show dev "$end" "$side" 2>/dev/null | sed -n 's/^filter .* pref \([0-9]*\) .*$/\1/p' | sort -u); do
        case $found in 280[0-9][0-9]) ours="${ours}filter del dev $end $side pref $found$nl" ;; *) theirs=yes ;; esac
      done
    done
    if [ -n "$theirs" ]; then printf '%s' "$ours"; else printf 'qdisc del dev %s clsact\n' "$end"; fi
  done | tc -force -batch - >/dev/null 2>&1
  rm -f "$joined"
}
