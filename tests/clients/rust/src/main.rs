//! A placeholder: `tests/stories/reading_the_docs.rs` puts a snippet of the documentation here.

fn main() {}
