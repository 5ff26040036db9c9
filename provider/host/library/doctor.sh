# What a host is, has and can do for VLANs and macvlan. Nothing is changed, and nothing is written.
begin
take task # "look", or "listen" once all hosts have been looked at, so that they do it at the same time
take nonce
take own # the name that the caller has for it
take seconds # to listen
take_list sizes # of frames, as far as a NIC's MTU lets them through
take_list nics # to send frames from; none: the physical ones that have a carrier, or what they are ports of
take_list vlans
end

# fact NAME VALUE ...: a line of "name|value|..." in the section at hand.
fact() { (IFS='|'; printf '%s\n' "$*"); }
# first FILE: its first line, or nothing.
first() { peek "$1"; printf '%s' "$peeked"; }
says() { command -v "$1" >/dev/null 2>&1 && "$@" 2>/dev/null; }
target() { [ ! -e "$1" ] || { set -- "$(readlink -f "$1" 2>/dev/null)"; printf "%s" "${1##*/}"; }; }
all_of() { (set +f; cd "$1" 2>/dev/null && ls); }

# --- frames --------------------------------------------------------------------------------------------------

# ARP probes (RFC 5227) from nobody for nobody: they take no address, and who they came from stands behind them. One without a tag tells
# which NICs have a LAN in common, one with as much as the NIC's MTU lets in tells whether the switch takes that with a tag. The kernel takes
# tags off before a program sees a frame, but a filter can ask for them (linux/filter.h: SKF_AD_VLAN_TAG_PRESENT).
frames() {
  perl -e '
    my ($nonce, $own, $seconds, $nics, $vlans, $sizes) = @ARGV;
    my @nics = split " ", $nics;
    my @vlans = (0, split " ", $vlans);
    my (%in, %out, %mac, %mtu, %told, $bits);
    sub kernel { open my $file, "<", "/sys/class/net/$_[0]/$_[1]" or die "$_[0]: $!\n"; my $text = <$file>; chomp $text; $text }
    sub filtered {
      my ($socket, $yes) = @_;
      my $code = pack "(S C C L)4", 0x30, 0, 0, 0xfffff030, 0x15, $yes ? 0 : 1, $yes ? 1 : 0, 1, 0x06, 0, 0, 65535, 0x06, 0, 0, 0;
      setsockopt $socket, 1, 26, pack "S x![P] P", 4, $code or die "filter: $!\n";
    }
    for my $nic (@nics) {
      my $place = sub { pack "S n i S C C a8", 17, $_[0], kernel($nic, "ifindex"), 0, 0, 6, "" };
      $mac{$nic} = pack "H12", kernel($nic, "address") =~ tr/://dr;
      $mtu{$nic} = kernel($nic, "mtu");
      for my $tagged (0, 1) {
        socket my $socket, 17, 3, 0 or die "socket: $!\n";
        filtered $socket, $tagged;
        # All hosts send at once: SO_RCVBUFFORCE.
        setsockopt $socket, 1, 33, pack "i", 1 << 22;
        bind $socket, $place->(3) or die "$nic: $!\n";
        # LLDP comes to a group of its own. Many NICs drop tags that nobody there has asked for, unless they are promiscuous: for as long as
        # this is open (packet(7)).
        setsockopt $socket, 263, 1, pack "i S S a8", kernel($nic, "ifindex"), @$_ for [0, 6, "\x01\x80\xc2\0\0\x0e"], [1, 0, ""];
        $in{fileno $socket} = [$socket, $nic, $tagged];
        vec($bits, fileno $socket, 1) = 1;
        $out{$nic} = [$socket, $place->(0x0806), $place->(0x8100)] unless $tagged;
      }
    }
    sub report { my $line = join "|", @_; print "$line\n" unless $told{$line}++ }
    sub lldp {
      my ($nic, $at) = ($_[0], $_[1]);
      my %said;
      while (length $at >= 2) {
        my ($head) = unpack "n", $at;
        my ($type, $length) = ($head >> 9, $head & 511);
        my $value = substr $at, 2, $length;
        $at = substr $at, 2 + $length;
        last if $type == 0;
        # A chassis without a name is told by its number; subtype 4 is a MAC address.
        $said{chassis} = $value =~ /^\x04/ ? join ":", unpack "x (H2)*", $value : substr $value, 1 if $type == 1;
        $said{port} = substr $value, 1 if $type == 2;
        $said{system} = $value if $type == 5;
        $said{vlans} .= unpack("n", substr $value, 4) . " " if $type == 127 and $value =~ /^\0\x80\xc2\x03/;
      }
      $said{port} = join ":", map { sprintf "%02x", ord } split //, $said{port} if ($said{port} // "") =~ /[^ -~]/;
      $said{system} = $said{chassis} if ($said{system} // "") eq "";
      report "lldp", $nic, map { ($said{$_} // "") =~ tr/ -{}~//cdr } qw(system port vlans);
    }
    my ($end, $next) = (time + $seconds, 0);
    my $arp = sub { pack "n n n C C n a6 a4 a6 a4", 0x0806, 1, 0x0800, 6, 4, 1, $_[0], "", "", "" };
    while (time <= $end) {
      if (time >= $next and time < $end) {
        for my $nic (@nics) {
          for my $vlan (@vlans) {
            my %once;
            for my $size (grep { $_ <= $mtu{$nic} and not $once{$_}++ } split(" ", $sizes), $mtu{$nic} - 4, $mtu{$nic}) {
              my $tag = $vlan ? pack "n n", 0x8100, $vlan : "";
              my $body = $arp->($mac{$nic}) . "pulumi-macvlan|$nonce|$own|$nic|$vlan|$size|";
              send $out{$nic}[0], "\xff" x 6 . $mac{$nic} . $tag . pack("a" . ($size + 2), $body), 0, $out{$nic}[$vlan ? 2 : 1];
            }
          }
        }
        $next = time + 1;
      }
      next unless select my $ready = $bits, undef, undef, 0.3;
      for my $fd (grep { vec $ready, $_, 1 } keys %in) {
        my ($socket, $nic, $tagged) = @{$in{$fd}};
        my $from = recv $socket, my $frame, 65536, 0;
        # What this host sends itself (PACKET_OUTGOING).
        next if unpack("x10 C", $from) == 4;
        if (!$tagged and substr($frame, 12, 2) eq "\x88\xcc") { lldp $nic, substr $frame, 14; next }
        next unless $frame =~ /pulumi-macvlan\|\Q$nonce\E\|([^|]*)\|([^|]*)\|(\d+)\|(\d+)\|/;
        report "heard", $nic, $1, $2, $3, $4, $tagged ? "tagged" : "untagged" unless $1 eq $own;
      }
    }
  ' "$nonce" "$own" "$seconds" "$1" "$vlans" "$sizes" 2>&1
}

# --- what is there ---------------------------------------------------------------------------------------------

# can MODULE TOOL TEST: "loaded", "loadable", "built in", or "" where it is neither; nothing where that can't be told. Tried, in a network of its
# own that is gone again at once, only where the kernel has no modules at all: a module that is loaded for it would stay.
can() {
  modules=/lib/modules/$(uname -r)
  if [ -e "/sys/module/$1" ]; then fact kernel "$1" loaded
  elif says modprobe -n -q "$1"; then fact kernel "$1" loadable
  elif grep -qs "/$1\.ko" "$modules/modules.builtin"; then fact kernel "$1" "built in"
  elif [ -e "$modules/modules.dep" ]; then fact kernel "$1" ""
  elif command -v unshare >/dev/null 2>&1 && command -v "$2" >/dev/null 2>&1; then
    said=$(unshare -n sh -c "$3" 2>&1) && fact kernel "$1" "built in" || fact kernel "$1" "" "${said%%"$nl"*}"
  fi
}

tell_system() {
  section system
  fact user "$(id -un)" "$(id -u)"
  fact release "$(uname -r)" "$(uname -m)"
  fact name "$(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME-}")"
  fact shell "$(target /bin/sh)"
  fact ip "$(ip -V 2>&1)"
  fact nft "$(says nft -v)"
  for tool in perl tc dnsmasq flock nsenter ping; do
    if command -v "$tool" >/dev/null 2>&1; then fact tool "$tool" yes; else fact tool "$tool" ""; fi
  done
  [ ! -d /run/systemd/system ] || fact systemd "$(says systemctl is-system-running)"
  for unit in NetworkManager systemd-networkd networking wicked connman dhcpcd; do
    ! says systemctl -q is-active "$unit" || fact manager "$unit"
  done
  fact virtual "$(says systemd-detect-virt)"
  below='ip link add below type dummy && ip link add link below name above type'
  [ "$(id -u)" = 0 ] || return
  can 8021q ip "$below vlan id 2"
  can macvlan ip "$below macvlan"
  can ipvlan ip "$below ipvlan"
  can nf_tables nft 'nft add table inet t'
  for folder in /run /var/lib; do tell_room "$folder"; done
}

# tell_room FOLDER: KiB that are free.
tell_room() { fact room "$1" "$(df -Pk "$1" 2>/dev/null | { read -r _; read -r _ _ _ free _ && printf '%s' "$free"; })"; }

tell_docker() {
  command -v docker >/dev/null 2>&1 || return 0
  section docker
  # Some versions end well, with nothing said, where the daemon does not answer.
  info=$(docker info -f '{{.ServerVersion}}|{{.DockerRootDir}}|{{.Driver}}|{{.Swarm.LocalNodeState}}' 2>/dev/null) && [ -n "${info%%|*}" ] || info=
  if [ -n "$info" ]; then
    fact docker "$info"
    rest=${info#*|}
    tell_room "${rest%%|*}"
    fact firewall "$(docker info -f '{{with .FirewallBackend}}{{.Driver}}{{end}}' 2>/dev/null)"
    ! grep -Eqs '"iptables"[[:space:]]*:[[:space:]]*false' /etc/docker/daemon.json || fact iptables false
  else
    fact silent "$(docker version -f '{{.Server.Version}}' 2>&1 | grep . | tr '\n|' '  ')"
  fi
}

# kind_of NIC: what it is made as.
kind_of() {
  at=/sys/class/net/$1
  if [ -e "$at/wireless" ] || [ -e "$at/phy80211" ]; then printf wifi
  elif [ -d "$at/bridge" ]; then printf bridge
  elif [ -d "$at/bonding" ]; then printf bond
  elif [ -e "/proc/net/vlan/$1" ]; then printf vlan
  elif [ -e "$at/tun_flags" ]; then printf tun
  elif [ -e "$at/device" ]; then printf nic
  else printf virtual; fi
}

tell_nics() {
  section nics
  for nic in $(all_of /sys/class/net); do
    [ "$nic" != lo ] || continue
    at=/sys/class/net/$nic
    [ -d "$at" ] || continue
    above=
    for upper in $(all_of "$at"); do case $upper in upper_*) above="$above${upper#upper_} " ;; esac; done
    master=$(target "$at/master")
    fact nic "$nic" "$(kind_of "$nic")" "$(first "$at/operstate")" "$(first "$at/carrier")" "$(first "$at/speed")" "$(first "$at/mtu")" \
      "$(target "$at/device/driver")" "$(first "$at/address")" "$master" "$(kind_of "${master:-$nic}")" "$above" "$(first "$at/flags")"
  done
  set -- $connection
  way=$(ip -o addr show to "${3:-}" 2>/dev/null) && way=${way#*: } && fact way "${way%% *}"
}

# Where nobody says which: those that could carry VLANs.
likely() {
  for nic in $(all_of /sys/class/net); do
    [ "$(kind_of "$nic")" = nic ] && [ "$(first "/sys/class/net/$nic/carrier")" = 1 ] || continue
    master=$(target "/sys/class/net/$nic/master")
    case $(kind_of "${master:-$nic}") in bond | bridge) nic=$master ;; esac
    printf '%s\n' "$nic"
  done | sort -u | tr '\n' ' '
}

tell_frames() {
  section frames
  command -v perl >/dev/null 2>&1 || return 0
  sending=
  for nic in ${nics:-$(likely)}; do [ ! -e "/sys/class/net/$nic" ] || sending="$sending$nic "; done
  fact sends "$sending"
  [ -n "$sending" ] || return 0
  frames "$sending" || fact unheard
}

case $task in
  look)
    tell_system
    tell_docker
    tell_nics
    ;;
  listen) tell_frames ;;
esac
section end
