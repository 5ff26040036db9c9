// What a program says of a HostInterface, besides its host; users read these words.

export interface HostInterfaceArguments {
  /** Its MAC address. Of those that share one, that which stands on no other. */
  macAddress?: string | undefined;
  /** The interface that packets to this address leave by, or "default". */
  route?: string | undefined;
  /** The interface that has an address in this subnet. */
  subnet?: string | undefined;
}
