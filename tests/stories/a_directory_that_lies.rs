//! LDAP servers that send malformed, false or late answers: no sign-in succeeds, no request waits beyond its time
//! limit, nothing panics.

use std::time::{Duration, Instant};

use crate::support::lying_directory::{
    Asked, Does, LyingDirectory, NANDINI, PASSWORD, bound, done, element, ended, entry, honestly,
    message, nandini, octets, reference, referred,
};

/// What nandini sees after typing her own password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sees {
    Wrong,
    Silence,
    /// The connector is closed until an administrator opens it again.
    Shut,
    /// Her profile. The unusual value does no harm.
    Home,
}
use Sees::{Home, Shut, Silence, Wrong};

/// The server's answers are: service account bind (0), search (1), bind of an invented entry (2), her own bind (3).
type Lie = fn(u8, usize, &Asked) -> Does;

const SEARCH: usize = 1;
const NOBODY: usize = 2;
const HERS: usize = 3;

/// An honest server, except for its answer number `turn`.
fn but(turn: usize, at: usize, id: u8, asked: &Asked, lie: impl FnOnce(u8) -> Does) -> Does {
    if turn == at {
        lie(id)
    } else {
        honestly(id, asked)
    }
}

/// The bytes of an honest answer.
fn honest(id: u8, asked: &Asked) -> Vec<u8> {
    match honestly(id, asked) {
        Does::Says(bytes) => bytes,
        _ => Vec::new(),
    }
}

fn found(id: u8, more: &[Vec<u8>]) -> Does {
    let hers = entry(id, NANDINI, &nandini());
    Does::Says([vec![hers], more.to_vec()].concat().concat())
}

fn says(bytes: Vec<u8>) -> Does {
    Does::Says(bytes)
}

/// The entry of nandini with one value replaced, added or removed.
fn with(name: &'static str, value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut attributes = nandini();
    attributes.retain(|(known, _)| *known != name);
    if !value.is_empty() {
        attributes.push((name, value.to_vec()));
    }
    attributes
}

fn found_as(id: u8, attributes: &[(&str, Vec<u8>)]) -> Does {
    says([entry(id, NANDINI, attributes), done(id, 0)].concat())
}

fn nested(depth: usize) -> Vec<u8> {
    // Built from the innermost element outwards, so that each length is correct.
    let heads = (0..depth).map(|level| {
        let length = u32::try_from(level * 6).unwrap().to_be_bytes();
        [&[0x30, 0x84][..], &length].concat()
    });
    let heads: Vec<_> = heads.collect();
    heads.into_iter().rev().collect::<Vec<_>>().concat()
}

const LIES: &[(&str, Sees, Lie)] = &[
    ("honest after all", Home, |id, _, asked| honestly(id, asked)),
    // Success for every bind.
    ("every sign-in succeeds", Shut, |id, _, asked| match asked {
        Asked::Bind { .. } => says(bound(id, 0)),
        _ => honestly(id, asked),
    }),
    ("somebody made up is let in", Shut, |id, turn, asked| {
        but(turn, NOBODY, id, asked, |id| says(bound(id, 0)))
    }),
    // The entry of another person.
    ("somebody else's entry", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("uid", b"asha"))
        })
    }),
    ("an entry of nobody", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("uid", b""))
        })
    }),
    ("an entry without a name", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            says([entry(id, "", &nandini()), done(id, 0)].concat())
        })
    }),
    ("two entries", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found(id, &[entry(id, NANDINI, &nandini()), done(id, 0)])
        })
    }),
    ("two, and more there would be", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found(id, &[entry(id, NANDINI, &nandini()), done(id, 4)])
        })
    }),
    ("entries without end", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            says(entry(id, NANDINI, &nandini()).repeat(5_000))
        })
    }),
    ("references without end", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            says(reference(id).repeat(5_000))
        })
    }),
    ("an entry and a reference", Home, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found(id, &[reference(id), done(id, 0)])
        })
    }),
    ("a reference and nothing else", Wrong, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            says([reference(id), done(id, 0)].concat())
        })
    }),
    // Referrals to another server.
    ("the search is referred", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| says(referred(id, 0x65)))
    }),
    ("her sign-in is referred", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(referred(id, 0x61)))
    }),
    // Result codes that are neither success nor invalid credentials.
    ("busy", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(bound(id, 51)))
    }),
    ("a result nobody knows", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(bound(id, 123)))
    }),
    ("a step of SASL", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(bound(id, 14)))
    }),
    ("locked out", Wrong, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(bound(id, 53)))
    }),
    (
        "the account that searches is refused",
        Silence,
        |id, turn, asked| but(turn, 0, id, asked, |id| says(bound(id, 49))),
    ),
    // Answers with the id of another message.
    (
        "the answer to another question",
        Silence,
        |id, turn, asked| but(turn, HERS, id, asked, |id| says(bound(id - 1, 0))),
    ),
    (
        "the answer to a later question",
        Silence,
        |id, turn, asked| {
            but(turn, NOBODY, id, asked, |id| {
                says([bound(id + 1, 0), bound(id, 49)].concat())
            })
        },
    ),
    (
        "a yes said before she was asked",
        Silence,
        |id, turn, asked| {
            // Sent ahead of time. A client that ignores message ids would take it for the next answer.
            but(turn, NOBODY, id, asked, |id| {
                says([bound(id, 49), bound(id, 0)].concat())
            })
        },
    ),
    ("another kind of answer", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(done(id, 0)))
    }),
    ("an extended answer", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| says(ended(id, 0x78, 0)))
    }),
    ("a notice that it closes", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |_| says(ended(0, 0x78, 52)))
    }),
    ("a sign-in while it searches", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| says(bound(id, 0)))
    }),
    // Bytes that are not LDAP.
    ("garbage", Silence, |id, turn, asked| {
        but(turn, 0, id, asked, |_| says(vec![0xff; 4096]))
    }),
    ("HTTP", Silence, |id, turn, asked| {
        but(turn, 0, id, asked, |_| {
            says(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())
        })
    }),
    ("nothing but zeros", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |_| says(vec![0; 4096]))
    }),
    ("a length without end", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |_| {
            says(vec![0x30, 0x80, 0x02, 0x01])
        })
    }),
    ("a length of four gigabytes", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |_| {
            says(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff])
        })
    }),
    (
        "a length of more than there is",
        Silence,
        |id, turn, asked| {
            but(turn, SEARCH, id, asked, |_| {
                says(vec![0x30, 0xfe, 0xff, 0xff, 0xff, 0xff])
            })
        },
    ),
    ("an answer cut off", Silence, |id, turn, asked| {
        let bytes = honest(id, asked);
        but(turn, SEARCH, id, asked, |_| {
            says(bytes[..bytes.len() / 3].to_vec())
        })
    }),
    ("lengths that do not add up", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            let mut bytes = entry(id, NANDINI, &nandini());
            bytes[20] = 0x7f;
            says([bytes, done(id, 0)].concat())
        })
    }),
    ("nested a thousandfold", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |_| says(nested(40_000)))
    }),
    ("nested within an entry", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            says(message(id, &element(0x64, &nested(20_000))))
        })
    }),
    ("a huge entry", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("givenName", &[b'x'; 8_000_000]))
        })
    }),
    (
        "a number of a message that is negative",
        Silence,
        |id, turn, asked| {
            but(turn, HERS, id, asked, |_| {
                let code = [element(0x0a, &[0]), octets(b""), octets(b"")].concat();
                let content = [element(0x02, &[0xff]), element(0x61, &code)].concat();
                says(element(0x30, &content))
            })
        },
    ),
    ("a result without a code", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |id| {
            says(message(id, &element(0x61, &[])))
        })
    }),
    ("a name that is no text", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            let content = [octets(&[0xff, 0xfe]), element(0x30, &[])].concat();
            says([message(id, &element(0x64, &content)), done(id, 0)].concat())
        })
    }),
    // Attribute values that do not fit a profile.
    ("a first name that is no text", Home, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("givenName", &[0xff, 0xfe]))
        })
    }),
    ("a first name without end", Home, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("givenName", &[b'x'; 100_000]))
        })
    }),
    (
        "a first name with a line of the log in it",
        Home,
        |id, turn, asked| {
            let name = b"Nandini\n\x1b[2JERROR";
            but(turn, SEARCH, id, asked, |id| {
                found_as(id, &with("givenName", name))
            })
        },
    ),
    ("a key that is none", Home, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |id| {
            found_as(id, &with("entryUUID", b"' or 1=1"))
        })
    }),
    // No answer.
    ("hangs up at once", Silence, |id, turn, asked| {
        but(turn, 0, id, asked, |_| Does::HangsUp)
    }),
    (
        "hangs up when it is to search",
        Silence,
        |id, turn, asked| but(turn, SEARCH, id, asked, |_| Does::HangsUp),
    ),
    (
        "hangs up after nobody's sign-in",
        Silence,
        |id, turn, asked| but(turn, NOBODY, id, asked, |_| Does::HangsUp),
    ),
    ("hangs up when she signs in", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |_| Does::HangsUp)
    }),
    ("stalls at once", Silence, |id, turn, asked| {
        but(turn, 0, id, asked, |_| Does::Stalls)
    }),
    ("stalls when it is to search", Silence, |id, turn, asked| {
        but(turn, SEARCH, id, asked, |_| Does::Stalls)
    }),
    ("stalls when she signs in", Silence, |id, turn, asked| {
        but(turn, HERS, id, asked, |_| Does::Stalls)
    }),
    ("drips", Silence, |id, turn, asked| {
        let bytes = honest(id, asked);
        but(turn, SEARCH, id, asked, |_| Does::Drips(bytes))
    }),
];

/// Signs nandini in once and returns what differs from the expectation.
async fn told((name, sees, lie): (&'static str, Sees, Lie)) -> Option<String> {
    let directory = LyingDirectory::that(lie).await;
    let world = directory.plan().opens().await;
    let stranger = world.stranger();
    let form = stranger.visits("account/login/ldap/").await;
    let began = Instant::now();
    let page = form.signs_in("nandini", PASSWORD).await;
    let took = began.elapsed();
    let is_in = stranger.asks("oauth/applications/").await.status == 200;
    let saw = match page.status.as_u16() {
        200 if is_in => Some(Home),
        200 if page.says("do not belong together") => Some(Wrong),
        503 if page.says("does not answer") => Some(Silence),
        503 if page.says("this way to sign in is closed") => Some(Shut),
        _ => None,
    };
    let after = stranger.visits("account/login/").await;
    let is_offered = after.says("Campus account");
    let is_as_told = saw == Some(sees)
        && is_in == (sees == Home)
        && is_offered == (sees != Shut && sees != Home)
        && took < Duration::from_secs(14);
    (!is_as_told).then(|| {
        format!(
            "{name}: {saw:?} after {took:?}, {}: {}",
            page.status,
            page.words()
        )
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_false_answer_of_a_directory_signs_anybody_in_or_breaks_anything() {
    let mut wrong = Vec::new();
    for some in LIES.chunks(9) {
        let tried: Vec<_> = some.iter().map(|lie| tokio::spawn(told(*lie))).collect();
        for one in tried {
            wrong.extend(one.await.unwrap());
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_many_sign_ins_wait_for_the_directory_further_ones_are_refused_at_once() {
    let directory = LyingDirectory::that(|_, _, _| Does::Stalls).await;
    let plan = directory.plan();
    let plan = plan.set("PROFILES_TRUSTED_PROXIES", "127.0.0.1/32");
    let world = plan.opens().await;
    let mut asked = Vec::new();
    for number in 0..80 {
        let from = format!("192.0.2.{number}");
        let stranger = world.stranger().sending("x-forwarded-for", &from);
        let form = stranger.visits("account/login/ldap/").await;
        asked.push(tokio::spawn(async move {
            let began = Instant::now();
            let page = form.signs_in(&format!("student{number}"), PASSWORD).await;
            page.refuses(503);
            page.says("Many people") && began.elapsed() < Duration::from_secs(4)
        }));
    }
    let mut at_once = 0;
    for one in asked {
        at_once += usize::from(one.await.unwrap());
    }
    assert!((10..=20).contains(&at_once), "{at_once}");
}

#[tokio::test]
async fn a_directory_that_accepts_every_bind_is_closed_until_an_administrator_opens_it() {
    let directory = LyingDirectory::that(|id, _, asked| match asked {
        Asked::Bind { .. } => says(bound(id, 0)),
        _ => honestly(id, asked),
    })
    .await;
    let world = directory.plan().opens().await;
    let form = world.stranger().visits("account/login/ldap/").await;
    form.signs_in("nandini", "anything").await.refuses(503);

    let closed = world.stranger().visits("account/login/ldap/").await;

    assert!(closed.status == 503 || !closed.offers("input[name=password]"));
}
