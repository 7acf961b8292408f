//! The `overread` scheme: bytes of the desk by opaque address, for the window's own page alone.

use std::sync::Arc;

use overread_desk::Desk;
use tauri::http::{Request, Response, StatusCode, header};

/// The page's origin where it is served: the scheme's answers are for it and nobody else.
fn origin(request: &Request<Vec<u8>>) -> Option<&str> {
    let origin = request.headers().get(header::ORIGIN)?.to_str().ok()?;
    let own = ["tauri://localhost", "http://tauri.localhost"];
    let development = cfg!(debug_assertions) && origin == "http://localhost:5173";
    (own.contains(&origin) || development).then_some(origin)
}

/// Answers one request.
pub(crate) fn answer(desk: &Arc<Desk>, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let mut response = Response::builder().header("X-Content-Type-Options", "nosniff");
    if let Some(origin) = origin(request) {
        response = response.header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    let (status, content_type, body) = match desk.resource(&path) {
        Ok(resource) => (StatusCode::OK, resource.content_type, resource.bytes),
        Err(error) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "application/json",
            serde_json::to_vec(&error).unwrap_or_default(),
        ),
    };
    response
        .status(status)
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
        .unwrap_or_else(|_| Response::new(Vec::new()))
}
