# What a host has that resources could describe, by name, and what is about it that they can't. Nothing is changed.
begin
end
need_root

# Of the kernel's list, which shows each with all its settings: "name|kind|who configures it|mark". What others make is told by its name;
# cables to their containers are too many.
section links
links=$(ip -d -o link show 2>/dev/null)
printf '%s\n' "$links" | while IFS= read -r line; do
  case $line in
    *" vlan protocol "*) kind=vlan ;;
    *" macvlan mode "*) kind=macvlan ;;
    *" ipvlan "*" mode "*) kind=ipvlan ;;
    *" vxlan id "*) kind=vxlan ;;
    *" bridge forward_delay "*) kind=bridge ;;
    *" tun type "*) kind=tun ;;
    *" macvtap mode "*) kind=macvtap ;;
    *) continue ;;
  esac
  line=${line#*: }
  name=${line%%:*} name=${name%%@*}
  find_holder "$name"
  printf '%s|%s|%s|%s\n' "$name" "$kind" "$holder" "$(link_mark "$name")"
done

# "name|driver|scope|mark|container=address,address ...": of containers that run and of those that don't.
section networks
if command -v docker >/dev/null 2>&1; then
  ids=$(docker network ls -q --no-trunc --filter driver=macvlan --filter driver=ipvlan 2>&1) || fail no-docker "$ids"
  for id in $ids; do
    IFS='|' read -r name driver scope label <<LINE
$(docker network inspect -f '{{.Name}}|{{.Driver}}|{{.Scope}}|{{with .Labels}}{{with index . "pulumi-macvlan.mark"}}{{.}}{{end}}{{end}}' "$id" 2>/dev/null)
LINE
    [ -n "$name" ] || continue
    find_mark "$name" "$id" "$label"
    containers=
    if [ "$scope" = swarm ]; then
      peek "$marks/$name" && found_mark=$peeked
    else
      list_containers '{{$.Name}}={{.IPAddress}},{{.GlobalIPv6Address}},{{with .IPAMConfig}}{{with index . "IPv4Address"}}{{.}}{{end}},{{with index . "IPv6Address"}}{{.}}{{end}}{{end}}'
    fi
    # Docker 29 has words for an address that is none.
    users=$(printf '%s' "$containers" | sed 's|^/||; s/invalid IP//g' | tr '\n' ' ')
    printf '%s|%s|%s|%s|%s\n' "$name" "$driver" "$scope" "$found_mark" "$users"
  done
fi

# "table|mark"
section routers
nft list tables 2>/dev/null | while IFS=' ' read -r _ family table; do
  case $family:$table in inet:pulumi_macvlan*) printf '%s|%s\n' "$table" "$(table_mark)" ;; esac
done

# Who forwards, and by which rules: no resource of ours takes over what somebody else wrote. Docker turns forwarding on, and has rules of its own.
section rules
rules=$(for save in iptables-save ip6tables-save; do
  command -v "$save" >/dev/null 2>&1 || continue
  "$save" 2>/dev/null | grep -E '^-A (FORWARD|POSTROUTING|PREROUTING|INPUT|OUTPUT) ' |
    grep -Ev 'docker|br-[0-9a-f]{12}|DOCKER|172\.17\.0\.0/16| -j (ufw|KUBE-|CNI-|LIBVIRT_|FLANNEL-)|-s ([0-9a-f.:]+/[0-9]+) -d \2 ' |
    while IFS= read -r line; do printf '%s|%s\n' "$save" "$line"; done
done)
[ -z "$rules" ] || printf '%s\n' "$rules"
if [ -n "$rules" ] || ! command -v docker >/dev/null 2>&1; then
  for key in net/ipv4/ip_forward net/ipv6/conf/all/forwarding; do
    peek "/proc/sys/$key" && [ "$peeked" != 0 ] && printf 'cat /proc/sys/%s|%s\n' "$key" "$peeked"
  done
fi
if command -v nft >/dev/null 2>&1; then
  nft list tables 2>/dev/null | while IFS=' ' read -r _ family table; do
    case "$family $table" in
      *" pulumi_macvlan"* | *" docker"* | ip*" nat" | ip*" filter" | ip*" mangle" | ip*" raw" | ip*" security") continue ;;
    esac
    printf 'nft list table %s %s|a table of somebody\047s\n' "$family" "$table"
  done
fi
# What interfaces have that no resource says: addresses of parents that are no links of these kinds, and a VLAN's routes.
printf '%s\n' "$links" | while IFS= read -r line; do
  case $line in *" vlan protocol "*) ;; *) continue ;; esac
  line=${line#*: }
  name=${line%%:*} name=${name%%@*}
  case $(link_mark "$name") in "pulumi-macvlan "*) continue ;; esac
  for command in "ip route" "ip -6 route"; do
    $command show dev "$name" 2>/dev/null | grep -Ev 'proto (kernel|ra)|^(fe80::/64|multicast) ' |
      while IFS= read -r route; do printf '%s show dev %s|%s\n' "$command" "$name" "${route% }"; done
  done
done
for parent in $(printf '%s\n' "$links" | sed -n 's/^[0-9]*: [^@ ]*@\([^:]*\):.* \(vlan protocol\|macvlan mode\|ipvlan \).*/\1/p' | sort -u); do
  case $(printf '%s\n' "$links" | grep -F " $parent@") in *" vlan protocol "* | *" macvlan mode "*) continue ;; esac
  ip -o addr show dev "$parent" scope global 2>/dev/null |
    while IFS=' ' read -r _ _ _ address _; do printf 'ip addr show dev %s|%s\n' "$parent" "$address"; done
done
section end
