//! The user of the token, and its rate limit.

use std::{sync::Arc, time::Instant};

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{GitHub, control::Plan, wire};
use crate::json::extend;

pub(super) async fn get(State(state): State<Arc<GitHub>>) -> Json<Value> {
    let (user, settings) = (state.user(), state.settings());
    let repositories = &state.state().repositories;
    let own = || {
        let own = |login: &str| login.eq_ignore_ascii_case(&user.login);
        let all = repositories.all();
        all.filter(move |repository| own(&repository.owner.login))
    };
    let private = own().filter(|repository| repository.private).count();
    let (name, repositories_of_plan) = match settings.plan {
        Plan::Free => ("free", 10_000),
        Plan::Pro => ("pro", 9_999),
    };
    let mut body = wire::user(&state.base_url, &user);
    extend(&mut body, wire::authenticated_user());
    let more = json!({
        "name": user.login,
        "public_repos": own().count() - private,
        "total_private_repos": private,
        "owned_private_repos": private,
        "plan": {
            "name": name,
            "space": 976_562_499,
            "collaborators": 0,
            "private_repos": repositories_of_plan,
        },
    });
    extend(&mut body, more);
    Json(body)
}

pub(super) async fn rate_limit(State(state): State<Arc<GitHub>>) -> Json<Value> {
    let bounds = state.settings().limits;
    let standing = state.state().limits.standing(&bounds, Instant::now());
    let rate = json!({
        "limit": standing.limit,
        "used": standing.used,
        "remaining": standing.remaining(),
        "reset": standing.reset,
    });
    let search = json!({"limit": 30, "used": 0, "remaining": 30, "reset": standing.reset});
    Json(json!({"resources": {"core": rate, "search": search}, "rate": rate}))
}
