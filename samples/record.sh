#!/usr/bin/env bash
# Records the sample in samples/: real programs in three network namespaces, nothing of it simulated and nothing of it able to
# leave the machine (the namespaces have no way out). Needs root on Linux and these programs (Debian names):
#   iproute2 nginx-light curl wrk hping3 softflowd tcpdump nfdump openssl, and node from `npm ci`.
# Takes about three and a half minutes. Every flood is bounded in time and in packets; the trap takes everything down again.
#
#   clients ───────────────────── router ───────────────── site
#   203.0.113.1 … .100            softflowd (NetFlow v9)   198.51.100.10 www   .20 court   .30 news   .53 name server
#   198.18.16.1 … .60             tcpdump (packets)        2001:db8:51::10, ::20, ::30
#   2001:db8:c::1 … ::14             │
#   and whatever source is spoofed   └──── collector 192.0.2.2: nfcapd receives, tcpdump records what was exported
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
node="$here/../node_modules/.bin/node"
out=${1:-$here}

calm_before=75          # seconds of ordinary traffic before the first attack
flood1_seconds=8        # SYN flood on 198.51.100.10:443
flood1_interval_us=190  # the pause between two packets; with what the program itself takes, two to three thousand packets a second
flood1_packets_max=45000
calm_between=45
flood2_seconds=15       # answers of 60 name servers on 198.51.100.20
flood2_reflectors=60
flood2_interval_us=14000
flood2_packets_max=2000 # of each reflector
calm_after=45
packets_before=8        # the packet capture starts so long before the first attack
packets_after=6         # and ends so long after it

site=bonghwa-site router=bonghwa-router clients=bonghwa-clients collector=bonghwa-collector
work=$(mktemp -d)
pids=()

cleanup() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for ns in $site $router $clients $collector; do
    # Whatever still runs inside a namespace is ours: nothing else knows it.
    ip netns pids $ns 2>/dev/null | xargs -r kill 2>/dev/null || true
  done
  sleep 0.5
  for ns in $site $router $clients $collector; do ip netns del $ns 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

in_ns() { ip netns exec "$@"; }
start() { # namespace, command: in the background; its process id in $started
  ip netns exec "$@" &
  started=$!
  pids+=("$started")
}
stop() { kill "$1"; wait "$1" || true; }
now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
say() { printf '%s  %s\n' "$(date -u +%T)" "$*" >&2; }

# ---- the network -----------------------------------------------------------------------------------------------------
for ns in $site $router $clients $collector; do ip netns add $ns; ip -n $ns link set lo up; done
link() { # namespace, interface, namespace, interface
  ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}
link $clients up0 $router outside
link $site up0 $router inside
link $collector up0 $router manage
for ns in $site $router $clients; do in_ns $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; done

for n in $(seq 1 100); do ip -n $clients addr add 203.0.113.$n/24 dev up0; done
for n in $(seq 1 60); do ip -n $clients addr add 198.18.16.$n/32 dev up0; done
for n in $(seq 1 14); do ip -n $clients addr add 2001:db8:c::$(printf %x "$n")/64 dev up0 nodad; done
ip -n $router addr add 203.0.113.254/24 dev outside
ip -n $router addr add 2001:db8:c::fe/64 dev outside nodad
ip -n $router addr add 198.51.100.254/24 dev inside
ip -n $router addr add 2001:db8:51::fe/64 dev inside nodad
ip -n $router addr add 192.0.2.1/24 dev manage
ip -n $collector addr add 192.0.2.2/24 dev up0
for n in 10 20 30 53; do ip -n $site addr add 198.51.100.$n/24 dev up0; done
for n in 10 20 30; do ip -n $site addr add 2001:db8:51::$n/64 dev up0 nodad; done
ip -n $clients route add default via 203.0.113.254
ip -n $clients -6 route add default via 2001:db8:c::fe
ip -n $site route add default via 198.51.100.254
ip -n $site -6 route add default via 2001:db8:51::fe
# Answers to spoofed sources go to the clients' namespace, which does not forward: there they end.
ip -n $router route add default via 203.0.113.1
ip -n $router -6 route add default via 2001:db8:c::1
in_ns $router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for interface in all outside inside; do in_ns $router sysctl -qw net.ipv4.conf.$interface.rp_filter=0; done
in_ns $clients sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
# Without offloads a packet is what a wire would carry: at most 1,500 bytes, each with its own header.
for pair in "$clients up0" "$router outside" "$site up0" "$router inside"; do
  ip -n ${pair% *} link set ${pair#* } gso_max_segs 1
done

# ---- the site --------------------------------------------------------------------------------------------------------
mkdir -p "$work"/{www,nginx,flows}
for page in $(seq 1 40); do head -c $((2000 + page * 397)) < <(yes "Sitting $page.") >"$work/www/page$page.html"; done
for asset in style.css script.js logo.svg; do head -c 9000 < <(yes "/* $asset */") >"$work/www/$asset"; done
head -c 40000000 /dev/zero >"$work/www/archive.zip"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
chmod -R a+rX "$work"
{
  echo "worker_processes 1; pid $work/nginx/pid; error_log $work/nginx/error.log; user www-data;"
  echo "events { worker_connections 2048; }"
  echo "http { access_log off; client_body_temp_path $work/nginx/body; keepalive_timeout 10;"
  echo "  types { text/html html; text/css css; application/javascript js; image/svg+xml svg; application/zip zip; }"
  echo "  server { root $work/www; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;"
  for n in 10 20 30; do
    echo "    listen 198.51.100.$n:80; listen 198.51.100.$n:443 ssl; listen [2001:db8:51::$n]:80; listen [2001:db8:51::$n]:443 ssl;"
  done
  echo "    location = /archive.zip { limit_rate 150k; }"
  echo "  } }"
} >"$work/nginx.conf"
start $site nginx -c "$work/nginx.conf" -g 'daemon off;' 2>"$work/nginx/stderr"
start $site "$node" "$here/dns-traffic.ts" serve 198.51.100.53

# ---- the router and the collector --------------------------------------------------------------------------------------
start $collector nfcapd -b 192.0.2.2 -p 2055 -B 212992 -w "$work/flows" -t 300 >/dev/null 2>&1; nfcapd_pid=$started
start $collector tcpdump -i up0 -n -U -B 16384 -w "$work/telemetry.pcap" udp dst port 2055 2>/dev/null; telemetry_pid=$started
sleep 1
# As a router is set: active timeout 60 s, inactive timeout 10 s.
start $router softflowd -d -i outside -n 192.0.2.2:2055 -v 9 -m 60000 -C 128 -B 33554432 -c "$work/softflowd.ctl" -p "$work/softflowd.pid" \
  -t maxlife=60 -t general=10 -t tcp=10 -t tcp.rst=5 -t tcp.fin=5 -t udp=10 -t icmp=10 -t expint=1 >"$work/softflowd.log" 2>&1
softflowd_pid=$started
sleep 1

# ---- ordinary traffic --------------------------------------------------------------------------------------------------
total=$((calm_before + flood1_seconds + calm_between + flood2_seconds + calm_after))
until_s=$(($(date +%s) + total))
hosts=(198.51.100.10 198.51.100.20 198.51.100.30 '[2001:db8:51::10]' '[2001:db8:51::20]' '[2001:db8:51::30]')
reader() { # one reader after the other: a page with its assets, from an address of its own
  RANDOM=$1
  while (($(date +%s) < until_s)); do
    local host=${hosts[$((RANDOM % 10 < 8 ? RANDOM % 3 : 3 + RANDOM % 3))]} from scheme=http
    if [[ $host == \[* ]]; then from=2001:db8:c::$(printf %x $((1 + RANDOM % 14)))
    elif ((RANDOM % 3)); then from=203.0.113.$((1 + RANDOM % 100))
    else from=198.18.16.$((1 + RANDOM % 60)); fi
    ((RANDOM % 2)) && scheme=https
    curl -gsk -m 8 -o /dev/null --interface "$from" "$scheme://$host/page$((1 + RANDOM % 40)).html" -o /dev/null "$scheme://$host/style.css" \
      -o /dev/null "$scheme://$host/script.js" -o /dev/null "$scheme://$host/logo.svg" || true
    sleep 0.$((RANDOM % 7 + 1))
  done
}
for n in $(seq 1 8); do start $clients bash -c "$(declare -p hosts until_s); $(declare -f reader); reader $((n * 977))"; done
# A download of minutes: longer than the active timeout, so that it is reported in pieces of up to a minute each.
start $clients curl -s -o /dev/null --interface 203.0.113.90 -m $((total - 5)) http://198.51.100.30/archive.zip
start $clients "$node" "$here/dns-traffic.ts" ask 198.51.100.53 $((total - 3)) 198.18.16 60
start $clients hping3 -q -1 -i u700000 -c $((total - 10)) -a 203.0.113.55 198.51.100.30 >/dev/null 2>&1
# A load test: one client, completed connections, paced.
printf 'function delay() return math.random(20, 60) end\n' >"$work/pace.lua"
ip -n $clients route add 198.51.100.30 via 203.0.113.254 src 203.0.113.77
(sleep 25; exec ip netns exec $clients wrk -t1 -c10 -d25s -s "$work/pace.lua" http://198.51.100.30/page3.html >/dev/null) & pids+=($!)

say "ordinary traffic for $calm_before s"
sleep $((calm_before - packets_before))
start $router tcpdump -i outside -n -s 96 -B 65536 -w "$work/packets.pcap" 2>"$work/tcpdump.log"; packets_pid=$started
sleep $packets_before

# ---- first attack: SYN flood from random sources ------------------------------------------------------------------------
say "SYN flood for $flood1_seconds s"
flood1_start=$(now)
in_ns $clients timeout $flood1_seconds hping3 -q -n -S -p 443 --rand-source -i u$flood1_interval_us -c $flood1_packets_max 198.51.100.10 \
  >/dev/null 2>&1 || true
flood1_end=$(now)
sleep $packets_after
stop $packets_pid
sleep $((calm_between - packets_after))

# ---- second attack: answers of name servers that nobody asked -----------------------------------------------------------
say "DNS answers from $flood2_reflectors name servers for $flood2_seconds s"
flood2_start=$(now)
flood2_pids=()
for n in $(seq 1 $flood2_reflectors); do
  start $clients timeout $flood2_seconds hping3 -q -n --udp -s 53 -k -p $((20000 + n * 613)) -a 198.19.$((n % 7)).$((n * 4)) -d 1372 \
    -i u$flood2_interval_us -c $flood2_packets_max 198.51.100.20 >/dev/null 2>&1
  flood2_pids+=("$started")
done
for pid in "${flood2_pids[@]}"; do wait "$pid" || true; done
flood2_end=$(now)
say "ordinary traffic for $calm_after s"
sleep $calm_after

# ---- the end: softflowd sends what it still holds ------------------------------------------------------------------------
stop $softflowd_pid
sleep 2
stop $telemetry_pid
stop $nfcapd_pid
say "what nfcapd received, as nfdump sums it up:"
for filter in any "dst ip 198.51.100.10 and dst port 443 and flags S and not flags AFRPU" "dst ip 198.51.100.20 and proto udp and src port 53"; do
  printf '%s\n  ' "$filter" >&2
  nfdump -q -R "$work/flows" -A proto -o 'fmt:flows %fl packets %pkt bytes %byt from %ts to %te' "$filter" >&2 || true
done
cat "$work/tcpdump.log" "$work/softflowd.log" >&2 || true

gzip -9nc "$work/telemetry.pcap" >"$out/flood-on-a-ministry.netflow.pcap.gz"
gzip -9nc "$work/packets.pcap" >"$out/flood-on-a-ministry.packets.pcap.gz"
cat >"$out/labels.json" <<JSON
{
  "about": "What was done to the site, by the clock of samples/record.sh: start before the attacking program was started, end when it had ended.",
  "networks": ["198.51.100.0/24", "2001:db8:51::/64"],
  "attacks": [
    {
      "target": "198.51.100.10",
      "vector": "syn-flood",
      "start": "$flood1_start",
      "end": "$flood1_end",
      "command": "hping3 -S -p 443 --rand-source -i u$flood1_interval_us 198.51.100.10",
      "captures": ["flood-on-a-ministry.netflow.pcap.gz", "flood-on-a-ministry.packets.pcap.gz"]
    },
    {
      "target": "198.51.100.20",
      "vector": "dns-amplification",
      "start": "$flood2_start",
      "end": "$flood2_end",
      "command": "$flood2_reflectors times: hping3 --udp -s 53 -k -p PORT -a 198.19.x.y -d 1372 -i u$flood2_interval_us 198.51.100.20",
      "captures": ["flood-on-a-ministry.netflow.pcap.gz"]
    }
  ]
}
JSON
say "recorded: $(du -ch "$out"/*.gz | tail -1)"
