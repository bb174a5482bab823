//! What every call meets before its operation: who asks, and what is to go wrong.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;

use super::{
    Vercel,
    control::{On, Own},
    errors::ApiError,
};
use crate::server::{self, Cut, seconds_since_1970};

/// Bytes of a body: an uploaded file may have 100 MB.
const LONGEST_BODY: usize = 100 * 1024 * 1024;

/// Middleware: lets through whoever may call, unless something is to go wrong.
pub(super) async fn guard(
    State(state): State<Arc<Vercel>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let settings = state.settings();
    server::pause(Duration::from_millis(settings.latency_ms)).await;
    let on = On::of(request.method().as_str(), request.uri().path());
    if let Err(error) = admit(request.headers(), settings.token.as_deref()) {
        return error.into_response();
    }
    let query = request.uri().query().unwrap_or_default();
    let team = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "teamId")
        .map(|(_, team)| team.into_owned());
    if settings.team.is_some() && team.is_some() && team != settings.team {
        return ApiError::not_authorised().into_response();
    }
    let own = |fault| {
        Some(match fault {
            Own::RateLimited { retry_after_s } => {
                ApiError::rate_limited(retry_after_s, seconds_since_1970())
            }
            Own::Unauthorized {} => ApiError::unauthorised().into_response(),
        })
    };
    let call = (request, next);
    let faults = &state.faults;
    let answered = faults.let_through((on, On::Any), LONGEST_BODY, call, &cut, own);
    let answered = answered.await;
    answered.unwrap_or_else(|| ApiError::too_large().into_response())
}

fn admit(headers: &HeaderMap, valid: Option<&str>) -> Result<(), ApiError> {
    let header = headers.get("authorization");
    let header = header.ok_or_else(ApiError::missing_token)?;
    match server::is_bearer_of(header, valid) {
        true => Ok(()),
        false => Err(ApiError::invalid_token()),
    }
}
