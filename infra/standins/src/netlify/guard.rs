//! Checks of every call before its operation: authentication and faults.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    Netlify,
    control::{On, Own},
    errors::ApiError,
};
use crate::{
    request::is_authorized,
    server::{self, Cut},
};

const MAX_BODY: usize = 100 * 1024 * 1024;

/// Middleware: checks a call and applies its faults.
pub(super) async fn guard(
    State(state): State<Arc<Netlify>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let settings = state.settings();
    server::pause(Duration::from_millis(settings.latency_ms)).await;
    let header = request.headers().get("authorization");
    if !header.is_some_and(|header| is_authorized(header, settings.token.as_deref())) {
        return ApiError::access_denied().into_response();
    }
    let on = On::from_call(request.method().as_str(), request.uri().path());
    let own = |Own::RateLimited { retry_after_s }| Some(ApiError::rate_limited(retry_after_s));
    let call = (request, next);
    let response = state.faults.run((on, On::Any), MAX_BODY, call, &cut, own);
    let response = response.await;
    response.unwrap_or_else(|| ApiError::too_large().into_response())
}
