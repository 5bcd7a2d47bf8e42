//! What student developers use: their apps' pages, documentation, the login widget, mail to users.

pub mod apps;
pub mod docs;
pub mod send_mail;
pub mod widget;
