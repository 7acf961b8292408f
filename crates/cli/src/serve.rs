//! `overread serve`: the page in a plain browser, for tests and for looking at it. Loopback only; every request
//! carries a random token, names this host, and comes from this origin.

use std::collections::HashMap;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use overread_desk::wire::error::WireError;
use overread_desk::{Cancel, Desk, Failure};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{Outcome, Trouble};

struct Server {
    desk: Arc<Desk>,
    token: String,
    host: String,
    page: PathBuf,
    jobs: Mutex<HashMap<String, Cancel>>,
}

type Shared = Arc<Server>;

/// Serves until it is killed; prints the page's address on the first line.
pub(crate) fn serve(desk: Desk, port: u16, page: PathBuf) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::failed(format!("The server could not start: {error}.")))?;
    runtime.block_on(run(desk, port, page))
}

async fn run(desk: Desk, port: u16, page: PathBuf) -> Outcome {
    let failed = |error: std::io::Error| Trouble::failed(format!("The server could not start: {error}."));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let token = token();
    println!("http://{address}/?server&token={token}");
    let server = Arc::new(Server {
        desk: Arc::new(desk),
        token,
        host: address.to_string(),
        page,
        jobs: Mutex::default(),
    });
    let router = Router::new()
        .route("/api/call/{operation}", post(call))
        .route("/api/start/{job}", post(start))
        .route("/api/cancel/{id}", post(cancel))
        .route("/api/pick/{kind}", post(pick))
        .route("/res/{*path}", get(resource))
        .fallback(get(file))
        .with_state(server);
    axum::serve(listener, router).await.map_err(failed)
}

/// 128 bits from the system's hasher keys: enough to keep other pages of this machine out of a test server.
fn token() -> String {
    use std::hash::{BuildHasher, Hasher};
    (0..2).fold(String::new(), |text, _| {
        let state = std::collections::hash_map::RandomState::new();
        text + &format!("{:016x}", state.build_hasher().finish())
    })
}

fn refuse(server: &Server, headers: &HeaderMap, query: &HashMap<String, String>) -> Result<(), Response> {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let origin = headers.get(header::ORIGIN).and_then(|h| h.to_str().ok());
    let own = format!("http://{}", server.host);
    let right = query.get("token") == Some(&server.token)
        && host == Some(server.host.as_str())
        && origin.is_none_or(|origin| origin == own);
    if right {
        Ok(())
    } else {
        Err((StatusCode::FORBIDDEN, "wrong token, host or origin").into_response())
    }
}

fn failure(error: WireError) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response()
}

fn broke_off() -> Response {
    failure(Failure {
        code: "desk.broke_off".to_owned(),
        message: "The desk broke off this request.".to_owned(),
        hint: String::new(),
    })
}

type Parameters = Query<HashMap<String, String>>;

async fn call(
    State(server): State<Shared>,
    Path(operation): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    Json(arguments): Json<Value>,
) -> Response {
    if let Err(refused) = refuse(&server, &headers, &query) {
        return refused;
    }
    let desk = Arc::clone(&server.desk);
    match tokio::task::spawn_blocking(move || desk.call(&operation, arguments)).await {
        Ok(Ok(value)) => Json(value).into_response(),
        Ok(Err(error)) => failure(error),
        Err(_) => broke_off(),
    }
}

async fn start(
    State(server): State<Shared>,
    Path(job): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    Json(arguments): Json<Value>,
) -> Response {
    if let Err(refused) = refuse(&server, &headers, &query) {
        return refused;
    }
    let id = query.get("id").cloned().unwrap_or_default();
    let cancel = Cancel::default();
    jobs(&server).insert(id.clone(), cancel.clone());
    let (sender, mut receiver) = mpsc::unbounded_channel::<Bytes>();
    let running = Arc::clone(&server);
    tokio::task::spawn_blocking(move || {
        let send = |event: Value| {
            // A page that went away no longer listens; the job still ends and what it found is kept.
            drop(sender.send(Bytes::from(event.to_string() + "\n")));
        };
        if let Err(error) = running.desk.start(&job, arguments, &send, &cancel) {
            let mut event = serde_json::to_value(error).unwrap_or_default();
            event["event"] = Value::from("failed");
            send(event);
        }
        jobs(&running).remove(&id);
    });
    let stream = async_stream(move |context| receiver.poll_recv(context));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body(Body::from_stream(stream))
        .unwrap_or_else(|_| broke_off())
}

/// A stream of chunks from a poll function.
fn async_stream(
    poll: impl FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<Bytes>> + Send + 'static,
) -> impl futures_core::Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static {
    struct Chunks<F>(F);
    impl<F> futures_core::Stream for Chunks<F>
    where
        F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<Bytes>> + Unpin,
    {
        type Item = Result<Bytes, std::convert::Infallible>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            (self.0)(context).map(|chunk| chunk.map(Ok))
        }
    }
    Chunks(Box::new(poll))
}

fn jobs(server: &Server) -> std::sync::MutexGuard<'_, HashMap<String, Cancel>> {
    server.jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn cancel(
    State(server): State<Shared>,
    Path(id): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = refuse(&server, &headers, &query) {
        return refused;
    }
    if let Some(cancel) = jobs(&server).get(&id) {
        cancel.cancel();
    }
    Json(Value::Null).into_response()
}

/// Answers a dialog from the environment.
async fn pick(
    State(server): State<Shared>,
    Path(kind): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = refuse(&server, &headers, &query) {
        return refused;
    }
    let chosen = std::env::var_os(format!("OVERREAD_PICK_{}", kind.to_uppercase())).map(PathBuf::from);
    let kind = serde_json::from_value(Value::from(kind)).ok();
    Json(chosen.map(|path| server.desk.picked(kind, &path))).into_response()
}

async fn resource(
    State(server): State<Shared>,
    Path(path): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = refuse(&server, &headers, &query) {
        return refused;
    }
    let desk = Arc::clone(&server.desk);
    match tokio::task::spawn_blocking(move || desk.resource(&path)).await {
        Ok(Ok(found)) => ([(header::CONTENT_TYPE, found.content_type)], found.bytes).into_response(),
        Ok(Err(error)) => failure(error),
        Err(_) => broke_off(),
    }
}

/// The page's own files: no secret, so no token; nothing outside the folder.
async fn file(State(server): State<Shared>, request: axum::http::Uri) -> Response {
    let path = request.path().trim_start_matches('/');
    let path = FilePath::new(if path.is_empty() { "index.html" } else { path });
    if path.components().any(|c| !matches!(c, Component::Normal(_))) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = match path.extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    match std::fs::read(server.page.join(path)) {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
