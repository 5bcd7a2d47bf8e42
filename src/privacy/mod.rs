//! What people use to see and withdraw what apps know: connected apps, receipts, data export, and
//! the association of roll numbers with mailboxes.

pub mod association;
pub mod connected_apps;
pub mod data_export;
pub mod receipts;
