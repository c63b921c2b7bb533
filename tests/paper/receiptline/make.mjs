// Writes receiptline's ESC/POS bytes of the .receipt files here, for 32 and 48 columns.
// Run: npm install --no-package-lock && node make.mjs && rm -r node_modules

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import receiptline from "receiptline";

const folder = fileURLToPath(new URL(".", import.meta.url));
const slips = readdirSync(folder).filter((name) => name.endsWith(".receipt"));

function write(slip, cpl, command, ending) {
  const printer = { cpl, command, encoding: "shiftjis", spacing: true, cutting: true };
  const bytes = receiptline.transform(readFileSync(join(folder, slip), "utf8"), printer);
  const name = `${basename(slip, ".receipt")}-${ending}.bin`;
  writeFileSync(join(folder, name), Buffer.from(bytes, "latin1"));
}

for (const slip of slips) {
  write(slip, 32, "escpos", "32");
  write(slip, 48, "escpos", "48");
}
// This one sends pictures by GS v 0, where "escpos" sends them by GS 8 L.
write("voucher.receipt", 32, "generic", "generic-32");
