//! Runs the command that was asked for.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what it frees. A password passes through buffers of libraries that know nothing of it (HTTP,
/// forms, TLS); our own types alone could not keep it out of a core dump.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    profiles::cli::main()
}
