//! Checks of every call before its operation: authentication and faults.

use std::{sync::Arc, time::Duration};

use super::{
    Vercel,
    control::{On, Own},
    errors::ApiError,
};
use crate::{
    request::{is_authorized, query_value},
    server::{self, Cut},
};
use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Maximum size of a body. An uploaded file may have 100 MB.
const MAX_BODY: usize = 100 * 1024 * 1024;

/// Middleware: checks a call and applies its faults.
pub(super) async fn guard(
    State(state): State<Arc<Vercel>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let settings = state.settings();
    server::pause(Duration::from_millis(settings.latency_ms)).await;
    let on = On::from_call(request.method().as_str(), request.uri().path());
    match request.headers().get("authorization") {
        None => return ApiError::missing_token().into_response(),
        Some(header) if !is_authorized(header, settings.token.as_deref()) => {
            return ApiError::invalid_token().into_response();
        }
        Some(_) => {}
    }
    let team = query_value(request.uri(), "teamId");
    if settings.team.is_some() && team.is_some() && team != settings.team {
        return ApiError::not_authorised().into_response();
    }
    let own = |fault| {
        Some(match fault {
            Own::RateLimited { retry_after_s } => ApiError::rate_limited(retry_after_s),
            Own::Unauthorized {} => ApiError::unauthorised().into_response(),
        })
    };
    let call = (request, next);
    let response = state.faults.run((on, On::Any), MAX_BODY, call, &cut, own);
    let response = response.await;
    response.unwrap_or_else(|| ApiError::too_large().into_response())
}
