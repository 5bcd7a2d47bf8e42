//! The OpenAPI 3.1 document of the user API and its OAuth endpoints.

use serde_json::{Map, Value, json};

use crate::people::fields::{FIELDS, FieldKind, FieldRow};
use crate::platform::links::Links;
use crate::protocol::scope::SCOPES;

pub(super) fn document(links: &Links) -> Value {
    let scopes: Map<String, Value> = SCOPES
        .iter()
        .map(|row| (row.name.to_owned(), row.title.into()))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Profiles",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What people allow an app to know about them.",
        },
        "servers": [{ "url": links.issuer() }],
        "paths": {
            "/user/api/user/": { "get": read_person() },
            "/user/api/user/send_mail/": { "post": send_mail() },
        },
        "components": {
            "schemas": { "Person": person(), "Problem": problem(), "Mail": mail() },
            "securitySchemes": { "oauth2": {
                "type": "oauth2",
                "flows": { "authorizationCode": {
                    "authorizationUrl": links.absolute(&links.authorize()),
                    "tokenUrl": links.absolute(&links.token()),
                    "refreshUrl": links.absolute(&links.token()),
                    "scopes": scopes,
                } },
            } },
        },
    })
}

fn read_person() -> Value {
    let names: Vec<&str> = FIELDS.iter().map(|row| row.name).collect();
    let json_of = |schema: &str| json!({ "application/json": { "schema": { "$ref": schema } } });
    let error = |text: &str| json!({ "description": text, "content": json_of("#/components/schemas/Problem") });
    json!({
        "summary": "Read the user who signed in",
        "operationId": "readPerson",
        "security": [{ "oauth2": [crate::protocol::grants::REQUIRED_SCOPE.name()] }],
        "parameters": [{
            "name": "fields",
            "in": "query",
            "description": "Fields to read, separated by commas. Fields that the user did not allow are left out.",
            "style": "form",
            "explode": false,
            "schema": { "type": "array", "items": { "type": "string", "enum": names } },
        }],
        "responses": {
            "200": {
                "description": "The user ID, and the requested fields that the user allowed",
                "content": json_of("#/components/schemas/Person"),
            },
            "400": error("A field that does not exist"),
            "401": error("No token, or one that has ended"),
            "403": error("A token without the scope this needs"),
            "503": error("Not available right now: come back after Retry-After"),
        },
    })
}

fn send_mail() -> Value {
    let reference = |schema: &str| json!({ "$ref": schema });
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let error = |text: &str| json!({ "description": text, "content": json_of(reference("#/components/schemas/Problem")) });
    let retry_after =
        json!({ "Retry-After": { "schema": { "type": "integer" }, "description": "Seconds" } });
    let mut too_many_requests = error("Enough for now: come back after Retry-After");
    if let Some(members) = too_many_requests.as_object_mut() {
        members.insert("headers".to_owned(), retry_after);
    }
    json!({
        "summary": "Send mail to the user who signed in, without seeing their address",
        "operationId": "sendMail",
        "security": [{ "oauth2": [crate::protocol::scope::Scope::SendMail.name()] }],
        "requestBody": {
            "required": true,
            "content": {
                "application/json": { "schema": reference("#/components/schemas/Mail") },
                "application/x-www-form-urlencoded": { "schema": reference("#/components/schemas/Mail") },
            },
        },
        "responses": {
            "200": {
                "description": "Whether the mail server took it. No promise that it is read.",
                "content": json_of(json!({
                    "type": "object",
                    "required": ["Message-ID", "status"],
                    "properties": { "Message-ID": { "type": "string" }, "status": { "type": "boolean" } },
                })),
            },
            "400": {
                "description": "What is wrong, by field, all of it at once",
                "content": json_of(json!({ "type": "object" })),
            },
            "401": error("No token, or one that has ended"),
            "403": error("The token does not have the required scope, or the user removed the permission"),
            "415": error("Neither JSON nor a form"),
            "429": too_many_requests,
            "503": error("Not available right now: come back after Retry-After"),
        },
    })
}

fn mail() -> Value {
    json!({
        "type": "object",
        "required": ["subject", "message", "reply_to"],
        "properties": {
            "subject": { "type": "string", "minLength": 1, "maxLength": 200, "description": "One line" },
            "message": { "type": "string", "minLength": 1, "description": "Plain text, 64 KiB of UTF-8 at most" },
            "reply_to": {
                "type": "array",
                "maxItems": 20,
                "items": { "type": "string", "format": "email" },
                "description": "Where answers go; if empty, to the app's contact address, if it has one",
            },
        },
    })
}

fn problem() -> Value {
    json!({ "type": "object", "required": ["detail"], "properties": { "detail": { "type": "string" } } })
}

fn person() -> Value {
    let properties: Map<String, Value> = FIELDS
        .iter()
        .map(|row| (row.name.to_owned(), property(row)))
        .collect();
    json!({ "type": "object", "required": ["id"], "properties": properties })
}

fn property(row: &FieldRow) -> Value {
    let mut schema = schema(row.kind);
    if let (true, Some(members)) = (row.nullable, schema.as_object_mut()) {
        let kind = members.get("type").cloned().unwrap_or_default();
        members.insert("type".to_owned(), json!([kind, "null"]));
        if let Some(Value::Array(words)) = members.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    let example: Value = serde_json::from_str(row.example).unwrap_or_default();
    let scope = SCOPES
        .iter()
        .find(|scope| scope.fields.contains(&row.field));
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), row.meaning.into());
        members.insert("examples".to_owned(), json!([example]));
        members.insert("x-scope".to_owned(), scope.map(|scope| scope.name).into());
    }
    schema
}

fn schema(kind: FieldKind) -> Value {
    let text = json!({ "type": ["string", "null"] });
    let number = json!({ "type": "integer" });
    let object = |members: Value| {
        let required: Vec<String> = members
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        json!({ "type": "object", "required": required, "properties": members })
    };
    let list = |members: Value| json!({ "type": "array", "items": object(members) });
    let year = json!({ "type": ["integer", "null"] });
    match kind {
        FieldKind::Integer => number,
        FieldKind::Text | FieldKind::Picture => json!({ "type": "string" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Sex => json!({ "type": "string", "enum": ["male", "female", "other"] }),
        FieldKind::Contacts => list(json!({ "id": number, "number": { "type": "string" } })),
        FieldKind::Emails => list(json!({ "id": number, "email": { "type": "string" } })),
        FieldKind::Address => object(json!({
            "id": number, "room": text, "hostel": text, "hostel_name": text,
        })),
        FieldKind::Programme => object(json!({
            "id": number,
            "department": text, "department_name": text,
            "join_year": year, "graduation_year": year,
            "degree": text, "degree_name": text,
        })),
    }
}
