# The routers of a host, whoever made them.
# A router is known by its folder; its rules there, which stand before its table does, tell what it has. Those of an earlier
# version tell it as well.

table_of() {
  case $1 in */router) printf pulumi_macvlan_router ;; *) printf 'pulumi_macvlan_router_%s' "${1##*/router.}" ;; esac
}
mark_of() { sed -n 's/^	comment "\(.*\)"$/\1/p' "$1/ruleset" 2>/dev/null; }

# devices_of FOLDER: what it routes, in quotes, one a line: the last rule is the one between its own interfaces.
devices_of() { sed -n 's/^.*iifname \(.*\) oifname \1 [a-z]*$/\1/p' "$1/ruleset" 2>/dev/null | tail -n 1 | grep -o '"[^"]*"'; }
uplinks_of() { sed -n 's/^.*oifname \("[^"]*"\) .* masquerade$/\1/p' "$1/ruleset" 2>/dev/null; }
has_ipv6() { [ -e "$1/ipv6" ] || grep -qs : "$1/addresses"; }

# refuse_others: what another router has is its own; which ones count says `others`. A way out may be that of several.
refuse_others() {
  for folder in $(others); do
    routed=$(devices_of "$folder") leading_out=$(uplinks_of "$folder")
    for device in $devices $uplinks; do
      case "$nl$routed$nl" in *"$nl\"$device\"$nl"*) fail routed "$device" "$(mark_of "$folder")" ;; esac
    done
    for device in $devices; do
      case "$nl$leading_out$nl" in *"$nl\"$device\"$nl"*) fail uplink "$device" "$(mark_of "$folder")" ;; esac
    done
    IFS=$nl
    for address in $addresses; do
      address=${address#* }
      for device in $(ways_into "$address"); do
        case "$nl$routed$nl" in *"$nl\"$device\"$nl"*) fail subnet "$address" "$device" "$(mark_of "$folder")" ;; esac
      done
    done
    IFS=" 	$nl"
  done
}

# ways_into CIDR: the interfaces with a subnet that holds its subnet, or lies in it.
ways_into() {
  case $1 in *:*) set -- "$1" -6 ;; *) set -- "$1" -4 ;; esac
  for relation in root match; do
    ip "$2" -o route show proto kernel "$relation" "$1" 2>/dev/null
  done | sed -n 's/^.* dev \([^ ]*\).*$/\1/p'
}
