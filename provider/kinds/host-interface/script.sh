resource=host-interface
begin
take_common
take by; take value
end

# Those that stand on others (VLANs, bridges, bonds' ports' masters) may have the same MAC address: the one below is meant.
with_mac() {
  for device in $(interfaces); do
    peek "/sys/class/net/$device/address"
    [ "$peeked" = "$value" ] && ! stands_on_another "$device" && printf '%s ' "$device"
  done
}

stands_on_another() {
  set +f
  set -- "/sys/class/net/$1"/lower_*
  set -f
  [ -e "$1" ]
}

find_interface() {
  case $by in
    macAddress) found=$(with_mac) ;;
    subnet) found=$(ip -o addr show to "$value" 2>/dev/null | cut -d ' ' -f 2 | sort -u | tr '\n' ' ') ;;
    route)
      case $value in
        default) found=$(ip -o route show default 2>/dev/null | head -n 1) ;;
        *) found=$(ip -o route get "$value" 2>/dev/null | head -n 1) ;;
      esac
      case $found in *" dev "*) found=${found#*" dev "} found=${found%% *} ;; *) found= ;; esac
      ;;
  esac
  name=${found%% *}
  case ${found% } in
    "") return 1 ;;
    *" "*) fail ambiguous "$found" ;;
  esac
}

need_ip
case $verb in
  ensure) find_interface || fail no-interface "$(ip -o addr show 2>/dev/null | sed 's/^[0-9]*: *\([^ ]*\) *inet6* *\([^ ]*\).*/\1 \2/' | tr '\n' ',')" ;;
  read) find_interface || name= ;;
esac
if [ "$verb" != delete ] && [ -n "$name" ]; then
  section link
  ip -j -d link show dev "$name"
fi
section end
