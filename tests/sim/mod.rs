//! Simulators of the campus systems. They speak the real protocols, so that connectors are tested
//! completely. Stories start them in this process, and each is also a program (the feature `simulators`).

pub mod erp;
pub mod jiit;
#[expect(dead_code, reason = "what one simulator needs, another may not")]
pub mod kit;
pub mod leprechaun;
