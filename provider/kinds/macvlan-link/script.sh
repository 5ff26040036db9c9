resource=macvlan-link
begin
take_common
take name; take parent; take kind; take mode; take flag; take_list sources; take bcqueuelen; take mac
take mtu; take promiscuous; take_list addresses; take_list routes
end

# The MAC address from before a reboot: one that nobody chose stays all the same.
kept_mac=${kept_mac-}
own_kept() {
  keep_holder
  [ "$kind" = macvlan ] || return 0
  peek "/sys/class/net/$name/address"
  keeps=$keeps${nl}kept_mac=$peeked
}

# choose_mac: of a new macvlan, where nobody did. What the kernel draws systemd-udevd changes a moment later, after it was read.
choose_mac() {
  [ -z "$mac" ] && [ "$kind" = macvlan ] && [ "$mode" != passthru ] || return 0
  peek /proc/sys/kernel/random/uuid
  left=${peeked##*-} mac=02
  left=${left#??}
  while [ -n "$left" ]; do
    rest=${left#??}
    mac=$mac:${left%"$rest"} left=$rest
  done
}

# ip shows "macvlan mode bridge bcqueuelen 1000 ..." and "ipvlan  mode l2 bridge".
same_link() {
  case $shown in *" $name@$parent: "*" $kind "*) ;; *) return 1 ;; esac
  # Into passthru and out of it there is no way but a new link.
  case "$mode $shown" in
    passthru*" mode passthru "*) return 0 ;;
    passthru* | *" mode passthru "*) return 1 ;;
  esac
}

# Of an ipvlan, mode and flag are its parent's: all of its ipvlans change with it. A new one is made with them.
sync_mode() {
  case $shown in
    "" | *" mode $mode $flag"*) ;;
    *) will link set dev "$name" type "$kind" mode "$mode" $flag ;;
  esac
  case "$bcqueuelen:$shown" in
    :* | *: | *" bcqueuelen $bcqueuelen "*) ;;
    *) will link set dev "$name" type macvlan bcqueuelen "$bcqueuelen" ;;
  esac
}

sync_sources() {
  [ "$mode" = source ] || return 0
  have=$nl
  [ -z "$shown" ] || have=$nl$(shown_sources "$shown")$nl
  for source in $have; do
    case "$nl$sources" in *"$nl$source$nl"*) ;; *) will link set dev "$name" type macvlan macaddr del "$source" ;; esac
  done
  for source in $sources; do
    case $have in *"$nl$source$nl"*) ;; *) will link set dev "$name" type macvlan macaddr add "$source" ;; esac
  done
}

sync_mac() {
  [ -n "$mac" ] && [ -n "$shown" ] || return 0
  peek "/sys/class/net/$name/address"
  [ "$peeked" = "$mac" ] || will link set dev "$name" address "$mac"
}

# list_routes: "to" or "to via", a line each; those that the kernel or a router advertisement made are not ours to judge.
list_routes() {
  for version in -4 -6; do
    while IFS=' ' read -r to rest; do
      [ -n "$to" ] || continue
      case " $rest " in *" proto kernel "* | *" proto ra "*) continue ;; esac
      case $to in fe80::/64 | multicast) continue ;; default) if [ "$version" = -4 ]; then to=0.0.0.0/0; else to=::/0; fi ;; */*) ;; *:*) to=$to/128 ;; *) to=$to/32 ;; esac
      case " $rest " in *" via "*) rest=${rest#*via }; printf '%s %s\n' "$to" "${rest%% *}" ;; *) printf '%s\n' "$to" ;; esac
    done <<LINES
$(ip "$version" -o route show dev "$name" 2>/dev/null)
LINES
  done
}

# drop_routes: before addresses change, which take routes with them.
drop_routes() {
  routes_now=$nl
  [ -z "$shown" ] || routes_now=$nl$(list_routes)$nl
  while IFS=' ' read -r to via; do
    [ -n "$to" ] || continue
    case "$nl$routes" in *"$nl$to${via:+ $via}$nl"*) ;; *) will route del "$to" dev "$name" ;; esac
  done <<NOW
$routes_now
NOW
}

# need_routes: those without a gateway come first.
need_routes() {
  case $queue in *"addr del"*) routes_now=$nl ;; esac
  while IFS=' ' read -r to via; do
    [ -n "$to" ] || continue
    case $routes_now in *"$nl$to${via:+ $via}$nl"*) ;; *) will route replace "$to" ${via:+via "$via"} dev "$name" ;; esac
  done <<ROUTES
$routes
ROUTES
}

# An address with the parent's own prefix makes two ways into one LAN, and SSH may be lost between them. For IPv6 the
# preview's look at it must do.
refuse_naive() {
  # It was there before, or it would not be kept.
  [ "$job" != restore ] || return 0
  theirs=
  for address in $addresses; do
    case $address in */32 | *:*) continue ;; esac
    theirs=${theirs:-$(all_addresses "$parent")}
    for other in $theirs; do
      case $other in *:*) continue ;; esac
      covers "$address" "${other%/*}" || covers "$other" "${address%/*}" || continue
      # What is there already is taken over as it is.
      case " $(all_addresses "$name" | tr '\n' ' ') " in *" $address "*) ;; *) fail naive-shim "$address" "$other" ;; esac
    done
  done
}

ensure() {
  need_parent
  refuse_naive
  make_way same_link
  mac=${mac:-$kept_mac}
  if [ -z "$shown" ]; then
    choose_mac
    make_link link "$parent" name "$name" ${mac:+address "$mac"} ${mtu:+mtu "$mtu"} type "$kind" mode "$mode" $flag ${bcqueuelen:+bcqueuelen "$bcqueuelen"}
  fi
  sync_mark
  sync_mode
  sync_sources
  sync_mac
  sync_mtu
  sync_promiscuous
  sync_up
  drop_routes
  sync_addresses
  need_routes
  finish
}

remove() { remove_link same_link; }

observe() {
  observe_link
  section routes
  exists "$name" && ip -j route show dev "$name"
  section routes6
  exists "$name" && ip -j -6 route show dev "$name"
}

prefixes() {
  setting=$addresses
  while IFS=' ' read -r to _; do setting=$setting$to$nl; done <<ROUTES
$routes
ROUTES
}

do_verb
