//! Names of types: each tells what the type is without its module.

use std::collections::BTreeMap;

use crate::files::{report, sources};
use crate::imports::Place;

/// What a room may call its own types by convention, however many rooms do.
const ROOMS_OWN: [&str; 5] = ["Feature", "Error", "Settings", "Row", "State"];

/// In how many rooms any other name may stand.
const MOST_ROOMS: usize = 2;

/// Participles, adjectives, question words and pictures, which do not tell what a type is.
#[rustfmt::skip]
const EMPTY_NAMES: &[&str] = &[
    // participles
    "Accepted", "Added", "Admitted", "Allowed", "Answered", "Asked", "Asking", "Begun", "Called", "Changed", "Checked",
    "Chosen", "Closed", "Concerned", "Confirmed", "Counted", "Decided", "Deleted", "Done", "Drawn", "Edited", "Ended", "Entered",
    "Filled", "Found", "Given", "Giving", "Gone", "Granted", "Heard", "Held", "Hidden", "Judged", "Kept", "Known",
    "Left", "Linked", "Listed", "Looked", "Made", "Mailed", "Marked", "Minted", "Named", "Noted", "Offered", "Opened",
    "Parsed", "Passed", "Picked", "Pressed", "Printed", "Protected", "Proved", "Proven", "Read", "Received", "Refused", "Registered",
    "Rejected", "Removed", "Renamed", "Rendered", "Rotated", "Said", "Saved", "Seen", "Sent", "Served", "Shared", "Shown",
    "Signed", "Slowed", "Spent", "Spoken", "Started", "Stopped", "Stored", "Taken", "Told", "Tried", "Turned",
    "Typed", "Unseen", "Used", "Waiting", "Wanted", "Watched", "Written",
    // adjectives and adverbs
    "Ahead", "Alive", "Before", "Bare", "Dead", "Fresh", "Full", "Further", "Lately", "Later", "Live", "New", "Odd", "Old", "Open",
    "Other", "Own", "Plain", "Ready", "Strange", "Sure", "Through", "Unfit", "Unknown", "Valid", "Whole", "Without", "Wrong",
    // verbs, question words and what is left
    "Either", "Holds", "How", "Maybe", "Nobody", "No", "Says", "Somebody", "Something", "That", "There", "This", "What",
    "When", "Where", "Who", "Whoever", "Whose", "Why", "Yes",
    // pictures, and nouns that fit anything
    "Data", "Door", "Face", "Furniture", "House", "Info", "Moment", "Neighbour", "Object", "Seal", "Seat", "Seats", "Share",
    "Signpost", "Silence", "Stuff", "Thing", "Things", "Trouble", "Turn", "Turns", "Voice", "Way", "Ways",
];

#[test]
fn a_type_name_stands_in_at_most_two_rooms() {
    let mut places: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for file in sources() {
        let room = Place::of_file(file).map(Place::name).unwrap_or_default();
        for name in &file.code.types {
            let at = format!("src/{}:{}", file.path, name.line);
            places
                .entry(&name.text)
                .or_default()
                .insert(room.clone(), at);
        }
    }
    let common = places
        .into_iter()
        .filter(|(name, rooms)| rooms.len() > MOST_ROOMS && !ROOMS_OWN.contains(name));
    report(common.flat_map(|(name, rooms)| {
        let count = rooms.len();
        rooms.into_values().map(move |at| {
            format!("{at}: {count} rooms have a type {name}: name it after what it holds here")
        })
    }));
}

#[test]
fn a_type_name_is_a_noun() {
    report(sources().iter().flat_map(|file| {
        let empty = file
            .code
            .types
            .iter()
            .filter(|name| EMPTY_NAMES.contains(&name.text.as_str()));
        empty.map(|name| {
            let remedy = format!(
                "{} does not tell what the type is: use the standard's noun",
                name.text
            );
            file.fault(name.line, &remedy)
        })
    }));
}
