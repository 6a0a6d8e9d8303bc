#!/usr/bin/env bash
# two-hosts.sh RANKS COMMAND ...: runs a command by Open MPI on two hosts: network namespaces that a pair of virtual Ethernet
# devices joins. Ranks of different hosts reach each other by TCP alone. Needs root, ip and mpirun; exits with 77 where hosts
# can't be made.
set -u
ranks=$1
shift
first="simdconv$$a" second="simdconv$$b"
trap 'ip netns del "$first"; ip netns del "$second"; rm -f "$agent"' EXIT 2>/dev/null
agent=$(mktemp)
for host in "$first" "$second"; do
    ip netns add "$host" && ip netns exec "$host" ip link set lo up || exit 77
done
ip link add va netns "$first" type veth peer name vb netns "$second" || exit 77
ip netns exec "$first" sh -c 'ip addr add 10.77.0.1/24 dev va && ip link set va up' || exit 77
ip netns exec "$second" sh -c 'ip addr add 10.77.0.2/24 dev vb && ip link set vb up' || exit 77

# What mpirun starts its daemon on the other host with, in place of ssh.
cat >"$agent" <<END
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
shift
exec ip netns exec "$second" sh -c "\$*"
END
chmod +x "$agent"
# Processes of both namespaces see one file system, where shared memory would join them.
ip netns exec "$first" mpirun --allow-run-as-root --host "10.77.0.1:$ranks,10.77.0.2:$ranks" --map-by node -n "$ranks" \
    --mca plm_rsh_agent "$agent" --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_if_include 10.77.0.0/24 "$@"
