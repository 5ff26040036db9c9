# Who else has an address already.

# strangers {INTERFACE FIRST LAST}...: "INTERFACE ADDRESS MAC" of everybody there who has an address of these ranges, by an ARP
# probe (RFC 5227) or a neighbour solicitation (RFC 4861) for each, twice: neither says an address of our own.
strangers() {
  perl -MSocket=:all -e '
    my ($arp, $ip6) = (0x0806, 0x86dd);
    my (%socket, %nic, %asked, %found);
    sub way { my ($type, $nic, $to) = @_; pack "S n i S C C a8", 17, $type, $nic->{index}, 0, 0, 6, $to }
    sub kernel { open my $file, "<", "/sys/class/net/$_[0]/$_[1]" or die "$_[0]: $!\n"; my $text = <$file>; chomp $text; $text }
    for my $type ($arp, $ip6) {
      socket $socket{$type}, 17, 3, unpack "S", pack "n", $type or die "socket: $!\n";
    }
    while (my ($name, $first, $last) = splice @ARGV, 0, 3) {
      my $nic = $nic{$name} ||= { name => $name, index => kernel($name, "ifindex"), mac => pack "H12", kernel($name, "address") =~ tr/://dr };
      my $family = $first =~ /:/ ? AF_INET6 : AF_INET;
      my ($from, $to) = map { inet_pton $family, $_ } $first, $last;
      my ($head, $at) = $family == AF_INET ? ("", unpack "N", $from) : (substr($from, 0, 8), unpack "Q>", substr $from, 8);
      my $end = $family == AF_INET ? unpack "N", $to : unpack "Q>", substr $to, 8;
      for (; $at <= $end; $at++) { $asked{$nic->{index}}{$family == AF_INET ? pack "N", $at : $head . pack "Q>", $at} = $nic }
    }
    setsockopt $socket{$ip6}, 263, 1, pack "i S S a8", $_->{index}, 2, 6, "" for values %nic;
    sub sum { my $sum = 0; $sum += $_ for unpack "n*", $_[0]; $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16; ~$sum & 0xffff }
    sub hear {
      my ($until, $bits) = (time + $_[0], "");
      vec($bits, fileno $_, 1) = 1 for values %socket;
      for (;;) {
        return if time >= $until or not select my $ready = $bits, undef, undef, 0.7;
        for my $type ($arp, $ip6) {
          next unless vec $ready, fileno $socket{$type}, 1;
          my $index = unpack "x4 i", recv $socket{$type}, my $frame, 2000, 0;
          my $whose = $type == $arp ? substr $frame, 28, 4 : ord(substr $frame, 54, 1) == 136 ? substr $frame, 62, 16 : "";
          my $nic = $asked{$index}{$whose} or next;
          my $from = substr $frame, 6, 6;
          $found{$index}{$whose} = $from if $from ne $nic->{mac};
        }
      }
    }
    for (1 .. 2) {
      for my $index (sort keys %asked) {
        for my $address (sort keys %{$asked{$index}}) {
          my $nic = $asked{$index}{$address};
          if (length $address == 4) {
            my $to = "\xff" x 6;
            send $socket{$arp}, $to . $nic->{mac} . pack("n n n C C n", $arp, 1, 0x0800, 6, 4, 1) . $nic->{mac} . "\0" x 10 . $address, 0, way $arp, $nic, $to;
          } else {
            my $to = "\x33\x33\xff" . substr $address, 13;
            my $group = pack("H26", "ff0200000000000000000001ff") . substr $address, 13;
            my $ends = "\0" x 16 . $group;
            my $ask = sub { pack "C C n N a16", 135, 0, $_[0], 0, $address };
            my $body = $ask->(sum($ends . pack("N N", 24, 58) . $ask->(0)));
            send $socket{$ip6}, $to . $nic->{mac} . pack("n N n C C", $ip6, 6 << 28, 24, 58, 255) . $ends . $body, 0, way $ip6, $nic, $to;
          }
        }
      }
      hear 2;
    }
    for my $index (sort keys %found) {
      for (sort keys %{$found{$index}}) {
        my $mac = join ":", map { sprintf "%02x", ord } split //, $found{$index}{$_};
        printf "%s %s %s\n", $asked{$index}{$_}{name}, inet_ntop(length == 4 ? AF_INET : AF_INET6, $_), $mac;
      }
    }
  ' "$@" 2>&1
}

# refuse_strangers {INTERFACE FIRST LAST}...: asked before anything is changed; our own containers keep quiet, since what their
# parent sends does not come to them.
refuse_strangers() {
  [ $# -gt 0 ] || return 0
  need perl
  found=$(strangers "$@") || fail command "perl" "$found"
  [ -z "$found" ] || fail stranger "$(printf '%s' "$found" | tr '\n' ',')"
}
