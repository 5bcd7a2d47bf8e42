//! Finds forms in a page, fills them in and encodes them as the HTML standard says.

use scraper::{ElementRef, Html, Selector};

/// What a person does to a form before pressing a button.
#[derive(Debug, Clone)]
pub enum Touch {
    Tick {
        name: String,
        value: String,
        on: bool,
    },
    Fill {
        name: String,
        with: String,
    },
    Attach {
        name: String,
        file: String,
        bytes: Vec<u8>,
    },
}

/// The form data that the browser sends.
#[derive(Debug)]
pub struct Submission {
    pub action: String,
    pub method: String,
    pub multipart: bool,
    pub parts: Vec<(String, Part)>,
}

#[derive(Debug, Clone)]
pub enum Part {
    Text(String),
    File { name: String, bytes: Vec<u8> },
}

impl Submission {
    /// The named text fields, as form encoding has them.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let text = |(name, part): &(String, Part)| match part {
            Part::Text(value) => (name.clone(), value.clone()),
            Part::File { name: file, .. } => (name.clone(), file.clone()),
        };
        self.parts.iter().map(text).collect()
    }
}

/// The state of a checkbox on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkbox {
    pub name: String,
    pub value: String,
    pub ticked: bool,
    pub locked: bool,
}

/// Every checkbox of the page with this name, from top to bottom.
pub fn checkboxes(html: &str, name: &str) -> Vec<Checkbox> {
    let page = Html::parse_document(html);
    page.select(&selector("input[type=checkbox]"))
        .filter(|input| input.attr("name") == Some(name))
        .map(|input| Checkbox {
            name: name.to_owned(),
            value: input.attr("value").unwrap_or("on").to_owned(),
            ticked: input.attr("checked").is_some(),
            locked: is_disabled(input),
        })
        .collect()
}

/// Presses the button with this label or value, anywhere on the page.
pub fn press(html: &str, button: &str, touches: &[Touch]) -> Submission {
    let page = Html::parse_document(html);
    let all = selector("button, input[type=submit]");
    let buttons: Vec<_> = page
        .select(&all)
        .filter(|element| element.attr("type") != Some("button"))
        .collect();
    let found: Vec<_> = buttons
        .iter()
        .filter(|element| says(**element, button))
        .collect();
    let labels: Vec<_> = buttons.iter().map(|element| label(*element)).collect();
    assert!(
        !found.is_empty(),
        "no button {button:?} on this page, only {labels:?}:\n{html}"
    );
    submit(&page, form_of(&page, *found[0]), Some(*found[0]), touches)
}

/// Submits the form with a control called `control` by its first button, as the Enter key does.
pub fn enter(html: &str, control: &str, touches: &[Touch]) -> Submission {
    let page = Html::parse_document(html);
    let named = selector("input, textarea, select");
    let control = page
        .select(&named)
        .find(|element| element.attr("name") == Some(control));
    let form = form_of(
        &page,
        control.unwrap_or_else(|| panic!("no form for this on the page:\n{html}")),
    );
    let button = form
        .select(&selector("button, input[type=submit]"))
        .find(|it| it.attr("type") != Some("button"));
    submit(&page, form, button, touches)
}

fn submit(
    page: &Html,
    form: ElementRef<'_>,
    button: Option<ElementRef<'_>>,
    touches: &[Touch],
) -> Submission {
    let mut parts = Vec::new();
    let mut touched = vec![false; touches.len()];
    for control in page.select(&selector("input, textarea, select, button")) {
        if is_disabled(control) || form_of_maybe(page, control).map(|it| it.id()) != Some(form.id())
        {
            continue;
        }
        let Some(name) = control.attr("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        if control.value().name() == "button" || control.attr("type") == Some("submit") {
            if button.is_some_and(|pressed| pressed.id() == control.id()) {
                parts.push((
                    name.to_owned(),
                    Part::Text(control.attr("value").unwrap_or_default().to_owned()),
                ));
            }
            continue;
        }
        parts.extend(
            values(control, name, touches, &mut touched)
                .into_iter()
                .map(|part| (name.to_owned(), part)),
        );
    }
    for (touch, done) in touches.iter().zip(touched) {
        assert!(done, "nothing on this form to {touch:?}:\n{}", form.html());
    }
    let of = |attribute| button.and_then(|it| it.attr(attribute));
    Submission {
        action: of("formaction")
            .or(form.attr("action"))
            .unwrap_or_default()
            .to_owned(),
        method: of("formmethod")
            .or(form.attr("method"))
            .unwrap_or("get")
            .to_ascii_lowercase(),
        multipart: form.attr("enctype") == Some("multipart/form-data"),
        parts,
    }
}

/// The values that one control contributes.
fn values(
    control: ElementRef<'_>,
    name: &str,
    touches: &[Touch],
    touched: &mut [bool],
) -> Vec<Part> {
    let kind = control.attr("type").unwrap_or("text");
    let own = control
        .attr("value")
        .unwrap_or(if kind == "checkbox" { "on" } else { "" });
    let mut ticked = control.attr("checked").is_some();
    let mut filled = None;
    for (touch, done) in touches.iter().zip(touched) {
        match touch {
            Touch::Tick {
                name: touched,
                value,
                on,
            } if kind == "checkbox" && touched == name && value == own => ticked = *on,
            Touch::Tick {
                name: touched,
                value,
                ..
            } if kind == "radio" && touched == name => ticked = value == own,
            Touch::Fill {
                name: touched,
                with,
            } if touched == name && kind != "checkbox" => {
                filled = Some(Part::Text(with.clone()));
            }
            Touch::Attach {
                name: touched,
                file,
                bytes,
            } if touched == name && kind == "file" => {
                filled = Some(Part::File {
                    name: file.clone(),
                    bytes: bytes.clone(),
                });
            }
            _ => continue,
        }
        *done = true;
    }
    match (control.value().name(), kind) {
        ("input", "checkbox" | "radio") => ticked
            .then(|| Part::Text(own.to_owned()))
            .into_iter()
            .collect(),
        ("input", "file") => vec![filled.unwrap_or(Part::File {
            name: String::new(),
            bytes: Vec::new(),
        })],
        ("textarea", _) => vec![filled.unwrap_or_else(|| Part::Text(control.text().collect()))],
        ("select", _) => vec![filled.unwrap_or_else(|| Part::Text(chosen(control)))],
        _ => vec![filled.unwrap_or_else(|| Part::Text(own.to_owned()))],
    }
}

fn chosen(select: ElementRef<'_>) -> String {
    let options = selector("option");
    let selected = select
        .select(&options)
        .find(|option| option.attr("selected").is_some());
    let option = selected.or_else(|| select.select(&options).next());
    option
        .map(|it| it.attr("value").map_or_else(|| text_of(it), str::to_owned))
        .unwrap_or_default()
}

fn says(element: ElementRef<'_>, wanted: &str) -> bool {
    label(element).eq_ignore_ascii_case(wanted)
        || element
            .attr("value")
            .is_some_and(|value| value.eq_ignore_ascii_case(wanted))
}

fn label(element: ElementRef<'_>) -> String {
    match element.value().name() {
        "input" => element.attr("value").unwrap_or_default().to_owned(),
        _ => text_of(element),
    }
}

fn form_of<'a>(page: &'a Html, control: ElementRef<'a>) -> ElementRef<'a> {
    form_of_maybe(page, control).unwrap_or_else(|| panic!("outside any form: {}", control.html()))
}

fn form_of_maybe<'a>(page: &'a Html, control: ElementRef<'a>) -> Option<ElementRef<'a>> {
    if let Some(id) = control.attr("form") {
        return page
            .select(&selector("form"))
            .find(|form| form.attr("id") == Some(id));
    }
    // The content of a template element is not part of the page.
    control
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|it| matches!(it.value().name(), "form" | "template"))
        .filter(|it| it.value().name() == "form")
}

fn is_disabled(control: ElementRef<'_>) -> bool {
    let fieldset =
        |it: &ElementRef<'_>| it.value().name() == "fieldset" && it.attr("disabled").is_some();
    control.attr("disabled").is_some()
        || control
            .ancestors()
            .filter_map(ElementRef::wrap)
            .any(|it| fieldset(&it))
}

/// The text of an element, whitespace collapsed.
pub fn text_of(element: ElementRef<'_>) -> String {
    element
        .text()
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The visible text of the page: without scripts and styles, whitespace collapsed.
pub fn words(html: &str) -> String {
    let page = Html::parse_document(html);
    let unread = ["script", "style", "template", "title"];
    let shown = page.root_element().descendants().filter_map(|node| {
        let text = node.value().as_text()?;
        let hidden = node
            .ancestors()
            .filter_map(ElementRef::wrap)
            .any(|it| unread.contains(&it.value().name()));
        (!hidden).then(|| text.to_string())
    });
    shown
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The value of an attribute on every element that `css` matches.
pub fn attributes(html: &str, css: &str, attribute: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    page.select(&selector(css))
        .filter_map(|it| it.attr(attribute))
        .map(str::to_owned)
        .collect()
}

/// The text of every element that `css` matches.
pub fn texts(html: &str, css: &str) -> Vec<String> {
    Html::parse_document(html)
        .select(&selector(css))
        .map(text_of)
        .collect()
}

/// The text of every element that `css` matches, whitespace kept.
pub fn verbatim(html: &str, css: &str) -> Vec<String> {
    Html::parse_document(html)
        .select(&selector(css))
        .map(|element| element.text().collect())
        .collect()
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

/// Every link: its text and its address.
pub fn links(html: &str) -> Vec<(String, String)> {
    let page = Html::parse_document(html);
    page.select(&selector("a[href]"))
        .map(|link| {
            (
                text_of(link),
                link.attr("href").unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// The form in the page's main part.
pub fn main_form(html: &str) -> Submission {
    let page = Html::parse_document(html);
    let form = page.select(&selector("main form[method=post]")).next();
    let form = form.unwrap_or_else(|| panic!("no form in the main part of the page:\n{html}"));
    let button = form.select(&selector("button, input[type=submit]")).next();
    submit(&page, form, button, &[])
}

#[cfg(test)]
mod tests {
    use super::{Part, Touch, press, words};

    const PAGE: &str = r#"
        <title>Not read</title>
        <form action="/elsewhere"><button>Search</button></form>
        <form method="post" action="?again" id="main">
          <input type="hidden" name="csrf_token" value="abc">
          <input type="checkbox" name="scope" value="basic" checked disabled>
          <input type="checkbox" name="scope" value="phone" checked>
          <input type="checkbox" name="scope" value="sex">
          <textarea name="why">because</textarea>
          <select name="hostel"><option value="1">One</option><option value="2" selected>Two</option></select>
          <button name="decision" value="deny">Deny</button>
        </form>
        <button form="main" name="decision" value="allow">Allow <b>it</b></button>
        <script>let unread = 1;</script>"#;

    fn pairs(touches: &[Touch]) -> Vec<(String, String)> {
        press(PAGE, "allow it", touches).pairs()
    }

    #[test]
    fn a_form_is_sent_without_its_disabled_controls() {
        let sent = press(PAGE, "allow", &[]);

        assert_eq!(
            (sent.method.as_str(), sent.action.as_str(), sent.multipart),
            ("post", "?again", false)
        );
        let expected = [
            ("csrf_token", "abc"),
            ("scope", "phone"),
            ("why", "because"),
            ("hostel", "2"),
            ("decision", "allow"),
        ];
        assert_eq!(
            sent.pairs(),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(
            sent.parts
                .iter()
                .all(|(_, part)| matches!(part, Part::Text(_)))
        );
    }

    #[test]
    fn ticks_and_typed_text_change_what_is_sent() {
        let tick = |value: &str, on| Touch::Tick {
            name: "scope".to_owned(),
            value: value.to_owned(),
            on,
        };
        let fill = Touch::Fill {
            name: "why".to_owned(),
            with: "no reason".to_owned(),
        };

        let sent = pairs(&[tick("phone", false), tick("sex", true), fill]);

        assert!(sent.contains(&("scope".to_owned(), "sex".to_owned())));
        assert!(!sent.contains(&("scope".to_owned(), "phone".to_owned())));
        assert!(sent.contains(&("why".to_owned(), "no reason".to_owned())));
    }

    #[test]
    #[should_panic(expected = "nothing on this form")]
    fn a_disabled_control_cannot_be_changed() {
        pairs(&[Touch::Tick {
            name: "scope".to_owned(),
            value: "basic".to_owned(),
            on: false,
        }]);
    }

    #[test]
    fn words_contain_visible_text_only() {
        assert_eq!(words(PAGE), "Search because One Two Deny Allow it");
    }
}
