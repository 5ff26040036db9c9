resource=macvlan-link
begin
take_common
take name; take parent; take kind; take mode; take flag; take_list sources; take bcqueuelen; take mac
take mtu; take promiscuous; take_list addresses; take_list routes
end

# The MAC address from before a reboot: one that nobody chose stays all the same.
kept_mac=${kept_mac-}
own_kept() {
  [ "$kind" = macvlan ] || return 0
  peek "/sys/class/net/$name/address"
  printf 'kept_mac=%s' "$peeked"
}

# ip shows "macvlan mode bridge bcqueuelen 1000 ..." and "ipvlan  mode l2 bridge".
same_link() {
  case $(details) in *" $name@$parent: "*" $kind "*) ;; *) return 1 ;; esac
  # Into passthru and out of it there is no way but a new link.
  case "$mode $(details)" in
    passthru*" mode passthru "*) return 0 ;;
    passthru* | *" mode passthru "*) return 1 ;;
  esac
}

# Of an ipvlan, mode and flag are its parent's: all of its ipvlans change with it.
sync_mode() {
  case $(details) in
    *" mode $mode $flag"*) ;;
    *) run ip link set dev "$name" type "$kind" mode "$mode" $flag ;;
  esac
  [ -z "$bcqueuelen" ] || case $(details) in
    *" bcqueuelen $bcqueuelen "*) ;;
    *) run ip link set dev "$name" type macvlan bcqueuelen "$bcqueuelen" ;;
  esac
}

sync_sources() {
  [ "$mode" = source ] || return 0
  for source in $(shown_sources "$(details)"); do
    case "$nl$sources" in *"$nl$source$nl"*) ;; *) run ip link set dev "$name" type macvlan macaddr del "$source" ;; esac
  done
  for source in $sources; do
    case "$nl$(shown_sources "$(details)")$nl" in *"$nl$source$nl"*) ;; *) run ip link set dev "$name" type macvlan macaddr add "$source" ;; esac
  done
}

sync_mac() {
  [ -n "$mac" ] || return 0
  peek "/sys/class/net/$name/address"
  [ "$peeked" = "$mac" ] || run ip link set dev "$name" address "$mac"
}

family_of() { case $1 in *:*) printf '%s' -6 ;; *) printf '%s' -4 ;; esac; }

# Routes are "to" or "to via"; those that the kernel or a router advertisement made are not ours to judge.
list_routes() {
  for version in -4 -6; do
    ip "$version" -o route show dev "$name" 2>/dev/null | while IFS=' ' read -r to rest; do
      case " $rest " in *" proto kernel "* | *" proto ra "*) continue ;; esac
      case $to in fe80::/64 | multicast) continue ;; default) if [ "$version" = -4 ]; then to=0.0.0.0/0; else to=::/0; fi ;; */*) ;; *:*) to=$to/128 ;; *) to=$to/32 ;; esac
      case " $rest " in *" via "*) rest=${rest#*via }; printf '%s %s\n' "$to" "${rest%% *}" ;; *) printf '%s\n' "$to" ;; esac
    done
  done
}

sync_routes() {
  IFS=$nl
  for route in $(list_routes); do
    case "$nl$routes" in *"$nl$route$nl"*) continue ;; esac
    to=${route%% *}
    run ip "$(family_of "$to")" route del "$to" dev "$name"
  done
  for route in $routes; do
    case "$nl$(list_routes)$nl" in *"$nl$route$nl"*) continue ;; esac
    to=${route%% *}
    case $route in
      *" "*) run ip "$(family_of "$to")" route replace "$to" via "${route#* }" dev "$name" ;;
      *) run ip "$(family_of "$to")" route replace "$to" dev "$name" ;;
    esac
  done
  IFS=" 	$nl"
}

# An address with the parent's own prefix makes two ways into one LAN, and SSH may be lost between them. For IPv6 the
# preview's look at it must do.
refuse_naive() {
  for address in $addresses; do
    case $address in */32 | *:*) continue ;; esac
    for theirs in $(all_addresses "$parent"); do
      case $theirs in *:*) continue ;; esac
      if covers "$address" "${theirs%/*}" || covers "$theirs" "${address%/*}"; then fail naive-shim "$address" "$theirs"; fi
    done
  done
}

ensure() {
  need_parent
  refuse_naive
  make_way same_link
  mac=${mac:-$kept_mac}
  exists "$name" ||
    make_link link "$parent" name "$name" ${mac:+address "$mac"} ${mtu:+mtu "$mtu"} type "$kind" mode "$mode" $flag ${bcqueuelen:+bcqueuelen "$bcqueuelen"}
  made
  sync_mark
  sync_mode
  sync_sources
  sync_mac
  sync_mtu
  sync_promiscuous
  sync_up
  sync_addresses "$name" "$addresses"
  sync_routes
}

prefixes() {
  printf '%s' "$addresses"
  printf '%s' "$routes" | cut -d ' ' -f 1
}

do_verb
