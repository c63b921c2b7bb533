"""What rows (m) and (n) are compared with: only decrypts, hashes and writes.

    python -m tests.bench.street_script SPOOL KEY_FILE OUTPUT

A street's vendor would begin like this. It syncs once a file; it does not know what it took
before, checks no form, moves nothing, and loses or doubles records when it is killed.
"""

import hashlib
import hmac
import json
import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def main() -> None:
    spool, key_file, output = (Path(one) for one in sys.argv[1:])
    key = json.loads(key_file.read_text())
    cipher, secret = AESGCM(bytes.fromhex(key["key"])), key["secret"].encode()
    with output.open("w") as out:
        for path in sorted(spool.glob("*.mrg")):
            content = path.read_bytes()
            header, nonce, body = content[:42], content[30:42], content[42:]
            plain = cipher.decrypt(nonce, body, header).decode()
            for line in plain.split("\r\n")[:-1]:
                customer_id, points, number, digest = line.split(",")
                fields = f"{customer_id},{points},{number}".encode()
                if hmac.new(secret, fields, hashlib.sha256).hexdigest() != digest:
                    raise ValueError(f"{path}: changed")
                record = {"id": customer_id, "points": int(points), "transaction_number": number}
                out.write(json.dumps(record) + "\n")
            out.flush()
            os.fsync(out.fileno())


if __name__ == "__main__":
    main()
