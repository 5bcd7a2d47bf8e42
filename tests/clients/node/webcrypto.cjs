// Debian's Node 18 keeps behind a flag what newer ones give every program.
globalThis.crypto ??= require('node:crypto').webcrypto
