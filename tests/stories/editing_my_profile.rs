//! Editing a profile section by section: errors stand beside their field, and typed values are kept.

use image_files::png_that_says;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::support::chromium::Chromium;
use crate::support::form::Part;
use crate::support::mail_server::{MailServer, SmtpMode};
use crate::support::{App, Browser, Page, World, command};

/// Key codes of `WebDriver` (§17.4.2).
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";

const EVERYTHING: &str = "basic profile sex picture phone insti_address program secondary_emails";

/// The value of a field in the user API.
async fn api_value(app: &App, access: &str, field: &str) -> Value {
    let answer = app.reads(access, &format!("fields={field}")).await.good();
    answer[field].clone()
}

async fn csrf_token(browser: &Browser) -> String {
    let page = browser.visits("user/").await;
    page.attributes("input[name=csrf_token]", "value").remove(0)
}

/// Posts fields to a section that its page would not send, with the page's own CSRF token.
async fn forges(browser: &Browser, section: &str, fields: &[(&str, &str)]) -> Page {
    let csrf_token = csrf_token(browser).await;
    let mut fields = fields.to_vec();
    fields.push(("csrf_token", &csrf_token));
    browser
        .posts(&format!("user/update_{section}/"), &fields)
        .await
}

/// The profile page, with a confirmation.
fn is_saved(page: &Page, words: &str) {
    assert_eq!(page.url.path(), "/user/");
    let flash = page.texts(".flash").join(" ");
    assert_eq!(flash, words);
}

/// Nothing is saved: the form again, with an error beside the field of this id.
fn is_refused(page: &Page, id: &str) {
    assert_eq!(page.status, 422, "{}", page.words());
    let beside = page.texts(&format!("#{id}-error"));
    assert_eq!(beside.len(), 1, "beside {id}: {}", page.words());
    let field = page
        .attributes(&format!("#{id}"), "aria-describedby")
        .remove(0);
    assert!(field.contains(&format!("{id}-error")), "{field}");
    assert!(
        page.attributes(".notice.danger a", "href")
            .contains(&format!("#{id}"))
    );
}

#[tokio::test]
async fn values_from_the_directory_are_shown_and_cannot_be_changed() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world
        .connects(&asha, &canteen, "basic profile ldap phone program")
        .await;
    let before = canteen
        .reads(
            &tokens.access,
            "fields=first_name,username,email,mobile,roll_number,type",
        )
        .await
        .good();

    let page = asha.visits("user/").await;
    page.shows("From the directory")
        .shows("012D0700")
        .shows("asha@campus.example")
        .shows("D’Souza");
    assert!(
        page.texts(".source")
            .iter()
            .any(|it| it == "from the directory")
    );
    for name in [
        "first_name",
        "last_name",
        "username",
        "email_primary",
        "mobile",
        "roll_number",
        "type",
        "is_alumni",
        "id",
    ] {
        assert!(!page.offers(&format!("main [name={name}]")), "{name}");
    }
    let smuggled = [
        ("sex", "other"),
        ("first_name", "Eve"),
        ("username", "eve"),
        ("mobile", "1"),
        ("roll_number", "1"),
        ("type", "fac"),
        ("is_admin", "true"),
    ];
    assert_eq!(forges(&asha, "sex", &smuggled).await.status, 303);

    let after = canteen
        .reads(
            &tokens.access,
            "fields=first_name,username,email,mobile,roll_number,type",
        )
        .await
        .good();
    assert_eq!(before, after);
}

#[tokio::test]
async fn the_page_lists_the_empty_fields() {
    let world = World::new().await;
    let (asha, vikram) = (world.student("asha").await, world.student("vikram").await);

    let empty = vikram.visits("user/").await.texts(".jumps a");
    assert_eq!(
        empty,
        [
            "Picture",
            "Sex",
            "Contact numbers",
            "Other email addresses",
            "Address on campus",
            "Programme"
        ]
    );
    let saved = vikram
        .visits("user/")
        .await
        .fills("sex", "male")
        .enters("sex")
        .await;
    is_saved(&saved, "Sex saved.");
    assert!(!saved.texts(".jumps a").contains(&"Sex".to_owned()));
    assert!(asha.visits("user/").await.texts(".jumps a").is_empty());
}

#[tokio::test]
async fn sex_can_be_set_changed_and_cleared() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;

    for (chosen, kept) in [
        ("other", json!("other")),
        ("male", json!("male")),
        ("", Value::Null),
    ] {
        let saved = asha
            .visits("user/")
            .await
            .fills("sex", chosen)
            .enters("sex")
            .await;
        is_saved(&saved, "Sex saved.");
        assert_eq!(api_value(&canteen, &tokens.access, "sex").await, kept);
    }
    for hostile in ["Male", "x", "<script>alert(1)</script>", "male' or 1=1 --"] {
        is_refused(&forges(&asha, "sex", &[("sex", hostile)]).await, "sex");
    }
    assert_eq!(
        api_value(&canteen, &tokens.access, "sex").await,
        Value::Null
    );
}

#[tokio::test]
async fn the_room_must_fit_the_hostel() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let saves = async |hostel: &str, room: &str| {
        let page = asha.visits("user/").await;
        page.fills("hostel", hostel)
            .fills("room", room)
            .enters("room")
            .await
    };

    for (hostel, room) in [
        ("15", "B-7"),
        ("4", "12 b"),
        ("", "Annexe 2"),
        ("10", ""),
        ("tansa", "क १"),
    ] {
        is_saved(&saves(hostel, room).await, "Address saved.");
        let address = api_value(&canteen, &tokens.access, "insti_address").await;
        let or_null = |text: &str| {
            if text.is_empty() {
                Value::Null
            } else {
                json!(text)
            }
        };
        assert_eq!(
            (&address["hostel"], &address["room"]),
            (&or_null(hostel), &or_null(room))
        );
    }
    for room in ["A12", "a-12", "12", "A-12xyz", "A-1234567", "A-", "-12"] {
        let refused = saves("14", room).await;
        is_refused(&refused, "room");
        assert_eq!(
            refused.attributes("#room", "value"),
            [room],
            "what was typed is still there"
        );
        assert_eq!(
            refused.attributes("#hostel option[selected]", "value"),
            ["14"]
        );
    }
    for (room, hostel) in [("123456789", "4"), ("<b>12</b>!", "4"), ("a\tb", "4")] {
        is_refused(
            &forges(&asha, "address", &[("hostel", hostel), ("room", room)]).await,
            "room",
        );
    }
    for hostel in ["19", "Hostel 4", "TANSA", "CSE", "<i>4</i>"] {
        is_refused(
            &forges(&asha, "address", &[("hostel", hostel), ("room", "")]).await,
            "hostel",
        );
    }
    is_saved(&saves("", "").await, "Address saved.");
    assert_eq!(
        api_value(&canteen, &tokens.access, "insti_address").await,
        Value::Null
    );
}

#[tokio::test]
async fn the_years_of_a_programme_must_be_in_order() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let this_year = time::OffsetDateTime::now_utc().year();
    let saves = async |department: &str, join: &str, graduation: &str, degree: &str| {
        let fields = [
            ("department", department),
            ("join_year", join),
            ("graduation_year", graduation),
            ("degree", degree),
        ];
        forges(&asha, "program", &fields).await.follows().await
    };

    let (now, last) = (this_year.to_string(), (this_year + 6).to_string());
    is_saved(
        &saves("MEMS", "1958", &last, "MtechPhDDD").await,
        "Programme saved.",
    );
    is_saved(&saves("CSE", &now, "", "").await, "Programme saved.");
    let programme = api_value(&canteen, &tokens.access, "program").await;
    assert_eq!(
        programme["department_name"],
        "Computer Science & Engineering"
    );
    assert_eq!(
        (&programme["join_year"], &programme["degree"]),
        (&json!(this_year), &Value::Null)
    );

    let beyond = [
        (this_year + 1).to_string(),
        "1957".to_owned(),
        "0".to_owned(),
        "-2012".to_owned(),
        "99999999999999999999".to_owned(),
        "2012.0".to_owned(),
        "MMXII".to_owned(),
    ];
    for year in &beyond {
        let refused = saves("CSE", year, "", "BTECH").await;
        is_refused(&refused, "join_year");
        assert_eq!(
            refused.attributes("#join_year", "value"),
            std::slice::from_ref(year)
        );
        assert_eq!(
            refused.attributes("#degree option[selected]", "value"),
            ["BTECH"]
        );
    }
    is_refused(
        &saves("CSE", "", &(this_year + 7).to_string(), "").await,
        "graduation_year",
    );
    for graduation in ["2012", "2011"] {
        let refused = saves("CSE", "2012", graduation, "").await;
        is_refused(&refused, "join_year");
        is_refused(&refused, "graduation_year");
    }
    is_refused(&saves("cse", "", "", "").await, "department");
    is_refused(&saves("", "", "", "btech").await, "degree");
    is_refused(&saves("", "", "", "<script>").await, "degree");
    assert_eq!(
        api_value(&canteen, &tokens.access, "program").await["join_year"],
        json!(this_year)
    );
}

#[tokio::test]
async fn phone_numbers_are_a_list_and_keep_their_ids() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let before = api_value(&canteen, &tokens.access, "contacts").await;
    let saves = async |numbers: &[&str]| {
        let fields: Vec<_> = numbers.iter().map(|number| ("phone", *number)).collect();
        forges(&asha, "mobile", &fields).await.follows().await
    };

    is_saved(
        &saves(&["022-2572 2545", "", " 98200 22222 ", "98200 22222"]).await,
        "Numbers saved.",
    );
    let after = api_value(&canteen, &tokens.access, "contacts").await;
    assert_eq!(after[0], before[1], "what stays keeps its id");
    assert_eq!(after[1]["number"], "98200 22222");
    assert_eq!(
        after.as_array().unwrap().len(),
        2,
        "a number typed twice counts once"
    );

    for bad in [
        "12345",
        "12345678901234567",
        "call me",
        "98200;11111",
        "<img src=x onerror=alert(1)>",
        "٠١٢٣٤٥٦٧",
    ] {
        let refused = saves(&["98200 22222", bad]).await;
        is_refused(&refused, "phone-2");
        assert_eq!(refused.attributes("#phone-2", "value"), [bad]);
        assert_eq!(refused.attributes("#phone-1", "value"), ["98200 22222"]);
    }
    let many: Vec<String> = (0..11).map(|it| format!("98200 330{it:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    is_refused(&saves(&many).await, "phone");
    is_saved(&saves(&many[..10]).await, "Numbers saved.");
    assert_eq!(
        api_value(&canteen, &tokens.access, "contacts")
            .await
            .as_array()
            .unwrap()
            .len(),
        10
    );
    is_saved(&saves(&[]).await, "Numbers saved.");
    assert_eq!(
        api_value(&canteen, &tokens.access, "contacts").await,
        json!([])
    );

    let thousands: Vec<_> = (0..4000).map(|_| ("phone", "call me")).collect();
    let refused = forges(&asha, "mobile", &thousands).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().len() < 100_000,
        "{} bytes",
        refused.text().len()
    );
    let too_long: Vec<_> = (0..10_000).map(|_| ("phone", "98200 11111")).collect();
    forges(&asha, "mobile", &too_long).await.refuses(413);
}

#[tokio::test]
async fn two_browsers_at_once_cannot_exceed_ten_entries() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let csrf_token = csrf_token(&asha).await;
    let lists: Vec<Vec<String>> = (0..6)
        .map(|list| (0..10).map(|it| format!("9820{list} 330{it:02}")).collect())
        .collect();

    let saving = lists.iter().map(|numbers| {
        let (asha, csrf_token) = (asha.clone(), csrf_token.clone());
        let numbers = numbers.clone();
        tokio::spawn(async move {
            let mut fields: Vec<_> = numbers.iter().map(|it| ("phone", it.as_str())).collect();
            fields.push(("csrf_token", &csrf_token));
            asha.posts("user/update_mobile/", &fields).await.status
        })
    });
    for saved in saving.collect::<Vec<_>>() {
        assert_eq!(saved.await.unwrap(), 303);
    }

    let numbers = api_value(&canteen, &tokens.access, "contacts").await;
    assert_eq!(numbers.as_array().unwrap().len(), 10, "{numbers}");
}

#[tokio::test]
async fn only_the_persons_own_form_can_save() {
    let world = World::new().await;
    let (asha, wasim) = (world.student("asha").await, world.student("wasim").await);
    let sections = ["pp", "sex", "address", "program", "mobile", "email"];
    let others = csrf_token(&wasim).await;

    for section in sections {
        let address = format!("user/update_{section}/");
        asha.posts(&address, &[("sex", "other")]).await.refuses(403);
        asha.posts(&address, &[("csrf_token", &others)])
            .await
            .refuses(403);
        let anonymous = world
            .visitor()
            .posts(&address, &[("csrf_token", &others)])
            .await;
        assert!(anonymous.location().path().contains("/account/login/"));
    }
    for section in ["pp", "mobile", "email"] {
        assert_eq!(
            asha.gets(&format!("user/update_{section}/")).await.status,
            405
        );
    }
    for section in ["sex", "address", "program"] {
        asha.visits(&format!("user/update_{section}/"))
            .await
            .shows("Asha");
    }
}

#[tokio::test]
async fn typed_html_stays_text() {
    let world = World::new().await;
    let asha = world.student("asha").await;
    let hostile = [
        "\"><script>alert(1)</script>",
        "'-alert(1)-'",
        "{{ 913 * 977 }}",
        "javascript:alert(1)",
        "\u{202e}gnp.exe",
    ];

    for text in hostile {
        for (section, field) in [
            ("address", "room"),
            ("program", "join_year"),
            ("mobile", "phone"),
            ("email", "email"),
        ] {
            let page = forges(&asha, section, &[(field, text)]).await;
            assert_eq!(page.status, 422, "{section}: {text}");
            let raw = page.text();
            assert!(
                !raw.contains("<script>alert") && !raw.contains("892001"),
                "{text}"
            );
            let shown = page.attributes(&format!("main [name={field}]"), "value");
            assert_eq!(shown[0], text, "given back as it was typed");
            assert!(
                page.header("content-security-policy")
                    .contains("script-src 'self'")
            );
        }
    }
}

#[tokio::test]
async fn a_picture_is_cropped_to_a_square_and_replaces_the_old_one() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let before = api_value(&canteen, &tokens.access, "profile_picture").await;
    let before = before.as_str().unwrap();
    let uploads = async |file: &'static str, bytes: Vec<u8>| {
        let page = asha.visits("user/").await;
        page.attaches("profile_picture", file, bytes)
            .enters("profile_picture")
            .await
    };

    let wide = include_bytes!("support/wide.png").to_vec();
    is_saved(&uploads("me.png", wide).await, "Picture saved.");

    let after = api_value(&canteen, &tokens.access, "profile_picture").await;
    let after = after.as_str().unwrap();
    assert_ne!(before, after, "a new address, so that caches see it");
    assert_eq!(world.visitor().gets(before).await.status, 404);
    let picture = world.visitor().gets(after).await;
    assert_eq!(
        (picture.status.as_u16(), picture.header("content-type")),
        (200, "image/jpeg")
    );
    assert_eq!(jpeg_size(&picture), (40, 40));

    let page = asha.visits("user/").await;
    let gone = page.presses("Remove picture").await;
    is_saved(&gone, "Picture removed.");
    assert_eq!(
        api_value(&canteen, &tokens.access, "profile_picture").await,
        Value::Null
    );
    assert_eq!(world.visitor().gets(after).await.status, 404);
    assert_eq!(
        std::fs::read_dir(world.data.join("pictures/profile_picture"))
            .unwrap()
            .count(),
        0
    );
}

/// The left-most and right-most pixel in the middle row of the test picture (red on the left, blue on the right), and
/// its width.
async fn ends_of(world: &World, picture: &Value) -> (u32, [&'static str; 2]) {
    let file = world.visitor().gets(picture.as_str().unwrap()).await;
    let image = image::load_from_memory(&file.bytes()).unwrap().to_rgb8();
    assert_eq!(image.width(), image.height());
    let side = image.width();
    let ends = [0, side - 1].map(|x| {
        let [red, _, blue] = image.get_pixel(x, side / 2).0;
        if red > blue { "red" } else { "blue" }
    });
    (side, ends)
}

#[tokio::test]
async fn the_chosen_square_is_kept() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let uploads = async |square: &[(&str, &str)]| {
        let page = asha.visits("user/").await;
        assert!(page.offers("fieldset.crop[hidden][disabled]"));
        let wide = include_bytes!("support/wide.png").to_vec();
        let page = page.attaches("profile_picture", "me.png", wide);
        let mut form = page.would_enter("profile_picture");
        assert!(
            !form
                .pairs()
                .iter()
                .any(|(name, _)| name.starts_with("crop"))
        );
        for (name, value) in square {
            let part = Part::Text((*value).to_owned());
            form.parts.push(((*name).to_owned(), part));
        }
        page.sends(form).await.follows().await
    };
    let shown = async || {
        let picture = api_value(&canteen, &tokens.access, "profile_picture").await;
        ends_of(&world, &picture).await
    };

    for (square, kept) in [
        (vec![], (40, ["red", "blue"])),
        (vec![("crop_across", "0")], (40, ["red", "blue"])),
        (
            vec![("crop_zoom", "200"), ("crop_across", "0")],
            (20, ["red", "red"]),
        ),
        (
            vec![
                ("crop_zoom", "400"),
                ("crop_across", "100"),
                ("crop_down", "100"),
            ],
            (10, ["blue", "blue"]),
        ),
    ] {
        is_saved(&uploads(&square).await, "Picture saved.");
        assert_eq!(shown().await, kept, "{square:?}");
    }

    for wrong in [
        ("crop_zoom", "99"),
        ("crop_zoom", "401"),
        ("crop_zoom", "0"),
        ("crop_zoom", ""),
        ("crop_across", "-1"),
        ("crop_across", "101"),
        ("crop_down", "NaN"),
        ("crop_down", "1e9"),
        ("crop_down", "99999999999999999999"),
        ("crop_down", "<script>"),
    ] {
        let refused = uploads(&[wrong]).await;
        is_refused(&refused, "profile_picture");
        assert!(refused.says("is outside the picture"), "{wrong:?}");
    }
    assert_eq!(shown().await, (10, ["blue", "blue"]), "and nothing changed");
}

#[tokio::test]
async fn a_square_can_be_chosen_by_keyboard_alone() {
    let world = World::new().await;
    let (person, asha) = (world.person("asha").await, world.student("asha").await);
    let canteen = world.canteen();
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let browser = Chromium::opens(true).await;
    browser.visits(&format!("{}user/", world.base)).await;
    browser.signs_in(&person.username, &person.password).await;

    let chosen = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/stories/support/wide.png"
    );
    let input = browser.one("#profile_picture").await;
    input.send_keys(chosen).await.unwrap();
    browser.waits_for("fieldset.crop:not([hidden])").await;
    browser.can_be_used("a picture to be cut").await;
    let pixel = async || {
        let data = "document.querySelector('.crop canvas').getContext('2d').getImageData(400, 200, 1, 1).data";
        let pixel = browser.evaluates(&format!("Array.from({data})")).await;
        pixel[0].as_u64().unwrap() > pixel[2].as_u64().unwrap()
    };
    assert!(!pixel().await, "blue on the right");
    assert_eq!(browser.evaluates("crop_down.disabled").await, true);
    browser.tabs_to("#crop_zoom").await;
    browser.presses_keys(END).await;
    browser.tabs_to("#crop_across").await;
    browser.presses_keys(HOME).await;
    assert!(pixel().await, "all red");
    browser.presses_keys(ENTER).await;
    browser.waits_for(".flash").await;
    assert!(browser.words().await.contains("Picture saved."));
    assert_eq!(browser.console_messages().await, Vec::<String>::new());

    let picture = api_value(&canteen, &tokens.access, "profile_picture").await;
    assert_eq!(ends_of(&world, &picture).await, (10, ["red", "red"]));
}

/// The page accepts larger photographs than the server does, since the browser scales them down.
#[tokio::test]
async fn a_large_photograph_is_scaled_down_before_the_upload() {
    let world = World::new().await;
    let (person, asha) = (world.person("asha").await, world.student("asha").await);
    let canteen = world.canteen();
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let browser = Chromium::opens(true).await;
    browser.visits(&format!("{}user/", world.base)).await;
    browser.signs_in(&person.username, &person.password).await;

    let photograph = world.data.join("photograph.png");
    std::fs::write(&photograph, noisy_flag(4200, 600)).unwrap();
    let input = browser.one("#profile_picture").await;
    input.send_keys(photograph.to_str().unwrap()).await.unwrap();
    browser.waits_for("fieldset.crop:not([hidden])").await;
    let size = "document.querySelector('#profile_picture').files[0].size";
    while browser.evaluates(size).await.as_u64().unwrap() > 2 * 1024 * 1024 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    browser.tabs_to("#crop_across").await;
    browser.presses_keys(HOME).await;
    browser.presses_keys(ENTER).await;
    browser.waits_for(".flash").await;
    assert!(browser.words().await.contains("Picture saved."));
    assert_eq!(browser.console_messages().await, Vec::<String>::new());

    let picture = api_value(&canteen, &tokens.access, "profile_picture").await;
    assert_eq!(ends_of(&world, &picture).await.1, ["red", "red"]);
}

/// A PNG of more than 2 MB, red on the left and blue on the right.
fn noisy_flag(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let image = image::RgbImage::from_fn(width, height, |x, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 24) as u8 / 8;
        let (red, blue) = if x < width / 2 { (220, 0) } else { (0, 220) };
        image::Rgb([red + noise, noise * 4, blue + noise])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Png).unwrap();
    assert!(file.get_ref().len() > 2 * 1024 * 1024);
    file.into_inner()
}

#[tokio::test]
async fn lines_are_added_by_button_and_without_scripts_by_empty_lines() {
    let world = World::new().await;
    let vikram = world.person("vikram").await;
    let numbers = async || {
        let page = world.signed_in(&vikram).await.visits("user/").await;
        let lines = page.attributes(".entries [name=phone]", "value");
        lines
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
    };
    let browser = Chromium::opens(true).await;
    browser.visits(&format!("{}user/", world.base)).await;
    browser.signs_in(&vikram.username, &vikram.password).await;
    let lines = "document.querySelectorAll('#phone .entries > li').length";
    assert_eq!(
        browser.evaluates(lines).await,
        1,
        "an empty one to begin with"
    );

    browser.tabs_to("#phone [name=phone]").await;
    browser.presses_keys("98200 11111").await;
    for number in ["98200 22222", "98200 33333"] {
        browser.tabs_to("#phone [data-adds]").await;
        browser.presses_keys(&format!("{ENTER}{number}")).await;
    }
    browser.can_be_used("lines that were added").await;
    browser.presses_keys(ENTER).await;
    browser.waits_for(".flash").await;
    assert_eq!(
        numbers().await,
        ["98200 11111", "98200 22222", "98200 33333"]
    );
    assert_eq!(browser.evaluates(lines).await, 3, "no spare one");

    browser.presses_keys(TAB).await;
    browser.tabs_to("#phone li:nth-child(2) button").await;
    let text = browser
        .evaluates("document.activeElement.textContent")
        .await;
    assert_eq!(text, "Remove number 2");
    browser.presses_keys(ENTER).await;
    let focused = browser.evaluates("document.activeElement.value").await;
    assert_eq!(focused, "98200 33333", "the focus is where the line was");
    browser.presses_keys(ENTER).await;
    browser.waits_for(".flash").await;
    assert_eq!(numbers().await, ["98200 11111", "98200 33333"]);

    let many = "while (!document.querySelector('#phone [data-adds]').hidden) document.querySelector('#phone [data-adds]').click()";
    browser.evaluates(many).await;
    assert_eq!(
        browser.evaluates(lines).await,
        10,
        "as many as there may be"
    );
    assert_eq!(browser.console_messages().await, Vec::<String>::new());

    let without = Chromium::opens(false).await;
    without.visits(&format!("{}user/", world.base)).await;
    without.signs_in(&vikram.username, &vikram.password).await;
    assert_eq!(without.evaluates(lines).await, 4, "two spare ones");
    assert_eq!(
        without
            .evaluates("document.querySelector('#phone [data-adds]').checkVisibility()")
            .await,
        false
    );
}

#[tokio::test]
async fn only_pictures_are_accepted_and_decompression_bombs_are_refused() {
    let world = World::plan().in_its_own_process().opens().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let before = api_value(&canteen, &tokens.access, "profile_picture").await;
    let page = asha.visits("user/").await;
    let uploads = async |file: &str, bytes: Vec<u8>| {
        page.clone()
            .attaches("profile_picture", file, bytes)
            .enters("profile_picture")
            .await
    };
    let jpeg = world.visitor().gets(before.as_str().unwrap()).await.bytes();

    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("me.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
        ("me.png", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("me.gif", b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec()),
        ("../../me.png", png_that_says(50_000, 50_000)),
        ("me.png", png_that_says(4096, 4096)),
        ("me.png", png_that_says(u32::MAX, u32::MAX)),
        ("me.png", include_bytes!("support/wide.png")[..60].to_vec()),
        ("me.bmp", b"BM".to_vec()),
        ("me.jpg", vec![0; 2 * 1024 * 1024 + 1]),
    ];
    let idle = memory(&world);
    for (name, bytes) in hostile {
        is_refused(&uploads(name, bytes).await, "profile_picture");
    }
    let many = (0..12).map(|_| {
        let form = page
            .clone()
            .attaches("profile_picture", "me.png", png_that_says(4096, 4096));
        tokio::spawn(async move { form.enters("profile_picture").await })
    });
    for refused in many.collect::<Vec<_>>() {
        assert_eq!(refused.await.unwrap().status, 422);
    }
    is_refused(
        &page.clone().enters("profile_picture").await,
        "profile_picture",
    );
    // A photograph of 4 MB, one of 24 MB, and a file of 33 MB that is no picture.
    for (megabytes, status) in [(4, 422), (24, 422), (33, 413)] {
        let bytes = vec![0; megabytes * 1024 * 1024];
        let refused = uploads("me.jpg", bytes).await;
        assert_eq!(refused.status, status, "{megabytes}");
        if status == 422 {
            is_refused(&refused, "profile_picture");
            assert!(refused.says("This file is larger than 2 MB. Choose a smaller one."));
        }
    }
    let grown = memory(&world).saturating_sub(idle);
    assert!(
        grown < 400 * 1024,
        "{grown} KiB more at the highest than before"
    );
    assert_eq!(
        api_value(&canteen, &tokens.access, "profile_picture").await,
        before
    );

    let mut polyglot = with_gps(&jpeg);
    polyglot.extend(b"<script>alert(document.domain)</script>");
    is_saved(&uploads("me.php", polyglot).await, "Picture saved.");
    let address = api_value(&canteen, &tokens.access, "profile_picture").await;
    let kept = world.visitor().gets(address.as_str().unwrap()).await;
    for hidden in [&b"<script"[..], b"Exif", b"GPS 19.1334"] {
        assert!(!kept.bytes().windows(hidden.len()).any(|it| it == hidden));
    }
    assert_eq!(kept.header("x-content-type-options"), "nosniff");
    assert!(kept.header("content-security-policy").contains("sandbox"));
}

/// The peak memory of the process, in KiB.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.process_id())).unwrap();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    peak.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Width and height, from the frame header (ITU T.81 §B.2.2).
fn jpeg_size(picture: &Page) -> (u16, u16) {
    let bytes = picture.bytes();
    let frame = bytes
        .windows(2)
        .position(|it| it[0] == 0xff && (0xc0..=0xc2).contains(&it[1]))
        .unwrap();
    let number = |at: usize| u16::from_be_bytes([bytes[frame + at], bytes[frame + at + 1]]);
    (number(7), number(5))
}

/// The picture with an EXIF segment that holds a GPS position.
fn with_gps(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff =
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
    tiff.extend(b"GPS 19.1334 N 72.9133 E");
    let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &tiff, &jpeg[2..]].concat()
}

/// Handmade image files.
mod image_files {
    /// The head of a PNG that claims this many pixels.
    pub(super) fn png_that_says(width: u32, height: u32) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([8, 6, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(*b"IHDR", &header));
        file.extend(chunk(
            *b"IDAT",
            &[0x78, 0x9c, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1],
        ));
        file.extend(chunk(*b"IEND", &[]));
        file
    }

    /// A PNG chunk: length, type, data and CRC (PNG, third edition, §5.3).
    fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        let covered: Vec<u8> = kind.iter().chain(content).copied().collect();
        let mut crc = u32::MAX;
        for byte in &covered {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], &covered, &(!crc).to_be_bytes()].concat()
    }
}

/// The link in a mail.
fn link_in(mail: &str) -> String {
    let (_, rest) = mail
        .split_once("/user/confirm_email/?token=")
        .unwrap_or_else(|| panic!("no link in {mail}"));
    let token: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    format!("user/confirm_email/?token={token}")
}

async fn adds(browser: &Browser, emails: &[&str]) -> Page {
    let fields: Vec<_> = emails.iter().map(|email| ("email", *email)).collect();
    forges(browser, "email", &fields).await.follows().await
}

#[tokio::test]
async fn an_address_is_used_only_after_its_link_was_confirmed() {
    let world = World::new().await;
    let (asha, canteen) = (world.student("asha").await, world.canteen());
    let tokens = world.connects(&asha, &canteen, EVERYTHING).await;
    let before = api_value(&canteen, &tokens.access, "secondary_emails").await;

    let page = asha.visits("user/").await;
    let saved = adds(&asha, &["asha@mail.example", "asha@home.example"]).await;
    assert!(page.offers("[name=email]"));
    assert!(
        saved
            .texts(".flash")
            .join(" ")
            .contains("A link is on its way")
    );
    saved.shows("Not confirmed").shows("Not confirmed yet");
    assert_eq!(
        api_value(&canteen, &tokens.access, "secondary_emails").await,
        before,
        "no app sees it"
    );
    let consent = asha
        .visits(&world.library().login_link("basic secondary_emails"))
        .await;
    assert!(!consent.says("asha@home.example"), "nor is it offered");

    let mail = world.mail_to("asha@home.example", 1).await;
    assert!(
        mail.contains("Subject: Confirm asha@home.example") && mail.contains("within 30 minutes"),
        "{mail}"
    );
    assert!(
        mail.contains("Hello asha,") && !mail.contains("Asha") && !mail.contains("Souza"),
        "whose address it is is not known yet, and a name could say anything: {mail}"
    );
    assert_eq!(world.mails(), 1, "who is confirmed gets no mail");
    let link = link_in(&mail);
    for _ in 0..3 {
        asha.visits(&link)
            .await
            .shows("Is this address yours?")
            .shows("asha@home.example");
    }
    assert_eq!(
        api_value(&canteen, &tokens.access, "secondary_emails").await,
        before,
        "looking confirms nothing"
    );

    let form = asha.visits(&link).await;
    assert_eq!(form.header("referrer-policy"), "no-referrer");
    let confirmed = form.presses("Confirm").await;
    assert_eq!(confirmed.url.path(), "/user/");
    confirmed.shows("asha@home.example is confirmed.");
    let after = api_value(&canteen, &tokens.access, "secondary_emails").await;
    assert_eq!(after[0], before[0], "what stays keeps its id");
    assert_eq!(after[1]["email"], "asha@home.example");
    assert_eq!(after[1].as_object().unwrap().len(), 2);

    asha.visits(&link).await.refuses(410);
    form.presses("Confirm").await.refuses(410);
}

#[tokio::test]
async fn a_confirmation_link_works_for_one_person_and_thirty_minutes() {
    let world = World::new().await;
    let (vikram, wasim) = (world.student("vikram").await, world.student("wasim").await);
    adds(&vikram, &["vikram@home.example"]).await;
    let first = link_in(&world.mail_to("vikram@home.example", 1).await);

    let csrf_token = csrf_token(&wasim).await;
    let token = first.rsplit('=').next().unwrap();
    wasim.visits(&first).await.refuses(410);
    let forged = [("csrf_token", csrf_token.as_str()), ("token", token)];
    wasim
        .posts("user/confirm_email/", &forged)
        .await
        .refuses(410);
    vikram
        .posts("user/confirm_email/", &[("token", token)])
        .await
        .refuses(403);
    let anonymous = world.visitor().gets(&first).await;
    assert!(anonymous.location().path().contains("/account/login/"));
    for nonsense in [
        "",
        "?token=",
        "?token=%00",
        "?token=a&token=b",
        "?token=%ff",
        "?x",
    ] {
        vikram
            .visits(&format!("user/confirm_email/{nonsense}"))
            .await
            .refuses(410);
    }

    let form = vikram.visits(&first).await;
    world.advance_clock(time::Duration::minutes(31));
    vikram.visits(&first).await.refuses(410);
    form.presses("Confirm").await.refuses(410);

    let again = vikram
        .visits("user/")
        .await
        .presses("Send the link again to vikram@home.example")
        .await;
    again.shows("We sent another link to vikram@home.example.");
    let second = link_in(&world.mail_to("vikram@home.example", 2).await);
    assert_ne!(first, second);
    vikram
        .visits(&second)
        .await
        .presses("Confirm")
        .await
        .shows("is confirmed");
    assert!(!vikram.visits("user/").await.says("Not confirmed yet"));
}

#[tokio::test]
async fn changing_addresses_requires_a_recent_sign_in() {
    let world = World::new().await;
    let (vikram, person) = (world.student("vikram").await, world.person("vikram").await);
    adds(&vikram, &["vikram@home.example"]).await;
    let open = vikram.visits("user/").await;
    assert!(open.offers("form [name=email]"));
    world.advance_clock(time::Duration::minutes(70));

    let stale = vikram.visits("user/").await;
    stale.shows("vikram@home.example").shows("Sign in again");
    assert!(!stale.offers("[name=email]") && stale.offers("[name=phone]"));
    world.advance_clock(time::Duration::minutes(60));
    let forged = adds(&vikram, &["thief@evil.example"]).await;
    assert!(
        forged.url.path().contains("/account/login/"),
        "{}",
        forged.url
    );
    let late = open
        .fills("email", "late@home.example")
        .enters("email")
        .await;
    assert!(late.url.path().contains("/account/login/"), "{}", late.url);
    assert!(!vikram.visits("user/").await.says("evil.example"));

    let again = stale.clicks("Sign in again to change your addresses").await;
    let back = again.signs_in(&person.username, &person.password).await;
    assert_eq!(
        (back.url.path(), back.url.fragment()),
        ("/user/", Some("emails"))
    );
    assert!(back.offers("form [name=email]"));
    let saved = adds(&vikram, &["vikram@work.example"]).await;
    saved
        .shows("vikram@work.example")
        .shows("A link is on its way");
}

#[tokio::test]
async fn the_primary_address_gets_a_mail_about_a_confirmed_one() {
    let world = World::new().await;
    let vikram = world.student("vikram").await;
    let primary = "vikram@campus.example";
    for (number, address) in ["vikram@home.example", "thief@evil.example"]
        .iter()
        .enumerate()
    {
        adds(&vikram, &[address]).await;
        let link = link_in(&world.mail_to(address, 1).await);
        vikram.visits(&link).await.presses("Confirm").await;
        if number == 0 {
            let mail = world.mail_to(primary, 1).await;
            assert!(
                mail.contains("Subject: An email address was confirmed"),
                "{mail}"
            );
            assert!(
                mail.contains("vikram@home.example was confirmed") && mail.contains("/user/\r\n")
            );
            assert!(mail.contains("multipart/alternative") && !mail.contains("token="));
        }
    }
    // The primary address still gets a mail when the new address is removed at once.
    adds(&vikram, &[]).await;
    let mail = world.mail_to(primary, 2).await;
    assert!(
        mail.contains("an address that has since been removed"),
        "{mail}"
    );
}

#[tokio::test]
async fn confirmation_mails_are_rate_limited() {
    let world = World::new().await;
    let (vikram, wasim) = (world.student("vikram").await, world.student("wasim").await);
    adds(&vikram, &["victim@home.example"]).await;
    let page = vikram.visits("user/").await;
    let resend = "Send the link again to victim@home.example";
    let address = page.would_send(resend).action;

    for _ in 0..2 {
        page.presses(resend).await.shows("We sent another link");
    }
    let refused = page.presses(resend).await;
    refused.refuses(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 600);
    let same = adds(&wasim, &["Victim@Home.example"]).await;
    assert_eq!(same.status, 429, "whoever adds it");
    assert_eq!(
        same.attributes("#email-1", "value"),
        ["Victim@Home.example"],
        "and it is still there"
    );
    assert!(
        wasim
            .visits("user/")
            .await
            .attributes("[name=email]", "value")
            .iter()
            .all(String::is_empty)
    );

    let csrf_token = csrf_token(&wasim).await;
    wasim
        .posts(&address, &[("csrf_token", &csrf_token)])
        .await
        .refuses(404);
    wasim
        .posts("user/emails/x/mail_again/", &[("csrf_token", &csrf_token)])
        .await
        .refuses(404);
    vikram.posts(&address, &[]).await.refuses(403);
    assert_eq!(vikram.gets(&address).await.status, 405);

    let mut refusals = 0;
    for round in 0..12 {
        let email = format!("v{round}@home.example");
        refusals += u32::from(adds(&vikram, &[&email]).await.status == 429);
    }
    assert!(
        refusals >= 4,
        "{refusals} refusals: adding and taking out is no way round"
    );
    world.advance_clock(time::Duration::minutes(10));
    assert_eq!(adds(&wasim, &["victim@home.example"]).await.status, 200);
}

#[tokio::test]
async fn only_deliverable_addresses_are_added() {
    let world = World::new().await;
    let asha = world.student("asha").await;

    for bad in [
        "asha",
        "@home.example",
        "asha@",
        "a b@home.example",
        "<b>@home.example",
        "a@b\r\nBcc: all@campus.example",
        "a@b, c@d",
    ] {
        let refused = adds(&asha, &["asha@mail.example", bad]).await;
        is_refused(&refused, "email-2");
        assert_eq!(
            refused.attributes("#email-1", "value"),
            ["asha@mail.example"]
        );
    }
    let long = format!("{}@home.example", "x".repeat(250));
    is_refused(&adds(&asha, &[&long]).await, "email-1");
    for primary in ["asha@campus.example", "Asha@CAMPUS.example "] {
        is_refused(
            &adds(&asha, &["asha@mail.example", primary]).await,
            "email-2",
        );
    }
    let many: Vec<String> = (0..11).map(|it| format!("a{it}@home.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    is_refused(&adds(&asha, &many).await, "email");
    let page = asha.visits("user/").await;
    page.shows("Confirmed");
    assert_eq!(
        page.attributes("[name=email]", "value")
            .iter()
            .filter(|it| !it.is_empty())
            .count(),
        1
    );

    is_saved(
        &adds(&asha, &["ASHA@mail.example", "asha@mail.example"]).await,
        "Email addresses saved.",
    );
    is_saved(&adds(&asha, &[]).await, "Email addresses saved.");
}

#[tokio::test]
async fn the_list_of_hostels_is_changed_by_a_command() {
    let world = World::new().await;
    let (asha, vikram) = (world.student("asha").await, world.student("vikram").await);
    let runs = async |arguments: &'static [&'static str]| {
        let mut profiles = command::profiles(&world.database.url(), &world.data);
        profiles.arg("choice").args(arguments);
        spawn_blocking(move || command::run(profiles, ""))
            .await
            .unwrap()
    };
    let offered = async |browser: &Browser| {
        browser
            .visits("user/")
            .await
            .attributes("#hostel option", "value")
    };

    let added = runs(&["add", "hostel", "19", "Hostel 19", "--wings"]).await;
    assert!(added.status.success());
    let made: Value = serde_json::from_slice(&added.stdout).unwrap();
    assert_eq!(
        (&made["code"], &made["has_wings"], &made["is_retired"]),
        (&json!("19"), &json!(true), &json!(false))
    );
    assert!(offered(&vikram).await.contains(&"19".to_owned()));
    is_refused(
        &forges(&vikram, "address", &[("hostel", "19"), ("room", "12")]).await,
        "room",
    );
    let saved = forges(&vikram, "address", &[("hostel", "19"), ("room", "A-12")])
        .await
        .follows()
        .await;
    is_saved(&saved, "Address saved.");

    assert!(runs(&["retire", "hostel", "14"]).await.status.success());
    assert!(!offered(&vikram).await.contains(&"14".to_owned()));
    is_refused(
        &forges(&vikram, "address", &[("hostel", "14"), ("room", "A-1")]).await,
        "hostel",
    );
    let page = asha.visits("user/").await;
    page.shows("Hostel 14 (no longer offered)");
    is_saved(
        &page.fills("room", "B-3").enters("room").await,
        "Address saved.",
    );

    let listed = runs(&["list", "hostel"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let retired = |it: &&Value| it["is_retired"] == true;
    assert_eq!(
        listed["choices"]
            .as_array()
            .unwrap()
            .iter()
            .find(retired)
            .unwrap()["code"],
        "14"
    );
    assert!(
        runs(&["add", "hostel", "14", "Hostel 14", "--wings"])
            .await
            .status
            .success()
    );
    assert!(offered(&vikram).await.contains(&"14".to_owned()));
    for wrong in [
        &["retire", "hostel", "99"][..],
        &["add", "degree", "X", "X", "--wings"],
        &["add", "hostel", "a b", "X"],
        &["add", "hostel", "20", " "],
    ] {
        let mut profiles = command::profiles(&world.database.url(), &world.data);
        profiles.arg("choice").args(wrong);
        let refused = spawn_blocking(move || command::run(profiles, ""))
            .await
            .unwrap();
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
        assert!(refused.stdout.is_empty() && !refused.stderr.is_empty());
    }
}

#[tokio::test]
async fn the_confirmation_token_is_made_on_delivery_and_stored_nowhere() {
    let server = MailServer::starts(SmtpMode::Plain).await;
    let plan = World::plan().set("PROFILES_SMTP_URL", &server.address());
    let world = plan
        .set("PROFILES_MAIL_FROM", "no-reply@campus.example")
        .opens()
        .await;
    let vikram = world.student("vikram").await;
    let dumped = async || {
        let database = world.database.clone();
        spawn_blocking(move || database.dump()).await.unwrap()
    };
    let rows_of = |dump: &str, table: &str| {
        let row = format!("INSERT INTO public.{table} ");
        let rows = dump.lines().filter(|line| line.starts_with(&row));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };

    adds(&vikram, &["vikram@home.example"]).await;
    let waiting = dumped().await;
    let outbox = rows_of(&waiting, "outbox");
    assert_eq!(outbox.len(), 1);
    assert!(
        outbox[0].contains("email_added") && !outbox[0].contains("home.example"),
        "{outbox:?}"
    );
    assert!(
        rows_of(&waiting, "email_confirmations").is_empty(),
        "nothing is made before it goes out"
    );

    server.behaves("4xx").await;
    world.runs_jobs().await;
    server.behaves("well").await;
    world.advance_clock(time::Duration::minutes(3));
    world.runs_jobs().await;
    let mail = server.gets().await;
    server.got_nothing_else().await;
    let link = link_in(&mail.to_string());
    let token = link.rsplit('=').next().unwrap();

    assert!(mail.to_string().contains("vikram@home.example"));
    assert!(!dumped().await.contains(token));
    vikram
        .visits(&link)
        .await
        .presses("Confirm")
        .await
        .shows("is confirmed");
    let done = dumped().await;
    assert!(
        rows_of(&done, "email_confirmations").is_empty(),
        "used up, and what was made before with it"
    );
    let edits: Vec<_> = rows_of(&done, "audit_log")
        .into_iter()
        .filter(|row| row.contains("profile.edited"))
        .collect();
    assert!(
        edits[0].contains("secondary_emails") && !edits[0].contains("home.example"),
        "{edits:?}"
    );
}
