//! Stands where a snippet of the documentation will: `tests/stories/reading_the_docs.rs` puts it here.

fn main() {}
