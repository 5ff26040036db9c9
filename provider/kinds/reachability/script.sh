resource=reachability
begin
take task; take nonce; take image; take_list ends; take_list probes
end

# The name of a throwaway container; it ends by itself, should nobody come to remove it.
container_of() { printf 'pulumi-macvlan-probe-%s-%s' "$nonce" "$1"; }
label=pulumi-macvlan.probe

# about CONTAINER TEMPLATE: Docker's answer about one by its name or its id, into $said; why there is none otherwise. Docker takes a name that it
# does not know for the start of an id.
about() {
  said=$(docker inspect --type container -f "{{.Name}} {{.Id}} $2" "$1" 2>&1) || return
  set -- "$1" $said
  case $2 in
    "/$1") ;;
    *)
      # As short as Docker itself shows them.
      case $3 in "$1"*) [ ${#1} -ge 12 ] ;; *) false ;; esac || { said="Error: No such container: $1"; return 1; }
      ;;
  esac
  shift 3
  said=$*
}

# answer_udp ADDRESSES PORTS: in the throwaway container's network, from just these addresses, for as long as it is there. Few
# images have what it takes.
answer_udp() {
  pid=$(docker inspect -f '{{.State.Pid}}' "$container")
  nsenter -t "$pid" -n perl -MSocket=:all -e '
    my ($pid, $addresses, $ports) = @ARGV;
    my ($bits, @sockets) = "";
    for my $address (grep { /^[0-9a-f:.]+$/i } split " ", $addresses) {
      my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
      for my $port (split " ", $ports) {
        socket my $socket, $family, SOCK_DGRAM, 0 or die "socket: $!\n";
        # IPV6_FREEBIND: it may still be tentative.
        setsockopt $socket, IPPROTO_IPV6, 78, 1 if $family == AF_INET6;
        my $own = inet_pton $family, $address;
        bind $socket, $family == AF_INET6 ? pack_sockaddr_in6($port, $own) : pack_sockaddr_in($port, $own) or die "udp port $port: $!\n";
        vec($bits, fileno $socket, 1) = 1;
        push @sockets, $socket;
      }
    }
    exit if fork;
    open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; open STDIN, "<", "/dev/null";
    while (kill 0, $pid) {
      next unless select my $ready = $bits, undef, undef, 1;
      for my $socket (grep { vec $ready, fileno $_, 1 } @sockets) {
        my $from = recv $socket, my $packet, 2000, 0;
        send $socket, "answered", 0, $from if $from;
      }
    }
  ' "$pid" "$@"
}

# start_end ID KIND NAME ADDRESS PORTS ("tcp/443,udp/53"): makes a throwaway container ("network") or finds one that is there ("container"), and
# says which addresses it has.
start_end() {
  udp=
  if [ "$2" = network ]; then
    container=$(container_of "$1")
    case $4 in -) way= ;; *:*) way=--ip6=$4 ;; *) way=--ip=$4 ;; esac
    listen=
    for port in $(printf '%s' "$5" | tr ',' ' '); do
      case $port in
        tcp/*) listen="${listen}while :; do nc -l -p ${port#*/} </dev/null >/dev/null 2>&1; done & " ;;
        udp/*) udp="$udp ${port#*/}" ;;
      esac
    done
    said=$(docker run -d --rm --name "$container" --label "$label=$nonce" --network "$3" $way "$image" \
      sh -c "${listen}sleep 300" 2>&1) ||
      { printf 'failed %s %s\n' "$1" "$(printf '%s' "$said" | tr '\n' ' ')"; return; }
  else
    container=$3
  fi
  about "$container" '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}} {{end}}' &&
    addresses=$said && { [ -z "$udp" ] || said=$(answer_udp "$addresses" "$udp" 2>&1); } ||
    { printf 'failed %s %s\n' "$1" "$(printf '%s' "$said" | tr '\n' ' ')"; return; }
  printf 'end %s %s\n' "$1" "$addresses"
}

# inside FROM COMMAND...: in the network of a container, with the programs of the host: an image need not have them.
inside() {
  from=$1
  shift
  case $from in
    host) "$@"; return ;;
    network:*) container=$(container_of "${from#*:}") ;;
    *) container=${from#*:} ;;
  esac
  about "$container" '{{.State.Pid}}' && pid=$said || pid=
  [ "${pid:-0}" != 0 ] || return 9
  nsenter -t "$pid" -n "$@"
}

# once FROM PROTOCOL ADDRESS PORT SIZE: one try; what the answer says of itself.
once() {
  case $2 in
    tcp)
      inside "$1" timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$3" "$4" 2>&1 && printf 'answered'
      return
      ;;
    udp)
      inside "$1" timeout 2 bash -c 'exec 3<>"/dev/udp/$0/$1"; echo >&3; read -r -t 1 -N 1 -u 3' "$3" "$4" 2>&1 && printf 'answered'
      return
      ;;
  esac
  case $5:$3 in -:*) size= ;; *:*:*) size="-M do -s $(($5 - 48))" ;; *) size="-M do -s $(($5 - 28))" ;; esac
  inside "$1" ping -n -c 1 -W 1 $size "$3" 2>&1
}

# path FROM ADDRESS: who answers on the way, hop by hop, and where it ends.
path() {
  way=$(inside "$1" ip -o route get "$2" 2>&1)
  printf 'route %s hops' "$(printf '%s' "${way%% uid *}" | tr -s ' \n\\' '_')"
  for hop in 1 2 3 4 5 6; do
    said=$(inside "$1" ping -n -c 1 -W 1 -t "$hop" "$2" 2>/dev/null)
    case $said in
      *"bytes from"*) printf ' %s' "$2"; return ;;
      *From\ *) said=${said#*From }; said=${said%%[!0-9A-Fa-f:.]*}; printf ' %s' "${said%:}" ;;
      *) printf ' *'; return ;;
    esac
  done
}

# probe ID FROM PROTOCOL ADDRESS PORT SIZE EXPECT: several tries for what is to answer: the first packet may be lost while
# addresses are looked up. Where it is not as expected, also the path it takes.
probe() {
  found=unreachable detail=
  for try in 1 2 3; do
    said=$(once "$2" "$3" "$4" "$5" "$6") && found=reachable && break
  done
  case $said in *ttl=*) detail=${said#*ttl=}; detail=ttl=${detail%% *} ;; esac
  [ "$found" = reachable ] || detail=$(printf '%s' "$said" | grep -iE 'from|refused|unreachable|too long|timed' | head -n 1 | tr -s ' ' '_')
  way=
  [ "$found" = "$7" ] || way=$(path "$2" "$4")
  printf 'probe %s %s %s %s\n' "$1" "$found" "${detail:--}" "$way"
}

# each LIST COMMAND: all lines of a list at once, sixteen at a time; their answers are lines, which the pipe keeps whole.
each() {
  count=0
  IFS=$nl
  for line in $1; do
    IFS=" 	$nl"
    "$2" $line &
    count=$((count + 1))
    [ $((count % 16)) -ne 0 ] || wait
    IFS=$nl
  done
  IFS=" 	$nl"
  wait
}

need_root
case $task in
  start)
    if [ -n "$ends" ]; then
      need docker
      case $ends in *udp/*) need perl; need nsenter ;; esac
      # Those that a run left which was killed; what still runs may be another stack's.
      old=$(docker ps -aq --filter "label=$label" --filter status=exited --filter status=created 2>/dev/null)
      [ -z "$old" ] || docker rm -f $old >/dev/null 2>&1
    fi
    section ends
    each "$ends" start_end
    ;;
  probe)
    need ping; need nsenter; need timeout; need bash; need_ip
    section probes
    each "$probes" probe
    ;;
  stop)
    left=$(docker ps -aq --filter "label=$label=$nonce" 2>/dev/null)
    [ -z "$left" ] || docker rm -f $left >/dev/null 2>&1
    ;;
esac
section end
