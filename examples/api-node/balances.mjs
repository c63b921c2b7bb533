// Prints the points that a card's holder can use at a terminal.
//
//     node balances.mjs 127.0.0.1:50051 00010011 030D45
//     node balances.mjs --authority authority.pem points.example:50051 00010011 030D45
//
// With the certificate of the authority that signed the server's it speaks TLS and believes that
// authority alone; without, it speaks to a server on this machine only, in the clear.
//
// Takes the server's address, the terminal's ID and the serial number of the card's certificate;
// from the environment JICHIPOINT_PASSWORD, the terminal's password, and JICHIPOINT_MACHINE, the
// machine's fingerprint as 64 hexadecimal digits. Ends with exit status 1 where it is refused.
//
// The protobuf definitions come from the server itself, by reflection.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";

const ANSWER_MS = 10_000;
// Of the message of a refusal; the other one is "en".
const LOCALE = "ja";
const READ_AS = { keepCase: true, longs: String, defaults: true };
const SYMBOLS = [
  "jichipoint.v1.TerminalService",
  "jichipoint.v1.PointService",
  "google.rpc.Status",
  "google.rpc.ErrorInfo",
];

// The addresses of this machine alone.
const HERE = new BlockList();
HERE.addSubnet("127.0.0.0", 8, "ipv4");
HERE.addAddress("::1", "ipv6");

// Whether HOST:PORT is on this machine.
function isHere(address) {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || (isIP(host) > 0 && HERE.check(host, `ipv${isIP(host)}`));
}

// How to speak to the server at an address. Throws where it may not or cannot be.
function credentialsFor(address, authority) {
  if (authority === undefined) {
    if (!isHere(address)) throw new Error(`${address} is not on this machine: give --authority`);
    return grpc.credentials.createInsecure();
  }
  const certificate = readFileSync(authority);
  try {
    new X509Certificate(certificate);
  } catch {
    throw new Error(`${authority} is no certificate in PEM`);
  }
  return grpc.credentials.createSsl(certificate);
}

// A proxy of the network's is none of the points' business.
const connect = (Client, { address, credentials }) =>
  new Client(address, credentials, { "grpc.enable_http_proxy": 0 });

const inTime = () => ({ deadline: Date.now() + ANSWER_MS });

// What the server tells of the files with the symbols and of all that these import.
async function askDefinitions(place) {
  const file = fileURLToPath(new URL("reflection.proto", import.meta.url));
  const { ServerReflection } = grpc.loadPackageDefinition(loadSync(file, READ_AS)).grpc.reflection
    .v1alpha;
  const client = connect(ServerReflection, place);
  try {
    const found = await Promise.all(SYMBOLS.map((symbol) => askDefinition(client, symbol)));
    return Object.assign({}, ...found);
  } finally {
    client.close();
  }
}

function askDefinition(client, symbol) {
  return new Promise((resolve, reject) => {
    const call = client.ServerReflectionInfo(inTime());
    call.on("error", reject);
    call.on("data", ({ file_descriptor_response: files, error_response: error }) => {
      if (error) reject(new Error(`${symbol}: ${error.error_message}`));
      else resolve(loadFileDescriptorSetFromBuffer(files, READ_AS));
    });
    call.write({ file_containing_symbol: symbol });
    call.end();
  });
}

// The server's services, and the session once there is one.
class Server {
  constructor(place, definitions) {
    const { TerminalService, PointService } =
      grpc.loadPackageDefinition(definitions).jichipoint.v1;
    this.terminals = connect(TerminalService, place);
    this.points = connect(PointService, place);
    this.session = new grpc.Metadata();
  }

  async signIn(terminalId, password, machine) {
    const answer = await this.call(this.terminals, "SignIn", {
      terminal_id: terminalId,
      password,
      machine_fingerprint: machine,
    });
    this.session.set("authorization", `Bearer ${answer.session_token}`);
  }

  signOut() {
    return this.call(this.terminals, "SignOut", {});
  }

  // What the card's holder can use at the terminal of the session.
  usablePoints(serialNumber) {
    const request = { certificate_serial_number: serialNumber };
    return this.call(this.points, "ListUsablePoints", request);
  }

  call(client, method, request) {
    return new Promise((resolve, reject) => {
      client[method](request, this.session, inTime(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  close() {
    this.terminals.close();
    this.points.close();
  }
}

// A balance as a line.
function inWords({ program_name: name, balance, next_expiry: day, points_expiring_next: points }) {
  if (!day) return `${name} ${balance}`;
  const [month, date] = [day.month, day.day].map((number) => String(number).padStart(2, "0"));
  return `${name} ${balance} (${points} until ${day.year}-${month}-${date})`;
}

// The reason of a refusal, for programs, and its message, for people. Where nothing of
// jichipoint's answered, the reason is gRPC's own status code.
function why(error, definitions) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const read = (type, content) => definitions[type].deserialize(content);
  const details = bytes ? read("google.rpc.Status", bytes).details : [];
  const told = (type) =>
    details
      .filter((detail) => detail.type_url.endsWith(`/${type}`))
      .map((detail) => read(type, detail.value));
  const [info] = told("google.rpc.ErrorInfo");
  const localized = told("google.rpc.LocalizedMessage").find(({ locale }) => locale === LOCALE);
  return {
    reason: info?.reason ?? grpc.status[error.code] ?? "ERROR",
    message: localized?.message ?? error.details ?? error.message,
  };
}

// Signs in, prints the balances, signs out; returns the exit status.
async function main(words) {
  const { JICHIPOINT_PASSWORD: password, JICHIPOINT_MACHINE: machine } = process.env;
  const isHexadecimal = /^([0-9a-f]{2})+$/i.test(machine ?? "");
  const options = { authority: { type: "string" } };
  let given = { values: {}, positionals: [] };
  try {
    given = parseArgs({ args: words, options, allowPositionals: true });
  } catch (error) {
    console.error(error.message);
  }
  const [address, terminalId, serialNumber, ...more] = given.positionals;
  if (!serialNumber || more.length || password === undefined || !isHexadecimal) {
    console.error("usage: node balances.mjs [--authority FILE] ADDRESS TERMINAL_ID SERIAL_NUMBER");
    console.error("JICHIPOINT_PASSWORD and JICHIPOINT_MACHINE (hexadecimal) are needed");
    return 2;
  }
  let place;
  try {
    place = { address, credentials: credentialsFor(address, given.values.authority) };
  } catch (error) {
    console.error(error.message);
    return 2;
  }
  let definitions, server;
  try {
    definitions = await askDefinitions(place);
    server = new Server(place, definitions);
    await server.signIn(terminalId, password, Buffer.from(machine, "hex"));
    try {
      const found = await server.usablePoints(serialNumber);
      console.log([found.mykey_id, ...found.usable_points.map(inWords)].join("\n"));
    } finally {
      await server.signOut();
    }
    return 0;
  } catch (error) {
    const { reason, message } = why(error, definitions);
    console.error(`${reason}: ${message}`);
    return 1;
  } finally {
    server?.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
