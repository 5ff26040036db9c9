# The far end of a connection: one shell that keeps the texts of scripts, which so travel once, and runs them one after the
# other, each in a shell of its own. What it is told comes in lines on standard input, with the data and texts that belong to them.
connection=$1
nl='
'
whole='# pulumi-macvlan:whole'
held=
locked=
# What scripts would find out anew each time.
uid=$(id -u)
case $(PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin ip -V 2>&1) in *iproute2*) has_ip=yes ;; *) has_ip= ;; esac
# A connection that breaks must not stop a change half-way.
trap '' HUP PIPE

# keep NAME BYTES: a text follows. dd takes so much and no more; one that can't leaves it to the shell.
keep() {
  text=$(dd bs="$2" count=1 iflag=fullblock 2>/dev/null) ||
    text=$(while IFS= read -r line; do printf '%s\n' "$line"; [ "$line" != "$whole" ] || break; done)
  case $text in *"$whole") ;; *) exit 3 ;; esac
  eval "text_$1=\${text%\"\$whole\"}"
}

take_data() {
  data=
  while IFS= read -r line; do
    data=$data$line$nl
    [ "$line" != pulumi-macvlan:end ] || return 0
  done
  exit 3
}

# answered NONCE HOW: where the answer ends, on both ways.
answered() {
  printf '\npulumi-macvlan:%s %s\n' "$1" "$2"
  printf '\npulumi-macvlan:%s %s\n' "$1" "$2" >&2
}

# perform NONCE TEXT ...: with $data.
perform() {
  nonce=$1
  shift
  script=
  for name in "$@"; do eval "script=\$script\$text_$name"; done
  printf '%s' "$data" | (set -- "$script" "$connection"; eval "$1")
  code=$?
  # One that waits for its confirmation lets no other change in.
  [ "$code" != 9 ] || held=yes
  answered "$nonce" "$code"
}

# run NONCE TEXT ...: the data follow.
run() {
  take_data
  perform "$@"
}

# change COUNT: so many lines "NONCE TEXT ..." follow, each with its data. Nothing begins before all of it is here: a way that falls silent
# must not leave the host's lock with a shell that waits.
change() {
  all=$1 at=0
  while [ "$at" -lt "$all" ]; do
    IFS= read -r line || exit 3
    eval "what_$at=\$line"
    take_data
    eval "data_$at=\$data"
    at=$((at + 1))
  done
  [ "$all" = 1 ] || lock
  at=0
  while [ "$at" -lt "$all" ]; do
    eval "data=\$data_$at"
    eval "set -- \$what_$at"
    if [ -z "$held" ]; then perform "$@"; else answered "$1" held; fi
    at=$((at + 1))
  done
  unlock
}

# lock: once for all of them; where it is somebody else's, each of them waits for it by itself.
lock() {
  [ -d /run/pulumi-macvlan ] && command -v flock >/dev/null 2>&1 || return 0
  exec 9>/run/pulumi-macvlan/lock
  if flock -n 9; then locked=yes; else exec 9>&-; fi
}

unlock() {
  exec 9>&-
  locked=
}

while IFS=' ' read -r word rest; do
  case $word in
    keep | run | change) "$word" $rest ;;
    resume) held= ;;
    *) exit 3 ;;
  esac
done
