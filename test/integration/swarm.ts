// A Docker Swarm of two of the lab's hosts, host1 its manager.
import { lab } from "./hooks";
import { on } from "./hosts";

export const NODES = ["host1", "host2"];

export async function joinSwarm(through = lab): Promise<void> {
  await on("host1", "docker swarm init --advertise-addr 10.77.0.11 >/dev/null", through);
  const token = await on("host1", "docker swarm join-token -q worker", through);
  await on("host2", `docker swarm join --token ${token} 10.77.0.11:2377`, through);
}

/** With what a Swarm leaves on its nodes, whoever uses it. */
export async function leaveSwarm(through = lab): Promise<void> {
  for (const host of [...NODES].reverse())
    await on(
      host,
      `docker swarm leave --force >/dev/null 2>&1
       for try in 1 2 3 4 5; do docker network rm docker_gwbridge >/dev/null 2>&1; [ -e /sys/class/net/docker_gwbridge ] || break; sleep 1; done
       ! [ -e /sys/class/net/docker_gwbridge ] || ip link del docker_gwbridge`,
      through,
    );
}
