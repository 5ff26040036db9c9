resource=vlan-subinterface
begin
take_common
take name; take parent; take protocol; take vlan_id; take reorder; take_list egress; take_list ingress
take mtu; take promiscuous; take_list addresses
end

same_vlan() {
  case $shown in *" $name@$parent: "*" vlan protocol $protocol id $vlan_id "*) return 0 ;; esac
  return 1
}

# find_qos KIND: into $have the mapping that the kernel shows, as "from:to" words.
find_qos() {
  have=
  case $shown in *" $1-qos-map { "*) have=${shown#*" $1-qos-map { "} have=" ${have%%\}*}" ;; esac
}

# A mapping can't be deleted, only set to 0, which is what the kernel then no longer shows.
sync_qos() {
  find_qos "$1"
  for entry in $have; do
    case "$nl$2" in *"$nl${entry%%:*}:"*) ;; *) will link set dev "$name" type vlan "$1-qos-map" "${entry%%:*}:0" ;; esac
  done
  for entry in $2; do
    case $have in *" $entry "*) ;; *) will link set dev "$name" type vlan "$1-qos-map" "$entry" ;; esac
  done
}

# A new one is made with it.
sync_reorder() {
  case $shown in "") return ;; *REORDER_HDR*) have=on ;; *) have=off ;; esac
  [ "$have" = "$reorder" ] || will link set dev "$name" type vlan reorder_hdr "$reorder"
}

ensure() {
  need_parent
  make_way same_vlan
  fresh=no
  if [ -z "$shown" ]; then
    refuse_taken
    make_link link "$parent" name "$name" ${mtu:+mtu "$mtu"} type vlan protocol "$protocol" id "$vlan_id" reorder_hdr "$reorder"
    fresh=yes
  fi
  sync_mark
  sync_mtu
  sync_reorder
  sync_qos egress "$egress"
  sync_qos ingress "$ingress"
  sync_promiscuous
  sync_up
  sync_addresses
  finish
  # The one whose place it takes may be a router's leg, with hosts on it that move over by and by.
  [ "$fresh" = no ] || sync_legs
}

remove() {
  remove_link same_vlan
  sync_legs
}

own_undo() { ! grep -Fqx -e "absent $name" "$guard/undo" || sync_legs "$name"; }

prefixes() { setting=$addresses; }

do_verb
