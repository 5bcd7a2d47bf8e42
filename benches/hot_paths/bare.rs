//! The bare program: the house's statements behind three routes, and as little else as can be. No limits,
//! no log, no sessions, no protocol beyond what these requests need.

use std::collections::HashMap;
use std::io::stdin;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row as _};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::statements::Statements;

/// With this argument the benchmark is this program.
pub(crate) const COMMAND: &str = "bare";
/// As many as the house has.
const CONNECTIONS: u32 = 24;
const SEEN_EVERY_SECONDS: f64 = 60.0;

struct Bare {
    pool: PgPool,
    statements: Statements,
}

type Parameters = HashMap<String, String>;
type Answer = Result<Json<Value>, StatusCode>;

/// The database's address comes on standard input, its own goes to standard error.
pub(crate) async fn serve() {
    let mut database = String::new();
    stdin().read_line(&mut database).unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_lazy(database.trim())
        .unwrap();
    let bare = Bare {
        pool,
        statements: Statements::read(),
    };
    let router = Router::new()
        .route("/user/api/user/", get(read))
        .route("/oauth/token/", post(token))
        .with_state(Arc::new(bare));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("listening on http://{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

async fn read(
    State(it): State<Arc<Bare>>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Answer {
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|it| it.to_str().ok());
    let token = header.and_then(|it| it.strip_prefix("Bearer "));
    let row = sqlx::query(it.statements.find_access)
        .bind(token_hash(token.ok_or(StatusCode::UNAUTHORIZED)?))
        .bind(OffsetDateTime::now_utc())
        .bind(SEEN_EVERY_SECONDS)
        .fetch_optional(&it.pool)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let row = row
        .filter(|row| row.get("stands!"))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let (fields, allowed): (Vec<String>, Vec<String>) =
        (row.get("fields"), row.get("grant_fields"));
    let mut person: Map<String, Value> = match row.get("person!: Json<Person>") {
        Value::Object(person) => person,
        _ => return Err(StatusCode::INTERNAL_SERVER_ERROR),
    };
    // Of the programme an app is not told how we know it.
    if let Some(Value::Object(programme)) = person.get_mut("program") {
        programme.remove("is_inferred");
    }
    let asked = query.get("fields").map_or("", String::as_str);
    let asked: Vec<&str> = asked.split(',').chain(["id"]).collect();
    person.retain(|name, _| {
        asked.contains(&name.as_str()) && fields.contains(name) && allowed.contains(name)
    });
    Ok(Json(Value::Object(person)))
}

async fn token(State(it): State<Arc<Bare>>, Form(form): Form<Parameters>) -> Answer {
    let given = |name: &str| form.get(name).map_or("", String::as_str);
    let client = sqlx::query(it.statements.list_clients)
        .bind([given("client_id")])
        .fetch_optional(&it.pool)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let client = client.ok_or(StatusCode::UNAUTHORIZED)?;
    let secrets: Vec<Vec<u8>> = client.get("fingerprints!");
    let ids: Vec<Uuid> = client.get("secret_ids!");
    let proof = token_hash(given("client_secret"));
    let proved = secrets.iter().position(|stored| *stored == proof);
    let proved = ids[proved.ok_or(StatusCode::UNAUTHORIZED)?];
    let kept = if form.contains_key("code") {
        it.exchange(given("code"), proved).await
    } else {
        it.refresh(given("refresh_token"), proved).await
    };
    kept.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?
        .ok_or(StatusCode::BAD_REQUEST)
}

impl Bare {
    async fn exchange(&self, code: &str, proved: Uuid) -> sqlx::Result<Option<Json<Value>>> {
        let code = token_hash(code);
        let mut connection = self.pool.acquire().await?;
        let facts = sqlx::query(self.statements.find_code).bind(&code);
        let facts = facts.fetch_optional(&mut *connection).await?;
        let is_fresh = |used_at: Option<OffsetDateTime>| used_at.is_none();
        let Some(facts) = facts.filter(|it| it.get("stands!") && is_fresh(it.get("used_at")))
        else {
            return Ok(None);
        };
        let pair = NewPair::of(facts.get("scopes"), facts.get("fields"));
        let kept = sqlx::query(self.statements.use_code).bind(code);
        pair.keep(kept, proved)
            .fetch_one(&mut *connection)
            .await
            .map(|row| pair.answer(&row))
    }

    async fn refresh(&self, token: &str, proved: Uuid) -> sqlx::Result<Option<Json<Value>>> {
        let mut connection = self.pool.acquire().await?;
        let facts = sqlx::query(self.statements.find_pair)
            .bind(token_hash(token))
            .bind(false);
        let facts = facts.fetch_optional(&mut *connection).await?;
        let is_live = |rotated_at: Option<OffsetDateTime>| rotated_at.is_none();
        let Some(facts) = facts.filter(|it| it.get("stands!") && is_live(it.get("rotated_at")))
        else {
            return Ok(None);
        };
        let pair = NewPair::of(facts.get("scopes"), facts.get("fields"));
        let kept = sqlx::query(self.statements.rotate).bind(facts.get::<Uuid, _>("id"));
        pair.keep(kept, proved)
            .fetch_one(&mut *connection)
            .await
            .map(|row| pair.answer(&row))
    }
}

struct NewPair {
    access: String,
    refresh: String,
    scopes: Vec<String>,
    fields: Vec<String>,
}

type Statement = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

impl NewPair {
    fn of(scopes: Vec<String>, fields: Vec<String>) -> Self {
        let mint = || {
            rand::random::<[u8; 32]>()
                .map(|byte| format!("{byte:02x}"))
                .concat()
        };
        Self {
            access: mint(),
            refresh: mint(),
            scopes,
            fields,
        }
    }

    /// Binds all but the first parameter: `use_code` and `rotate` take the same.
    fn keep(&self, statement: Statement, proved: Uuid) -> Statement {
        statement
            .bind(OffsetDateTime::now_utc())
            .bind(Uuid::now_v7())
            .bind(token_hash(&self.access))
            .bind(token_hash(&self.refresh))
            .bind(self.scopes.clone())
            .bind(self.fields.clone())
            .bind(proved)
            .bind(SEEN_EVERY_SECONDS)
    }

    fn answer(&self, row: &sqlx::postgres::PgRow) -> Option<Json<Value>> {
        let answer = json!({
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": 36_000,
            "refresh_token": self.refresh,
            "scope": self.scopes.join(" "),
            "fields": self.fields,
        });
        (row.get::<i64, _>("kept!") == 1).then_some(Json(answer))
    }
}

fn token_hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
