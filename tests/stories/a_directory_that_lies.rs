//! LDAP servers that send malformed, false or late answers: no sign-in succeeds, no request waits beyond its time
//! limit, nothing panics.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::support::scripted_directory::{
    LdapRequest, NANDINI, PASSWORD, Reply, ScriptedDirectory, bind_result, correct_reply, element,
    entry, message, nandini, octets, reference, referral, result_of, search_done,
};

/// What nandini sees after typing her own password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    WrongPassword,
    /// That the directory has several accounts with her username.
    SeveralEntries,
    NoAnswer,
    /// The connector is closed until an administrator opens it again.
    Closed,
    /// Her profile. The unusual value does no harm.
    Profile,
}
use Expected::{Closed, NoAnswer, Profile, SeveralEntries, WrongPassword};

/// The server's answers are: service account bind (0), search (1), bind of an invented entry (2), her own bind (3).
type ReplyFn = fn(u8, usize, &LdapRequest) -> Reply;

const SEARCH: usize = 1;
const INVENTED_BIND: usize = 2;
const HER_BIND: usize = 3;

/// An honest server, except for its answer number `turn`.
fn except(
    turn: usize,
    at: usize,
    id: u8,
    request: &LdapRequest,
    reply: impl FnOnce(u8) -> Reply,
) -> Reply {
    if turn == at {
        reply(id)
    } else {
        correct_reply(id, request)
    }
}

/// The bytes of an honest answer.
fn correct_bytes(id: u8, request: &LdapRequest) -> Vec<u8> {
    match correct_reply(id, request) {
        Reply::Sends(bytes) => bytes,
        _ => Vec::new(),
    }
}

fn found(id: u8, more: &[Vec<u8>]) -> Reply {
    let hers = entry(id, NANDINI, &nandini());
    Reply::Sends([vec![hers], more.to_vec()].concat().concat())
}

fn sends(bytes: Vec<u8>) -> Reply {
    Reply::Sends(bytes)
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

fn found_as(id: u8, attributes: &[(&str, Vec<u8>)]) -> Reply {
    sends([entry(id, NANDINI, attributes), search_done(id, 0)].concat())
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

const LIES: &[(&str, Expected, ReplyFn)] = &[
    ("honest after all", Profile, |id, _, request| {
        correct_reply(id, request)
    }),
    // Success for every bind.
    (
        "every sign-in succeeds",
        Closed,
        |id, _, request| match request {
            LdapRequest::Bind { .. } => sends(bind_result(id, 0)),
            _ => correct_reply(id, request),
        },
    ),
    ("somebody made up is let in", Closed, |id, turn, request| {
        except(turn, INVENTED_BIND, id, request, |id| {
            sends(bind_result(id, 0))
        })
    }),
    // The entry of another person.
    (
        "somebody else's entry",
        WrongPassword,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                found_as(id, &with("uid", b"asha"))
            })
        },
    ),
    ("an entry of nobody", WrongPassword, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found_as(id, &with("uid", b""))
        })
    }),
    (
        "an entry without a name",
        WrongPassword,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                sends([entry(id, "", &nandini()), search_done(id, 0)].concat())
            })
        },
    ),
    ("two entries", SeveralEntries, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found(id, &[entry(id, NANDINI, &nandini()), search_done(id, 0)])
        })
    }),
    (
        "two, and more there would be",
        SeveralEntries,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                found(id, &[entry(id, NANDINI, &nandini()), search_done(id, 4)])
            })
        },
    ),
    ("entries without end", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            sends(entry(id, NANDINI, &nandini()).repeat(5_000))
        })
    }),
    ("references without end", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            sends(reference(id).repeat(5_000))
        })
    }),
    ("an entry and a reference", Profile, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found(id, &[reference(id), search_done(id, 0)])
        })
    }),
    (
        "a reference and nothing else",
        WrongPassword,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                sends([reference(id), search_done(id, 0)].concat())
            })
        },
    ),
    // Referrals to another server.
    ("the search is referred", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| sends(referral(id, 0x65)))
    }),
    ("her sign-in is referred", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| sends(referral(id, 0x61)))
    }),
    // Result codes that are neither success nor invalid credentials.
    ("busy", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| sends(bind_result(id, 51)))
    }),
    ("a result nobody knows", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| {
            sends(bind_result(id, 123))
        })
    }),
    ("a step of SASL", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| sends(bind_result(id, 14)))
    }),
    ("locked out", WrongPassword, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| sends(bind_result(id, 53)))
    }),
    (
        "the account that searches is refused",
        NoAnswer,
        |id, turn, request| except(turn, 0, id, request, |id| sends(bind_result(id, 49))),
    ),
    // Answers with the id of another message.
    (
        "the answer to another question",
        NoAnswer,
        |id, turn, request| {
            except(turn, HER_BIND, id, request, |id| {
                sends(bind_result(id - 1, 0))
            })
        },
    ),
    (
        "the answer to a later question",
        NoAnswer,
        |id, turn, request| {
            except(turn, INVENTED_BIND, id, request, |id| {
                sends([bind_result(id + 1, 0), bind_result(id, 49)].concat())
            })
        },
    ),
    (
        "a yes said before she was asked",
        NoAnswer,
        |id, turn, request| {
            // Sent ahead of time. A client that ignores message ids would take it for the next answer.
            except(turn, INVENTED_BIND, id, request, |id| {
                sends([bind_result(id, 49), bind_result(id, 0)].concat())
            })
        },
    ),
    ("another kind of answer", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| sends(search_done(id, 0)))
    }),
    ("an extended answer", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| {
            sends(result_of(id, 0x78, 0))
        })
    }),
    ("a notice that it closes", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |_| {
            sends(result_of(0, 0x78, 52))
        })
    }),
    (
        "a sign-in while it searches",
        NoAnswer,
        |id, turn, request| except(turn, SEARCH, id, request, |id| sends(bind_result(id, 0))),
    ),
    // Bytes that are not LDAP.
    ("garbage", NoAnswer, |id, turn, request| {
        except(turn, 0, id, request, |_| sends(vec![0xff; 4096]))
    }),
    ("HTTP", NoAnswer, |id, turn, request| {
        except(turn, 0, id, request, |_| {
            sends(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())
        })
    }),
    ("nothing but zeros", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |_| sends(vec![0; 4096]))
    }),
    ("a length without end", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |_| {
            sends(vec![0x30, 0x80, 0x02, 0x01])
        })
    }),
    (
        "a length of four gigabytes",
        NoAnswer,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |_| {
                sends(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff])
            })
        },
    ),
    (
        "a length of more than there is",
        NoAnswer,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |_| {
                sends(vec![0x30, 0xfe, 0xff, 0xff, 0xff, 0xff])
            })
        },
    ),
    ("an answer cut off", NoAnswer, |id, turn, request| {
        let bytes = correct_bytes(id, request);
        except(turn, SEARCH, id, request, |_| {
            sends(bytes[..bytes.len() / 3].to_vec())
        })
    }),
    (
        "lengths that do not add up",
        NoAnswer,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                let mut bytes = entry(id, NANDINI, &nandini());
                bytes[20] = 0x7f;
                sends([bytes, search_done(id, 0)].concat())
            })
        },
    ),
    ("nested a thousandfold", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |_| sends(nested(40_000)))
    }),
    ("nested within an entry", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            sends(message(id, &element(0x64, &nested(20_000))))
        })
    }),
    ("a huge entry", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found_as(id, &with("givenName", &[b'x'; 8_000_000]))
        })
    }),
    (
        "a number of a message that is negative",
        NoAnswer,
        |id, turn, request| {
            except(turn, HER_BIND, id, request, |_| {
                let code = [element(0x0a, &[0]), octets(b""), octets(b"")].concat();
                let content = [element(0x02, &[0xff]), element(0x61, &code)].concat();
                sends(element(0x30, &content))
            })
        },
    ),
    ("a result without a code", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |id| {
            sends(message(id, &element(0x61, &[])))
        })
    }),
    ("a name that is no text", NoAnswer, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            let content = [octets(&[0xff, 0xfe]), element(0x30, &[])].concat();
            sends([message(id, &element(0x64, &content)), search_done(id, 0)].concat())
        })
    }),
    // Attribute values that do not fit a profile.
    (
        "a first name that is no text",
        Profile,
        |id, turn, request| {
            except(turn, SEARCH, id, request, |id| {
                found_as(id, &with("givenName", &[0xff, 0xfe]))
            })
        },
    ),
    ("a first name without end", Profile, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found_as(id, &with("givenName", &[b'x'; 100_000]))
        })
    }),
    (
        "a first name with a line of the log in it",
        Profile,
        |id, turn, request| {
            let name = b"Nandini\n\x1b[2JERROR";
            except(turn, SEARCH, id, request, |id| {
                found_as(id, &with("givenName", name))
            })
        },
    ),
    ("a key that is none", Profile, |id, turn, request| {
        except(turn, SEARCH, id, request, |id| {
            found_as(id, &with("entryUUID", b"' or 1=1"))
        })
    }),
    // No answer.
    ("hangs up at once", NoAnswer, |id, turn, request| {
        except(turn, 0, id, request, |_| Reply::Closes)
    }),
    (
        "hangs up when it is to search",
        NoAnswer,
        |id, turn, request| except(turn, SEARCH, id, request, |_| Reply::Closes),
    ),
    (
        "hangs up after nobody's sign-in",
        NoAnswer,
        |id, turn, request| except(turn, INVENTED_BIND, id, request, |_| Reply::Closes),
    ),
    (
        "hangs up when she signs in",
        NoAnswer,
        |id, turn, request| except(turn, HER_BIND, id, request, |_| Reply::Closes),
    ),
    (
        "a control that is none after she signs in",
        NoAnswer,
        |id, turn, request| {
            except(turn, HER_BIND, id, request, |id| {
                let result = [element(0x0a, &[0]), octets(b""), octets(b"")].concat();
                let bind = element(0x61, &result);
                let control = element(0xa0, &element(0x30, &[0x04, 0x7f]));
                sends(message(id, &[bind, control].concat()))
            })
        },
    ),
    ("stalls at once", NoAnswer, |id, turn, request| {
        except(turn, 0, id, request, |_| Reply::Stalls)
    }),
    (
        "stalls when it is to search",
        NoAnswer,
        |id, turn, request| except(turn, SEARCH, id, request, |_| Reply::Stalls),
    ),
    ("stalls when she signs in", NoAnswer, |id, turn, request| {
        except(turn, HER_BIND, id, request, |_| Reply::Stalls)
    }),
    ("drips", NoAnswer, |id, turn, request| {
        let bytes = correct_bytes(id, request);
        except(turn, SEARCH, id, request, |_| Reply::SendsSlowly(bytes))
    }),
];

/// Signs nandini in once and returns what differs from the expectation.
async fn sign_in_problem(
    (name, expected, reply): (&'static str, Expected, ReplyFn),
) -> Option<String> {
    let directory = ScriptedDirectory::that(reply).await;
    let world = directory.plan().opens().await;
    let visitor = world.visitor();
    let form = visitor.visits("account/login/ldap/").await;
    let began = Instant::now();
    let page = form.signs_in("nandini", PASSWORD).await;
    let took = began.elapsed();
    let is_in = visitor.gets("oauth/applications/").await.status == 200;
    let saw = match page.status.as_u16() {
        200 if is_in => Some(Profile),
        200 if page.says("Wrong username or password") => Some(WrongPassword),
        400 if page.says("more than one account with your username") => Some(SeveralEntries),
        503 if page.says("is not answering") => Some(NoAnswer),
        503 if page.says("this sign-in method is not available") => Some(Closed),
        _ => None,
    };
    let after = visitor.visits("account/login/").await;
    let is_offered = after.says("Campus account");
    let is_as_told = saw == Some(expected)
        && is_in == (expected == Profile)
        && is_offered == (expected != Closed && expected != Profile)
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
        let tried: Vec<_> = some
            .iter()
            .map(|reply| tokio::spawn(sign_in_problem(*reply)))
            .collect();
        for one in tried {
            wrong.extend(one.await.unwrap());
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_many_sign_ins_wait_for_the_directory_further_ones_are_refused_at_once() {
    let directory = ScriptedDirectory::that(|_, _, _| Reply::Stalls).await;
    let plan = directory.plan();
    let plan = plan.set("PROFILES_TRUSTED_PROXIES", "127.0.0.1/32");
    let world = plan.opens().await;
    let mut requests = Vec::new();
    for number in 0..80 {
        let from = format!("192.0.2.{number}");
        let visitor = world.visitor().sending("x-forwarded-for", &from);
        let form = visitor.visits("account/login/ldap/").await;
        requests.push(tokio::spawn(async move {
            let began = Instant::now();
            let page = form.signs_in(&format!("student{number}"), PASSWORD).await;
            page.refuses(503);
            page.says("Many people") && began.elapsed() < Duration::from_secs(4)
        }));
    }
    let mut at_once = 0;
    for one in requests {
        at_once += usize::from(one.await.unwrap());
    }
    assert!((10..=20).contains(&at_once), "{at_once}");
}

#[tokio::test]
async fn a_directory_that_accepts_every_bind_is_closed_until_an_administrator_opens_it() {
    let directory = ScriptedDirectory::that(|id, _, request| match request {
        LdapRequest::Bind { .. } => sends(bind_result(id, 0)),
        _ => correct_reply(id, request),
    })
    .await;
    let world = directory.plan().opens().await;
    let form = world.visitor().visits("account/login/ldap/").await;
    form.signs_in("nandini", "anything").await.refuses(503);

    let closed = world.visitor().visits("account/login/ldap/").await;

    assert!(closed.status == 503 || !closed.offers("input[name=password]"));
}

/// The event comes while the directory answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_while_the_directory_answers_ends_the_sign_in() {
    let event: Arc<OnceLock<Box<dyn Fn() + Send + Sync>>> = Arc::default();
    let in_the_middle = Arc::clone(&event);
    let directory = ScriptedDirectory::that(move |id, turn, request| {
        if turn == HER_BIND
            && let Some(event) = in_the_middle.get()
        {
            event();
        }
        correct_reply(id, request)
    })
    .await;
    let world = directory.plan().opens().await;
    let signs_in = async || {
        let visitor = world.visitor();
        let form = visitor.visits("account/login/ldap/").await;
        let page = form.signs_in("nandini", PASSWORD).await;
        (visitor, page)
    };
    let (nandini, page) = signs_in().await;
    page.shows("Nandini");
    let command = world.password_command("nandini", "nandini walks by the lake");
    assert!(event.set(Box::new(command)).is_ok());

    let (thief, page) = signs_in().await;

    page.refuses(400);
    assert!(page.says("while you signed in"), "{}", page.words());
    for browser in [nandini, thief] {
        assert_eq!(browser.gets("user/").await.status, 302);
    }
}
