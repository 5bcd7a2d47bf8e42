//! A roll number and a mailbox that belong together: what a Leprechaun server does. Numbers are those of the protocol's
//! statements.

mod simulator;
