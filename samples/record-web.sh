#!/usr/bin/env bash
# Records the second sample in samples/: a ministry's website that a search flood takes out for some minutes, with real programs in network
# namespaces, nothing of it simulated and nothing of it able to leave the machine (the namespaces have no way out). Needs root on
# Linux and these programs (Debian names): iproute2 nginx-light, and node from `npm ci`. Takes about nine minutes; every program is
# bounded in time, and the trap takes everything down again.
#
#   readers    203.0.113.1 … .120 ──┐                ┌── site 198.51.100.10: nginx in front of a backend that makes four pages at a time
#   attackers  198.18.32.10 … 41.160┴── router ──────┤
#   vantages   seoul, busan, frankfurt: `bonghwa probe`, every 30 s; 4, 9 and 130 ms away where the kernel has netem
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
node="$here/../node_modules/.bin/node"
out=${1:-$here}
name=search-flood-on-a-ministry

calm_before=${CALM_BEFORE:-180}
flood_seconds=${FLOOD:-200}
calm_after=${CALM_AFTER:-120}
total=$((calm_before + flood_seconds + calm_after))

site=bonghwa-w-site router=bonghwa-w-router world=bonghwa-w-world
vantages=(seoul busan frankfurt)
namespaces=($site $router $world)
for vantage in "${vantages[@]}"; do namespaces+=("bonghwa-w-$vantage"); done
work=$(mktemp -d)
pids=()

cleanup() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for ns in "${namespaces[@]}"; do ip netns pids "$ns" 2>/dev/null | xargs -r kill 2>/dev/null || true; done
  sleep 0.5
  for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null || true; done
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
now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
say() { printf '%s  %s\n' "$(date -u +%T)" "$*" >&2; }

# ---- the network -----------------------------------------------------------------------------------------------------
for ns in "${namespaces[@]}"; do ip netns add "$ns"; ip -n "$ns" link set lo up; done
link() { # namespace, interface, namespace, interface
  ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}
link $site up0 $router inside
link $world up0 $router outside
ip -n $site addr add 198.51.100.10/24 dev up0
ip -n $router addr add 198.51.100.254/24 dev inside
ip -n $site route add default via 198.51.100.254
for n in $(seq 1 120); do ip -n $world addr add 203.0.113.$n/24 dev up0; done
for n in $(seq 32 41); do for m in 10 60 110 160; do ip -n $world addr add 198.18.$n.$m/32 dev up0; done; done
ip -n $router addr add 203.0.113.254/24 dev outside
ip -n $router route add 198.18.32.0/20 via 203.0.113.1 dev outside
ip -n $world route add default via 203.0.113.254
at=1
delays=(4 9 130)
for vantage in "${vantages[@]}"; do
  ns=bonghwa-w-$vantage
  link "$ns" up0 $router "v-$vantage"
  ip -n "$ns" addr add 192.0.2.$((at * 4 + 1))/30 dev up0
  ip -n $router addr add 192.0.2.$((at * 4 + 2))/30 dev "v-$vantage"
  ip -n "$ns" route add default via 192.0.2.$((at * 4 + 2))
  in_ns "$ns" tc qdisc add dev up0 root netem delay "${delays[$((at - 1))]}ms" 2>/dev/null || say "no netem: $vantage is near"
  at=$((at + 1))
done
in_ns $router sysctl -qw net.ipv4.ip_forward=1

# ---- the site --------------------------------------------------------------------------------------------------------
mkdir -p "$work"/{www,nginx}
for asset in style.css script.js logo.svg; do head -c 6000 < <(yes "/* $asset */") >"$work/www/$asset"; done
chmod -R a+rX "$work"
cat >"$work/nginx.conf" <<CONF
worker_processes 1; pid $work/nginx/pid; error_log $work/nginx/error.log; user www-data;
events { worker_connections 2048; }
http {
  log_format main '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent "\$http_referer" "\$http_user_agent" rt=\$request_time host=\$host';
  access_log $work/access.log main;
  client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; keepalive_timeout 10;
  types { text/html html; text/css css; application/javascript js; image/svg+xml svg; }
  server {
    listen 198.51.100.10:80; server_name www.ministry.example; root $work/www;
    location ~ \.(css|js|svg)\$ { }
    location / { proxy_pass http://127.0.0.1:8000; proxy_connect_timeout 3s; proxy_read_timeout 6s; }
  }
}
CONF
start $site "$node" "$here/web-traffic.ts" backend 8000
start $site nginx -c "$work/nginx.conf" -g 'daemon off;' 2>"$work/nginx/stderr"
sleep 2

# ---- vantages and readers --------------------------------------------------------------------------------------------
for vantage in "${vantages[@]}"; do
  start "bonghwa-w-$vantage" "$node" "$here/../bin/bonghwa.js" probe --quiet --vantage "$vantage" --every 30s --for "${total}s" \
    --allow-private --resolve www.ministry.example=198.51.100.10 --way-out 198.51.100.10:80 --sites "$here/$name.yaml" \
    --out "$work/$vantage.ndjson" >"$work/$vantage.txt"
  sleep 7
done
say "readers for $total s"
start $world "$node" "$here/web-traffic.ts" readers 198.51.100.10 $total "$work/readers.json"; readers_pid=$started
sleep $calm_before

# ---- the attack ------------------------------------------------------------------------------------------------------
say "search flood for $flood_seconds s"
flood_start=$(now)
in_ns $world timeout $((flood_seconds + 5)) "$node" "$here/web-traffic.ts" flood 198.51.100.10 $flood_seconds || true
flood_end=$(now)
say "calm for $calm_after s"
wait $readers_pid || true
sleep 25

# ---- what was recorded -----------------------------------------------------------------------------------------------
gzip -9nc "$work/access.log" >"$out/$name.access.log.gz"
# Where the vantages stand, and what they found, in the order of time: what stands before "at" is as long as the vantage's name lets it be.
{
  echo '{"name":"seoul","country":"KR","network":"one at home"}'
  echo '{"name":"busan","country":"KR","network":"another at home"}'
  echo '{"name":"frankfurt","country":"DE","network":"one abroad"}'
  cat "$work"/*.ndjson | sed 's/\(.*\)"at":"\([^"]*\)"/\2 &/' | sort | cut -d' ' -f2-
} | gzip -9nc >"$out/$name.checks.ndjson.gz"
"$node" - "$work/readers.json" "$flood_start" "$flood_end" >"$out/$name.labels.json" <<'JS'
const { readFileSync } = require('node:fs');
const [file, start, end] = process.argv.slice(2);
const rows = JSON.parse(readFileSync(file, 'utf8'));
const from = Math.floor(Date.parse(start) / 1000);
const to = Math.ceil(Date.parse(end) / 1000) + 30;
const of = (key) => rows.filter(({ second }) => second >= from && second < to).reduce((sum, row) => sum + row[key], 0);
// A reader whose page failed gives up what belongs to it: that was lost too.
const lost = of('asked') - of('answered') + of('given');
console.log(JSON.stringify({
  about: 'What was done to the site, by the clock of samples/record-web.sh, and what its readers wanted and got, by their own count.',
  site: 'www.ministry.example',
  attack: { target: 'www.ministry.example', vector: 'search-flood', template: 'GET /search?q=*', sources: 40, start, end },
  readers: { asked: of('asked'), answered: of('answered'), lost },
}, null, 2));
JS
cat "$out/$name.labels.json" >&2
tail -3 "$work/nginx/error.log" >&2 || true
say "recorded: $(du -ch "$out/$name".*.gz | tail -1)"
