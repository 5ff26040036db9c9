resource=macvlan-network
begin
take_common
take name; take parent; take spec; take drifted; take_list create; take_list ranges; take swarm
end

# docker network inspect's answer to one template; empty when there is no such network.
ask() { docker network inspect -f "$1" "$name" 2>/dev/null; }

find_network() {
  id=$(ask '{{.Id}}')
  [ -n "$id" ] || return 1
  if [ "$swarm" = true ]; then
    found_mark=
    peek "$marks/$name" && found_mark=$peeked
    found_spec=$spec
    return 0
  fi
  found_mark=$(ask '{{index .Labels "pulumi-macvlan.mark"}}')
  found_spec=$(ask '{{index .Labels "pulumi-macvlan.spec"}}')
}

# Docker takes no label for a Swarm's network: whose it is stands in a file of the manager that made it.
marks=/var/lib/pulumi-macvlan/networks
keep_mark() { { peek "$marks/$name" && [ "$peeked" = "$mark" ]; } || write "$marks/$name" 600 "$mark"; }

# Everybody's networks with a parent, for the messages about a parent or a pool that is taken.
others() {
  for other in $(docker network ls -q --no-trunc); do
    docker network inspect -f '{{.Name}} parent={{index .Options "parent"}}{{range .IPAM.Config}} subnet={{.Subnet}}{{end}};' "$other"
  done 2>/dev/null | tr '\n' ' '
}

# make LIST: docker network create with one argument a line.
make() {
  IFS=$nl
  # shellcheck disable=SC2086 # one argument a line is what the list is for
  set -- $1
  IFS=" 	$nl"
  said=$(docker network create "$@" 2>&1)
}

# list_containers FORMAT: into $containers, a line for every container of the network, stopped ones too: those hold on to
# it and would not start again without it. One that can't be read would be lost: then nothing is done at all.
# Docker's filter finds stopped ones by name only, but takes a name for the start of an id as well: hence the "with".
list_containers() {
  containers=
  ids=$(docker ps -aq --no-trunc --filter "network=$name" 2>&1) || fail command "docker ps" "$ids"
  for container in $ids; do
    entry=$(docker inspect -f "{{with index .NetworkSettings.Networks \"$name\"}}$1{{end}}" "$container" 2>&1) ||
      fail command "docker inspect $container" "$entry"
    [ -z "$entry" ] || containers="$containers$entry$nl"
  done
}

# "container|its IPv4|its IPv6|aliases|gateway priority". A stopped container has an address only if the user chose one;
# a priority is known from Docker 28 on, and 0 where nobody chose it.
endpoint='{{$.Id}}|{{if .IPAddress}}{{.IPAddress}}{{else}}{{with .IPAMConfig}}{{with index . "IPv4Address"}}{{.}}{{end}}{{end}}{{end}}'
endpoint=$endpoint'|{{if .GlobalIPv6Address}}{{.GlobalIPv6Address}}{{else}}{{with .IPAMConfig}}{{with index . "IPv6Address"}}{{.}}{{end}}{{end}}{{end}}'
endpoint=$endpoint'|{{range .Aliases}}{{.}} {{end}}|{{with index . "GwPriority"}}{{.}}{{end}}'

# existing: the arguments of docker network create for the network as it is, whoever made it.
existing() {
  ask '--driver={{.Driver}}
{{if .Internal}}--internal
{{end}}{{if .EnableIPv6}}--ipv6
{{end}}{{range .IPAM.Config}}--subnet={{.Subnet}}
{{if .IPRange}}--ip-range={{.IPRange}}
{{end}}{{if .Gateway}}--gateway={{.Gateway}}
{{end}}{{range $key, $value := .AuxAddress}}--aux-address={{$key}}={{$value}}
{{end}}{{end}}{{range $key, $value := .Options}}--opt={{$key}}={{$value}}
{{end}}{{range $key, $value := .Labels}}--label={{$key}}={{$value}}
{{end}}' | sed -e '/=invalid /d' -e '/^$/d' -e 's|^\(--gateway=[^/]*\)/.*|\1|'
  printf '%s\n' "$name"
}

# connect LINE: puts one container back as it was. Docker itself adds the short id as an alias. One that has gone in the
# meantime (docker run --rm) is nobody's loss.
connect() {
  IFS='|'
  set -- $1
  IFS=" 	$nl"
  container=$1 ip=${2-} ip6=${3-} aliases=${4-} priority=${5-}
  # Docker 29 says "invalid IP" for none.
  case $ip in *[!0-9.]*) ip= ;; esac
  case $ip6 in *[!0-9A-Fa-f:.]*) ip6= ;; esac
  case $priority in 0 | *[!0-9-]*) priority= ;; esac
  short=$(printf '%.12s' "$container")
  set --
  for alias in $aliases; do
    [ "$alias" = "$short" ] || set -- "$@" --alias "$alias"
  done
  answer=$(docker network connect ${ip:+--ip "$ip"} ${ip6:+--ip6 "$ip6"} ${priority:+--gw-priority "$priority"} \
    "$@" "$name" "$container" 2>&1) && return
  case $answer in *"No such container"* | *"already exists in network"*) return 0 ;; esac
  said=$answer
  return 1
}

disconnect_all() {
  IFS=$nl
  for line in $1; do docker network disconnect -f "$name" "${line%%|*}" >/dev/null 2>&1; done
  IFS=" 	$nl"
}

# connect_all LIST: goes on after a failure, so that as few as possible stay off.
connect_all() {
  result=0
  IFS=$nl
  for line in $1; do
    IFS=" 	$nl"
    connect "$line" || result=1
    IFS=$nl
  done
  IFS=" 	$nl"
  return "$result"
}

# Which containers were on the network before it was taken down: kept over a crash and a reboot until all of them are
# back, for the next run to put them back.
lost=/var/lib/pulumi-macvlan/containers-of.$name

remember() { write "$lost" 600 "$containers"; }

reconnect_lost() {
  [ -e "$lost" ] || return 0
  said=
  connect_all "$(cat "$lost")" || fail lost "$said"
  rm -f "$lost"
}

# recreate: Docker can't change a network. Its containers leave, it is made anew, they come back with the
# addresses they had. Where a step fails, all of it is undone.
recreate() {
  reconnect_lost
  list_containers "$endpoint"
  old=$(existing)
  remember
  made
  disconnect_all "$containers"
  if said=$(docker network rm "$name" 2>&1) && make "$create" && connect_all "$containers"; then
    rm -f "$lost"
    return
  fi
  why=$said
  disconnect_all "$containers"
  docker network rm "$name" >/dev/null 2>&1
  find_network || make "$old" || fail not-undone "$why" "$said"
  connect_all "$containers" || fail not-undone "$why" "$said"
  rm -f "$lost"
  fail undone "$why"
}

# strangers FIRST LAST ...: "address MAC" of everybody who has an address of these ranges, by an ARP probe (RFC 5227) or a
# neighbour solicitation (RFC 4861) for each, twice: neither says an address of our own.
strangers() {
  peek "/sys/class/net/$parent/ifindex"; index=$peeked
  peek "/sys/class/net/$parent/address"
  perl -MSocket=:all -e '
    my ($index, $mac, @ranges) = @ARGV;
    $mac = pack "H12", $mac =~ tr/://dr;
    my ($arp, $ip6) = (0x0806, 0x86dd);
    my %socket;
    sub way { pack "S n i S C C a8", 17, $_[0], $index, 0, 0, 6, $_[1] }
    for my $type ($arp, $ip6) {
      socket $socket{$type}, 17, 3, unpack "S", pack "n", $type or die "socket: $!\n";
      bind $socket{$type}, way($type, "") or die "bind: $!\n";
    }
    setsockopt $socket{$ip6}, 263, 1, pack "i S S a8", $index, 2, 6, "";
    sub sum { my $sum = 0; $sum += $_ for unpack "n*", $_[0]; $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16; ~$sum & 0xffff }
    my (%asked, %found);
    while (my ($first, $last) = splice @ranges, 0, 2) {
      my $family = $first =~ /:/ ? AF_INET6 : AF_INET;
      my ($from, $to) = map { inet_pton $family, $_ } $first, $last;
      my ($head, $at) = $family == AF_INET ? ("", unpack "N", $from) : (substr($from, 0, 8), unpack "Q>", substr $from, 8);
      my $end = $family == AF_INET ? unpack "N", $to : unpack "Q>", substr $to, 8;
      for (; $at <= $end; $at++) { $asked{$family == AF_INET ? pack "N", $at : $head . pack "Q>", $at} = 1 }
    }
    sub hear {
      my ($until, $bits) = (time + $_[0], "");
      vec($bits, fileno $_, 1) = 1 for values %socket;
      for (;;) {
        return if time >= $until or not select my $ready = $bits, undef, undef, 0.7;
        for my $type ($arp, $ip6) {
          next unless vec $ready, fileno $socket{$type}, 1;
          recv $socket{$type}, my $frame, 2000, 0;
          my $whose = $type == $arp ? substr $frame, 28, 4 : ord(substr $frame, 54, 1) == 136 ? substr $frame, 62, 16 : "";
          my $from = substr $frame, 6, 6;
          $found{$whose} = $from if $asked{$whose} and $from ne $mac;
        }
      }
    }
    for (1 .. 2) {
      for my $address (sort keys %asked) {
        if (length $address == 4) {
          my $to = "\xff" x 6;
          send $socket{$arp}, $to . $mac . pack("n n n C C n", $arp, 1, 0x0800, 6, 4, 1) . $mac . "\0" x 10 . $address, 0, way $arp, $to;
        } else {
          my $to = "\x33\x33\xff" . substr $address, 13;
          my $group = pack("H26", "ff0200000000000000000001ff") . substr $address, 13;
          my $ends = "\0" x 16 . $group;
          my $ask = sub { pack "C C n N a16", 135, 0, $_[0], 0, $address };
          my $body = $ask->(sum($ends . pack("N N", 24, 58) . $ask->(0)));
          send $socket{$ip6}, $to . $mac . pack("n N n C C", $ip6, 6 << 28, 24, 58, 255) . $ends . $body, 0, way $ip6, $to;
        }
      }
      hear 2;
    }
    for (sort keys %found) {
      printf "%s %s\n", inet_ntop(length == 4 ? AF_INET : AF_INET6, $_), join ":", map { sprintf "%02x", ord } split //, $found{$_};
    }
  ' "$index" "$peeked" "$@" 2>&1
}

# Asked before anything is changed; our own containers keep quiet, since what their parent sends does not come to them.
refuse_strangers() {
  [ -n "$ranges" ] || return 0
  need perl
  found=$(strangers $ranges) || fail command "perl" "$found"
  [ -z "$found" ] || fail stranger "$(printf '%s' "$found" | tr '\n' ',')"
}

ensure() {
  [ "$swarm" = true ] || exists "$parent" || fail no-parent "$(interfaces)"
  refuse_strangers
  if find_network; then
    if [ -z "$found_mark" ] || [ "$found_mark" = "<no value>" ]; then claim ""; else claim "$found_mark"; fi
    # Labels can be copied: what a refresh found to differ is made anew even where they say that it is right.
    if [ "$found_spec" = "$spec" ] && [ "$found_mark" = "$mark" ] && [ "$drifted" = false ]; then made; else recreate; fi
    [ "$swarm" = false ] || keep_mark
  else
    [ "$swarm" = false ] || keep_mark
    make "$create" || fail network "$said" "$(others)"
    made
  fi
  reconnect_lost
}

observe() {
  section network
  docker network inspect "$name" 2>/dev/null
  [ "$swarm" = false ] || { section mark; cat "$marks/$name" 2>/dev/null; }
}

remove() {
  find_network || return 0
  if [ "$found_mark" != "$mark" ]; then
    section kept
    printf '%s\n' "$found_mark"
    return 0
  fi
  list_containers '{{$.Name}}'
  [ -z "$containers" ] || fail in-use "$(printf '%s' "$containers" | sed 's|^/||')"
  run docker network rm "$name"
  rm -f "$lost" "$marks/$name"
  rmdir "$marks" "${marks%/*}" 2>/dev/null
  return 0
}

prepare() {
  need docker
  [ "$verb" = read ] || need_root
  docker version -f '{{.Server.Version}}' >/dev/null 2>&1 || fail no-docker "$(docker version -f '{{.Server.Version}}' 2>&1)"
}

touched() { printf '%s\n' "$parent"; }
prefixes() { :; }

own_before() {
  find_network || return 0
  keep id "$id"
  keep network "$(existing)"
  list_containers "$endpoint"
  keep containers "$containers"
}

own_undo() {
  if ! [ -e "$guard/before/id" ]; then
    find_network && [ "$found_mark" = "$mark" ] && docker network rm "$name"
  else
    old=$(cat "$guard/before/network")
    containers=$(cat "$guard/before/containers")
    if ! find_network || [ "$id" != "$(cat "$guard/before/id")" ]; then
      disconnect_all "$containers"
      docker network rm "$name"
      make "$old"
    fi
    connect_all "$containers"
  fi
  rm -f "$lost"
}

do_verb
