// Prints the number of whoever puts a card into the counter machine's reader, card after card.
//
//     node look_up.mjs ~/.local/state/jichipoint/agent.json
//
// Ends with exit status 1 where the agent is not there or was started anew.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const ANSWER_MS = 20_000;
// With these nothing more comes: read agent.json again.
const AGENT_IS_GONE = ["AGENT_NOT_RUNNING", "TOKEN_WRONG"];

const folder = (name) => fileURLToPath(new URL(name, import.meta.url));
const definitions = loadSync(["jichipoint/v1/agent.proto", "errors.proto"], {
  includeDirs: [folder("../../proto"), folder("proto")],
  keepCase: true,
  longs: String,
});
const { CounterAgentService } = grpc.loadPackageDefinition(definitions).jichipoint.v1;

// The agent that a file agent.json leads to; throws where the file is not there.
class Agent {
  constructor(path) {
    const { address, token } = JSON.parse(readFileSync(path, "utf8"));
    this.metadata = new grpc.Metadata();
    this.metadata.set("authorization", `Bearer ${token}`);
    // The agent is on this machine: a proxy of the network's is none of its business.
    const options = { "grpc.enable_http_proxy": 0 };
    this.stub = new CounterAgentService(address, grpc.credentials.createInsecure(), options);
  }

  // Waits, however long, for a card after that insertion.
  async waitForCard(afterInsertion) {
    const answer = await this.call("WaitForCard", { after_insertion: afterInsertion }, {});
    return answer.insertion;
  }

  // The number of the holder of the card that is in.
  lookUpCard() {
    return this.call("LookUpCard", {}, { deadline: Date.now() + ANSWER_MS });
  }

  call(method, request, options) {
    return new Promise((resolve, reject) => {
      this.stub[method](request, this.metadata, options, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  close() {
    this.stub.close();
  }
}

// The reason of an error, for programs, and its message, for people.
function why(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (bytes) {
    const status = definitions["google.rpc.Status"].deserialize(bytes);
    const detail = status.details.find((one) => one.type_url.endsWith("/google.rpc.ErrorInfo"));
    if (detail) {
      const { reason } = definitions["google.rpc.ErrorInfo"].deserialize(detail.value);
      return { reason, message: status.message };
    }
  }
  return { reason: "AGENT_NOT_RUNNING", message: error.details ?? String(error) };
}

// Looks cards up until Ctrl-C, or as many as were asked for; returns the exit status.
async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { cards: { type: "string" } },
  });
  if (positionals.length !== 1) {
    console.error("usage: node look_up.mjs AGENT_JSON [--cards N]");
    return 2;
  }
  let agent;
  try {
    agent = new Agent(positionals[0]);
  } catch (error) {
    console.log(`AGENT_NOT_RUNNING: ${error.message}`);
    return 1;
  }
  const cards = values.cards ? Number(values.cards) : Infinity;
  let insertion = "0";
  try {
    for (let seen = 0; seen < cards; seen += 1) {
      try {
        insertion = await agent.waitForCard(insertion);
        const found = await agent.lookUpCard();
        console.log(`${found.issuer_name} ${found.customer_id} ${found.mykey_id}`);
      } catch (error) {
        const { reason, message } = why(error);
        console.log(`${reason}: ${message}`);
        if (AGENT_IS_GONE.includes(reason)) return 1;
      }
    }
    return 0;
  } finally {
    agent.close();
  }
}

process.exitCode = await main();
