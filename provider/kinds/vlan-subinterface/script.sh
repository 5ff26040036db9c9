resource=vlan-subinterface
begin
take_common
take name; take parent; take protocol; take vlan_id; take reorder; take_list egress; take_list ingress
take mtu; take promiscuous; take_list addresses
end

same_vlan() {
  case $(details) in *" $name@$parent: "*" vlan protocol $protocol id $vlan_id "*) return 0 ;; esac
  return 1
}

# qos_now KIND: the mapping that the kernel shows, as "from:to ..." words.
qos_now() {
  line=$(details)
  case $line in *" $1-qos-map { "*) ;; *) return ;; esac
  line=${line#*" $1-qos-map { "}
  printf '%s' "${line%%\}*}"
}

# A mapping can't be deleted, only set to 0, which is what the kernel then no longer shows.
sync_qos() {
  for entry in $(qos_now "$1"); do
    case "$nl$2" in *"$nl${entry%%:*}:"*) ;; *) run ip link set dev "$name" type vlan "$1-qos-map" "${entry%%:*}:0" ;; esac
  done
  for entry in $2; do
    case " $(qos_now "$1") " in *" $entry "*) ;; *) run ip link set dev "$name" type vlan "$1-qos-map" "$entry" ;; esac
  done
}

sync_reorder() {
  case $(details) in *REORDER_HDR*) have=on ;; *) have=off ;; esac
  [ "$have" = "$reorder" ] || run ip link set dev "$name" type vlan reorder_hdr "$reorder"
}

ensure() {
  need_parent
  make_way same_vlan
  fresh=no
  if ! exists "$name"; then
    other=$(taken_by)
    [ -z "$other" ] || fail taken "$other" "$(link_mark "$other")"
    make_link link "$parent" name "$name" ${mtu:+mtu "$mtu"} type vlan protocol "$protocol" id "$vlan_id" reorder_hdr "$reorder"
    fresh=yes
  fi
  made
  sync_mark
  sync_mtu
  sync_reorder
  sync_qos egress "$egress"
  sync_qos ingress "$ingress"
  sync_promiscuous
  sync_up
  sync_addresses "$name" "$addresses"
  # The one whose place it takes may be a router's leg, with hosts on it that move over by and by.
  [ "$fresh" = no ] || sync_legs
}

remove() {
  remove_link
  sync_legs
}

own_undo() { ! grep -Fqx -e "absent $name" "$guard/undo" || sync_legs "$name"; }

prefixes() { printf '%s' "$addresses"; }

do_verb
