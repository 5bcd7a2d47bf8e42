//! Simulators of the campus' own systems. They speak the real wire, so that adapters are told about whole; stories start
//! them in this process, and each runs by itself as a cargo example.

pub mod erp;
pub mod jiit;
#[expect(dead_code, reason = "what one simulator needs, another may not")]
pub mod kit;
pub mod leprechaun;
