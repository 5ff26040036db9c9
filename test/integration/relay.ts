// TCP in between, for tests of what a network does to SSH.
import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** What stands between us and a host's sshd: it can refuse, break and fall silent. */
export class Relay {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  accepted = 0;
  refusing = 0;
  silent = false;
  port = 0;

  async start(target: number): Promise<this> {
    this.server = createServer((from) => {
      this.accepted += 1;
      this.sockets.add(from);
      from.on("error", () => undefined);
      if (this.refusing > 0) {
        this.refusing -= 1;
        from.destroy();
        return;
      }
      const to = dial(target, "127.0.0.1");
      to.on("error", () => undefined);
      from.on("data", (data) => this.silent || to.write(data));
      to.on("data", (data) => this.silent || from.write(data));
      from.on("close", () => to.destroy());
      to.on("close", () => from.destroy());
    });
    await new Promise<void>((done) => this.server?.listen(0, "127.0.0.1", done));
    this.port = (this.server.address() as { port: number }).port;
    return this;
  }

  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  end(): void {
    this.reset();
    this.server?.close();
  }
}
