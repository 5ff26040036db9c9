# What routers advertise. Docker fails where a container has learned of a way out by IPv6 before it gets Docker's own (moby/moby#50898), on
# this network or on another one of its, and leaves an interface there that is in the way of each further try. So a container learns of
# none while its network is made anew. It has Docker's way out afterwards, and learns of others again with the next advertisement.

# Nothing is done for a container that never learns of any. Which of its interfaces did not, stands in the file $1.
DEAF='cd /proc/sys/net/ipv6/conf 2>/dev/null && ! grep -qx 0 default/accept_ra_defrtr || exit 0
grep -lx 0 */accept_ra_defrtr >"$1.new"
mv "$1.new" "$1"
for each in */accept_ra_defrtr; do echo 0 >"$each"; done
ip -6 route flush default proto ra'
# Docker has made an interface since.
HEAR='cd /proc/sys/net/ipv6/conf || exit
for each in */accept_ra_defrtr; do grep -Fqx "$each" "$1" || echo 1 >"$each"; done'

# A crash in between is no matter: the file tells the next run.
deaf() { printf '%s/deaf.%s' "$run_dir" "$1"; }

# hear_nothing PROCESS
hear_nothing() {
  case $subnets$ip6 in *:*) ;; *) return 0 ;; esac
  has_own_network "$1" && [ ! -e "$(deaf "$1")" ] || return 0
  in_container "$1" sh -c "$DEAF" sh "$(deaf "$1")" >/dev/null
}

# hear_again PROCESS
hear_again() {
  [ -e "$(deaf "$1")" ] || return 0
  ! has_own_network "$1" || in_container "$1" sh -c "$HEAR" sh "$(deaf "$1")" >/dev/null
  rm -f "$(deaf "$1")"
}
