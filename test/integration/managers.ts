// Those who manage networks on hosts.
import { lab } from "./hooks";
import { on, until } from "./hosts";

/** What makes one of them run the host's network, as a user might have set it up: with patterns that fit ours, too. */
const SETUP = {
  "plain systemd": "true",
  ifupdown: `systemctl -q unmask networking; systemctl -q enable networking
    printf 'auto lo enp0s8\\niface lo inet loopback\\niface enp0s8 inet manual\\n' >/etc/network/interfaces`,
  "systemd-networkd": `systemctl -q unmask systemd-networkd.service systemd-networkd.socket systemd-udev-trigger
    systemctl -q enable systemd-networkd 2>/dev/null
    for nic in enp0s3 enp0s9; do
      address=$(ip -o -4 addr show dev $nic 2>/dev/null | sed 's/.*inet \\([^ ]*\\) .*/\\1/')
      [ -z "$address" ] || printf '[Match]\\nName=%s\\n[Network]\\nAddress=%s\\nKeepConfiguration=static\\n' $nic $address >/etc/systemd/network/10-$nic.network
    done
    printf '[Match]\\nName=en* shim*\\n[Network]\\nDHCP=yes\\nLinkLocalAddressing=ipv6\\n' >/etc/systemd/network/50-rest.network`,
  NetworkManager: `systemctl -q unmask NetworkManager NetworkManager-dispatcher systemd-udev-trigger polkit
    systemctl -q enable NetworkManager
    printf '[main]\\nplugins=keyfile\\n[device]\\nmatch-device=interface-name:enp0s3\\nmanaged=0\\n' >/etc/NetworkManager/conf.d/lab.conf`,
};

export type Manager = keyof typeof SETUP;
export const MANAGERS = Object.keys(SETUP) as Manager[];

const ACTIVE: Record<Manager, string> = {
  "plain systemd": "true",
  ifupdown: "systemctl is-active networking",
  "systemd-networkd":
    "systemctl is-active systemd-networkd && networkctl --no-pager --no-legend list enp0s3 | grep -q configured",
  NetworkManager:
    "systemctl is-active NetworkManager && nmcli -g DEVICE,STATE device | grep -q '^enp0s8:\\(conn\\|disc\\)'",
};

/** From its next boot on, and that is now. */
export async function managedBy(host: string, manager: Manager): Promise<void> {
  await on(host, SETUP[manager]);
  if (manager !== "plain systemd") await lab.reboot(host);
  await until(host, ACTIVE[manager]);
}
