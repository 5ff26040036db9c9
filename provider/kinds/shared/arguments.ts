// What several kinds let a program say; users read these words.

export interface Persisted {
  /** Be there again after a reboot, before Docker starts; takes systemd on the host. Default: true. */
  persist?: boolean | undefined;
}

export interface LinkArguments extends Persisted {
  /** Take in frames for every MAC address. Default: false. */
  promiscuous?: boolean | undefined;
}
