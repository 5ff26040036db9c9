# What a host has that resources could describe, by name, and what is about it that they can't. Nothing is changed.
begin
end
need_root

# Of the kernel's list, which shows each with all its settings: "name|kind|mark".
section links
ip -d -o link show 2>/dev/null | while IFS= read -r line; do
  case $line in
    *" vlan protocol "*) kind=vlan ;;
    *" macvlan mode "*) kind=macvlan ;;
    *" ipvlan "*" mode "*) kind=ipvlan ;;
    *) continue ;;
  esac
  line=${line#*: }
  name=${line%%:*} name=${name%%@*}
  printf '%s|%s|%s\n' "$name" "$kind" "$(link_mark "$name")"
done

# "name|driver|scope|mark|container=address,address ..."; Docker 29 has words for an address that is none
section networks
if command -v docker >/dev/null 2>&1; then
  ids=$(docker network ls -q --no-trunc --filter driver=macvlan --filter driver=ipvlan 2>&1) || fail no-docker "$ids"
  for id in $ids; do
    IFS='|' read -r name driver scope label users <<LINE
$(docker network inspect -f '{{.Name}}|{{.Driver}}|{{.Scope}}|{{with .Labels}}{{with index . "pulumi-macvlan.mark"}}{{.}}{{end}}{{end}}|{{range .Containers}}{{.Name}}={{.IPv4Address}},{{.IPv6Address}} {{end}}' "$id" 2>/dev/null | sed 's/invalid Prefix//g')
LINE
    [ -n "$name" ] || continue
    find_mark "$name" "$id" "$label"
    if [ "$scope" = swarm ]; then peek "$marks/$name" && found_mark=$peeked; fi
    printf '%s|%s|%s|%s|%s\n' "$name" "$driver" "$scope" "$found_mark" "$users"
  done
fi

# Who forwards, and by which rules: no resource of ours takes over what somebody else wrote. Docker turns forwarding on, and has rules of its own.
section rules
if ! command -v docker >/dev/null 2>&1; then
  for key in net/ipv4/ip_forward net/ipv6/conf/all/forwarding; do
    peek "/proc/sys/$key" && [ "$peeked" != 0 ] && printf 'cat /proc/sys/%s|%s\n' "$key" "$peeked"
  done
fi
for save in iptables-save ip6tables-save; do
  command -v "$save" >/dev/null 2>&1 || continue
  "$save" 2>/dev/null | grep -E '^-A (FORWARD|POSTROUTING|PREROUTING|INPUT|OUTPUT) ' |
    grep -Ev 'docker|br-[0-9a-f]{12}|DOCKER|172\.17\.0\.0/16| -j ufw|-s ([0-9a-f.:]+/[0-9]+) -d \1 ' |
    while IFS= read -r line; do printf '%s|%s\n' "$save" "$line"; done
done
if command -v nft >/dev/null 2>&1; then
  nft list tables 2>/dev/null | while IFS=' ' read -r _ family table; do
    case "$family $table" in
      *" pulumi_macvlan"* | *" docker"* | ip*" nat" | ip*" filter" | ip*" mangle" | ip*" raw" | ip*" security") continue ;;
    esac
    printf 'nft list table %s %s|a table of somebody\047s\n' "$family" "$table"
  done
fi
section end
