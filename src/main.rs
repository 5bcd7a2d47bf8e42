//! Runs the command line.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes memory when it is freed. Security: a password also passes through buffers of libraries (HTTP, forms,
/// TLS), so wiping the types of Profiles alone would leave copies in a core dump.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    profiles::cli::main()
}
