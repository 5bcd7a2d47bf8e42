//! Students sign in with their ERP account: what the simulated ERP itself does, and what we do with it.

mod simulator;
