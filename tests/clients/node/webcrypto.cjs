// Debian's Node 18 has this API behind a flag.
globalThis.crypto ??= require('node:crypto').webcrypto
