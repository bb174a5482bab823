//! What every call meets before its operation: who asks, and what is to go wrong.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;

use super::{
    Vercel,
    control::{Fault, On, Own},
    errors::ApiError,
};
use crate::{
    accidents::After,
    server::{self, Cut},
};

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
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return ApiError::too_large().into_response();
    };
    if let Err(error) = admit(&head.headers, settings.token.as_deref()) {
        return error.into_response();
    }
    let (path, text) = (head.uri.to_string(), String::from_utf8_lossy(&body));
    let mut after = After::default();
    while let Some(fault) = state.faults.take_for(on, On::Any, &path, &text) {
        let ended = match fault {
            Fault::OfTheWay(accident) => accident.strike(&cut, &mut after).await,
            Fault::OfVercel(Own::RateLimited { retry_after_s }) => {
                Some(ApiError::rate_limited(retry_after_s, seconds_since_1970()))
            }
            Fault::OfVercel(Own::Unauthorized {}) => Some(ApiError::unauthorised().into_response()),
        };
        if let Some(response) = ended {
            return response;
        }
    }
    let team = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "teamId")
        .map(|(_, team)| team.into_owned());
    if settings.team.is_some() && team.is_some() && team != settings.team {
        return ApiError::not_authorised().into_response();
    }
    let request = Request::from_parts(head, Body::from(body.clone()));
    let response = next.run(request).await;
    after.befall(response, &cut).await
}

fn admit(headers: &HeaderMap, valid: Option<&str>) -> Result<(), ApiError> {
    let header = headers.get("authorization");
    let header = header.ok_or_else(ApiError::missing_token)?;
    let token = header.to_str().unwrap_or_default().strip_prefix("Bearer ");
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    let good = token.is_some_and(|token| match valid {
        Some(valid) => valid == token,
        None => token != "invalid",
    });
    match good {
        true => Ok(()),
        false => Err(ApiError::invalid_token()),
    }
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
