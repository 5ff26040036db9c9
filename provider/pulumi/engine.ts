// What Pulumi's engine is told beside the answers to its calls.
import { createRequire } from "node:module";

/**
 * `server` is a module of @pulumi/pulumi's, whose own parts are loaded beside it.
 * https://github.com/pulumi/pulumi/blob/master/proto/pulumi/engine.proto
 */
export async function logWarning(server: string, engine: string, text: string, urn: string): Promise<void> {
  const part = createRequire(server);
  const { LogRequest, LogSeverity } = part("../../proto/engine_pb.js");
  const { EngineClient } = part("../../proto/engine_grpc_pb.js");
  const client = new EngineClient(engine, part("@grpc/grpc-js").credentials.createInsecure());
  const request = new LogRequest();
  request.setSeverity(LogSeverity.WARNING);
  request.setMessage(text);
  request.setUrn(urn);
  try {
    await new Promise<void>((resolve, reject) =>
      client.log(request, (error: unknown) => (error ? reject(error) : resolve())),
    );
  } finally {
    client.close();
  }
}
