# What is asked of Docker about a network.

need_docker() {
  need docker
  docker version -f '{{.Server.Version}}' >/dev/null 2>&1 || fail no-docker "$(docker version -f '{{.Server.Version}}' 2>&1 | grep .)"
}

# by_name TEMPLATE: docker network inspect's answer, empty where the network has another name: Docker takes a name that it does not know for
# the start of an id.
by_name() { docker network inspect -f "{{if eq .Name \"$name\"}}$1{{end}}" "$name"; }

# The same; empty when there is no such network.
ask() { by_name "$1" 2>/dev/null; }

# Docker takes no label for a Swarm's network, and none more for one that is there: whose it is stands in a file then, of the manager that
# made it, or with the id of the network that it is about.
marks=/var/lib/pulumi-macvlan/networks

# find_mark NETWORK ID LABEL: into $found_mark whose one is that is no Swarm's.
find_mark() {
  found_mark=$3
  if peek "$marks/$1"; then case $peeked in "$2 "*) found_mark=${peeked#* } ;; esac; fi
}

# list_containers FORMAT: into $containers, a line for every container of the network, stopped ones too: those hold on to
# it and would not start again without it. One that can't be read would be lost: then nothing is done at all.
# Docker's filter finds stopped ones by name only, but takes a name for the start of an id as well: hence the "with". It forgets
# those that came while the disk was full, whom the network knows while they run (beside ends that are no container's).
list_containers() {
  containers=
  ids=$(docker ps -aq --no-trunc --filter "network=$name" 2>&1) || fail command "docker ps" "$ids"
  ids=$(printf '%s\n' $ids $(ask '{{range $id, $_ := .Containers}}{{$id}} {{end}}') | grep -E '^[0-9a-f]+$' | sort -u)
  [ -n "$ids" ] || return 0
  entries=$(docker inspect -f "{{with index .NetworkSettings.Networks \"$name\"}}@$1{{end}}" $ids 2>&1)
  IFS=$nl
  for entry in $entries; do
    case $entry in
      @*) containers="$containers${entry#@}$nl" ;;
      # One that has gone in the meantime is nobody's loss; its network knows it a moment longer.
      *"No such"*) ;;
      *) fail command "docker inspect" "$entry" ;;
    esac
  done
  IFS=" 	$nl"
}

need_empty() {
  list_containers '{{$.Name}}'
  [ -z "$containers" ] || fail in-use "$(printf '%s' "$containers" | sed 's|^/||')"
}

# The addresses that we asked Docker for, so that a container keeps what Docker once chose: "container address" a line. Docker itself
# takes them for the user's from then on.
kept_addresses() { printf '/var/lib/pulumi-macvlan/addresses-on.%s' "$name"; }

# by_user CONTAINER ADDRESS
by_user() { [ -n "$2" ] && ! grep -Fqsx -e "$1 $2" "$(kept_addresses)"; }
