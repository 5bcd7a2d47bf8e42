//! The list of receipts, a receipt to print or download, and the page that checks one.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::model::{Receipt, ReceiptAuditEntry, ReceiptPerson};
use super::{Feature, store};
use crate::identity::login::SignedIn;
use crate::people::fields::Field;
use crate::people::records;
use crate::people::records::Person;
use crate::platform::id::{AuditId, PersonId};
use crate::platform::web::{CsrfMultipartForm, Page, PageContext, PageError, Web};
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
struct ReceiptsPage {
    receipts: Vec<ReceiptRow>,
    check: String,
}

#[derive(Debug, Serialize)]
struct ReceiptRow {
    href: String,
    heading: &'static str,
    app: String,
    at: String,
}

impl Page for ReceiptsPage {
    const TEMPLATE: &'static str = "receipts/list.html";

    fn title(&self) -> String {
        "Receipts".to_owned()
    }
}

pub(super) async fn list(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let entries = store::list(feature.db.pool(), session.person, None, None).await?;
    let links = feature.web.links();
    let line = |entry: &ReceiptAuditEntry| ReceiptRow {
        href: links.receipt(entry.id),
        heading: entry.deed.heading(),
        app: entry.app_name().to_owned(),
        at: feature.web.date_and_time(entry.at),
    };
    Ok(context.render(&ReceiptsPage {
        receipts: entries.iter().map(line).collect(),
        check: links.check_receipt(),
    }))
}

/// A receipt as its page shows it.
#[derive(Debug, Serialize)]
struct ReceiptView {
    heading: &'static str,
    number: String,
    at: String,
    issuer: String,
    person: String,
    username: String,
    app: Option<ReceiptAppView>,
    parts: Vec<ReceiptScopeView>,
    how_to_withdraw: String,
    seal: String,
}

#[derive(Debug, Serialize)]
struct ReceiptAppView {
    name: String,
    run_by: Option<String>,
    client_id: String,
}

/// A scope, and its fields in the receipt.
#[derive(Debug, Serialize)]
struct ReceiptScopeView {
    title: &'static str,
    fields: Vec<&'static str>,
}

impl ReceiptView {
    fn of(receipt: &Receipt, web: &Web) -> Self {
        let fields: Vec<Field> = receipt
            .fields
            .iter()
            .filter_map(|name| Field::named(name))
            .collect();
        let parts = Scope::all().filter_map(|scope| {
            let row = scope.row();
            let of_scope = row.fields.iter().filter(|field| fields.contains(field));
            let of_scope: Vec<_> = of_scope.map(|field| field.row().label).collect();
            let is_named = receipt.scopes.iter().any(|name| name == row.name);
            (is_named || !of_scope.is_empty()).then_some(ReceiptScopeView {
                title: row.title,
                fields: of_scope,
            })
        });
        Self {
            heading: receipt.deed.heading(),
            number: receipt.number.to_string(),
            at: web.date_and_time(receipt.at),
            issuer: receipt.issuer.clone(),
            person: receipt.person.name.clone(),
            username: receipt.person.username.clone(),
            app: receipt.app.as_ref().map(|app| ReceiptAppView {
                name: app.name.clone(),
                run_by: app.run_by.clone(),
                client_id: app.client_id.clone(),
            }),
            parts: parts.collect(),
            how_to_withdraw: receipt.how_to_withdraw.clone(),
            seal: receipt.seal.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct ReceiptPage {
    receipt: ReceiptView,
    file: String,
    check: String,
}

impl Page for ReceiptPage {
    const TEMPLATE: &'static str = "receipts/show.html";

    fn title(&self) -> String {
        "Receipt".to_owned()
    }
}

pub(super) async fn show(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    id: Result<Path<AuditId>, PathRejection>,
) -> Result<Response, PageError> {
    let receipt = find(&feature, session.person, id).await?;
    let links = feature.web.links();
    Ok(context.render(&ReceiptPage {
        receipt: ReceiptView::of(&receipt, &feature.web),
        file: links.receipt_file(receipt.number),
        check: links.absolute(&links.check_receipt()),
    }))
}

pub(super) async fn download(
    State(feature): State<Feature>,
    SignedIn { session, .. }: SignedIn,
    id: Result<Path<AuditId>, PathRejection>,
) -> Result<Response, PageError> {
    let receipt = find(&feature, session.person, id).await?;
    let name = format!("attachment; filename=\"receipt-{}.json\"", receipt.number);
    let name = HeaderValue::try_from(name).map_err(PageError::internal)?;
    let text = serde_json::to_string_pretty(&receipt).map_err(PageError::internal)?;
    let kind = HeaderValue::from_static("application/json");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

/// The receipt of the person with this number.
async fn find(
    feature: &Feature,
    person: PersonId,
    id: Result<Path<AuditId>, PathRejection>,
) -> Result<Receipt, PageError> {
    let Path(id) = id.map_err(|_| PageError::not_found())?;
    let found = store::list(feature.db.pool(), person, None, Some(id)).await?;
    let entry = found.into_iter().next().ok_or_else(PageError::not_found)?;
    let person = records::find(feature.db.pool(), person).await?;
    let person = person.ok_or_else(PageError::not_found)?;
    Ok(feature.receipt(entry, &person))
}

impl Feature {
    fn receipt(&self, entry: ReceiptAuditEntry, person: &Person) -> Receipt {
        let links = self.web.links();
        let connected = links.absolute(&links.connected_apps());
        self.receipt_key.sign(Receipt {
            issuer: links.issuer(),
            number: entry.id,
            deed: entry.deed,
            at: entry.at,
            person: ReceiptPerson {
                id: person.id,
                username: person.username.clone(),
                name: person.full_name(),
            },
            app: entry.app_facts,
            scopes: entry.scopes.names(),
            fields: entry.fields.names(),
            how_to_withdraw: format!(
                "Open {connected}, sign in, and remove the access of the app, or of a single field. It ends at once."
            ),
            seal: String::new(),
        })
    }
}

#[derive(Debug, Serialize)]
struct CheckReceiptPage {
    action: String,
    text: PastedReceipt,
    genuine: Option<ReceiptView>,
}

/// The pasted text, and its error.
#[derive(Debug, Default, Serialize)]
struct PastedReceipt {
    value: String,
    error: Option<&'static str>,
    locked: bool,
}

impl Page for CheckReceiptPage {
    const TEMPLATE: &'static str = "receipts/check.html";

    fn title(&self) -> String {
        "Check a receipt".to_owned()
    }
}

const FORGED: &str = "This receipt is not genuine: it was changed, or was not issued by this \
                      service.";
const UNREADABLE: &str = "This is not a receipt. Paste the full content of the file \
                          receipt-….json.";

/// Public: checking a receipt needs no account.
pub(super) async fn ask_check(State(feature): State<Feature>, context: PageContext) -> Response {
    context.render(&CheckReceiptPage {
        action: feature.web.links().check_receipt(),
        text: PastedReceipt::default(),
        genuine: None,
    })
}

pub(super) async fn check(State(feature): State<Feature>, sent: CsrfMultipartForm) -> Response {
    let CsrfMultipartForm {
        context,
        form,
        files,
    } = sent;
    let file = files.into_iter().find(|file| file.field == "file");
    let text = match file {
        Some(file) => {
            let content = file.content.unwrap_or_default();
            String::from_utf8_lossy(&content).into_owned()
        }
        None => form.text("text").to_owned(),
    };
    let read = serde_json::from_str::<Receipt>(&text);
    let error = match &read {
        Ok(receipt) if feature.receipt_key.verify(receipt) => None,
        Ok(_) => Some(FORGED),
        Err(_) => Some(UNREADABLE),
    };
    let status = match error {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let genuine = read.ok().filter(|_| error.is_none());
    let page = CheckReceiptPage {
        action: feature.web.links().check_receipt(),
        genuine: genuine.map(|receipt| ReceiptView::of(&receipt, &feature.web)),
        text: PastedReceipt {
            value: text,
            error,
            locked: false,
        },
    };
    context.render_with_status(status, &page)
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let line = || ReceiptRow {
            href: "/user/receipts/1/".to_owned(),
            heading: "You allowed",
            app: "Mess Menu".to_owned(),
            at: "21 Nov 2026, 18:05".to_owned(),
        };
        let list = |receipts| ReceiptsPage {
            receipts,
            check: "/user/receipts/check/".to_owned(),
        };
        let show = |full| ReceiptPage {
            receipt: shown(full),
            file: "/user/receipts/1/receipt.json".to_owned(),
            check: "http://localhost/user/receipts/check/".to_owned(),
        };
        let check = |error, genuine| CheckReceiptPage {
            action: "/user/receipts/check/".to_owned(),
            text: PastedReceipt {
                value: "{}".to_owned(),
                error,
                locked: false,
            },
            genuine,
        };
        vec![
            PageSample::of(&list(vec![])),
            PageSample::of(&list(vec![line()])),
            PageSample::of(&show(false)),
            PageSample::of(&show(true)),
            PageSample::of(&check(None, None)),
            PageSample::of(&check(Some(FORGED), None)),
            PageSample::of(&check(None, Some(shown(true)))),
        ]
    }

    fn shown(full: bool) -> ReceiptView {
        ReceiptView {
            heading: "You allowed",
            number: "1".to_owned(),
            at: "21 Nov 2026, 18:05".to_owned(),
            issuer: "http://localhost".to_owned(),
            person: "Asha D’Souza".to_owned(),
            username: "asha".to_owned(),
            app: full.then(|| ReceiptAppView {
                name: "Mess Menu".to_owned(),
                run_by: Some("meera".to_owned()),
                client_id: "abc".to_owned(),
            }),
            parts: vec![
                ReceiptScopeView {
                    title: "Something",
                    fields: vec!["One", "Two"],
                },
                ReceiptScopeView {
                    title: "Something to do",
                    fields: vec![],
                },
            ],
            how_to_withdraw: "Remove access".to_owned(),
            seal: "1.abc".to_owned(),
        }
    }
}
