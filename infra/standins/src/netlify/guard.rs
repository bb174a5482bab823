//! What every call meets before its operation: who asks, and what is to go wrong.

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
use crate::server::{self, Cut, seconds_since_1970};

/// Bytes of a body.
const LONGEST_BODY: usize = 100 * 1024 * 1024;

/// Middleware: lets through whoever may call, unless something is to go wrong.
pub(super) async fn guard(
    State(state): State<Arc<Netlify>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let settings = state.settings();
    server::pause(Duration::from_millis(settings.latency_ms)).await;
    let header = request.headers().get("authorization");
    if !header.is_some_and(|header| server::is_bearer_of(header, settings.token.as_deref())) {
        return ApiError::access_denied().into_response();
    }
    let on = On::of(request.method().as_str(), request.uri().path());
    let own = |Own::RateLimited { retry_after_s }| {
        Some(ApiError::rate_limited(retry_after_s, seconds_since_1970()))
    };
    let call = (request, next);
    let faults = &state.faults;
    let answered = faults.let_through((on, On::Any), LONGEST_BODY, call, &cut, own);
    let answered = answered.await;
    answered.unwrap_or_else(|| ApiError::too_large().into_response())
}
