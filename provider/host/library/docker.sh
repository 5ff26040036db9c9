# What is asked of Docker about a network.

need_docker() {
  need docker
  docker version -f '{{.Server.Version}}' >/dev/null 2>&1 || fail no-docker "$(docker version -f '{{.Server.Version}}' 2>&1 | grep .)"
}

# docker network inspect's answer to one template; empty when there is no such network.
ask() { docker network inspect -f "$1" "$name" 2>/dev/null; }

# Docker takes no label for a Swarm's network: whose it is stands in a file of the manager that made it.
marks=/var/lib/pulumi-macvlan/networks

# list_containers FORMAT: into $containers, a line for every container of the network, stopped ones too: those hold on to
# it and would not start again without it. One that can't be read would be lost: then nothing is done at all.
# Docker's filter finds stopped ones by name only, but takes a name for the start of an id as well: hence the "with". It forgets
# those that came while the disk was full, whom the network knows while they run (beside ends that are no container's).
list_containers() {
  containers=
  ids=$(docker ps -aq --no-trunc --filter "network=$name" 2>&1) || fail command "docker ps" "$ids"
  for container in $(printf '%s\n' $ids $(ask '{{range $id, $_ := .Containers}}{{$id}} {{end}}') | sort -u); do
    case $container in *[!0-9a-f]*) continue ;; esac
    if entry=$(docker inspect -f "{{with index .NetworkSettings.Networks \"$name\"}}$1{{end}}" "$container" 2>&1); then
      [ -z "$entry" ] || containers="$containers$entry$nl"
    else
      # One that has gone in the meantime is nobody's loss; its network knows it a moment longer.
      case $entry in *"No such"*) ;; *) fail command "docker inspect $container" "$entry" ;; esac
    fi
  done
}

need_empty() {
  list_containers '{{$.Name}}'
  [ -z "$containers" ] || fail in-use "$(printf '%s' "$containers" | sed 's|^/||')"
}
