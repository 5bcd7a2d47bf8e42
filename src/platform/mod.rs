//! Machines that any room may use and that know no feature: configuration, time, randomness, the
//! database, HTTP and pages, mail, background jobs, pictures, the audit log, metrics.
//!
//! Nothing here imports from another area.

pub mod audit;
pub(crate) mod bit_set;
pub mod clock;
pub mod config;
pub mod credential_epoch;
pub mod db;
pub mod id;
pub mod jobs;
pub mod links;
pub mod mail;
pub mod metrics;
pub mod pictures;
pub mod rate_limits;
pub mod rng;
pub mod secret;
pub mod web;
