//! The user of the token, and its rate limit.

use std::{sync::Arc, time::Instant};

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{
    GitHub,
    control::Plan,
    wire::{extend, timestamp},
};

pub(super) async fn get(State(state): State<Arc<GitHub>>) -> Json<Value> {
    let (user, settings) = (state.user(), state.settings());
    let repositories = &state.state().repositories;
    let own = || {
        let own = |login: &str| login.eq_ignore_ascii_case(&user.login);
        let all = repositories.all();
        all.filter(move |repository| own(&repository.owner.login))
    };
    let private = own().filter(|repository| repository.private).count();
    let began = timestamp(time::OffsetDateTime::UNIX_EPOCH);
    let (name, repositories_of_plan) = match settings.plan {
        Plan::Free => ("free", 10_000),
        Plan::Pro => ("pro", 9_999),
    };
    let mut body = state.wire().user(&user);
    extend(
        &mut body,
        json!({
            "user_view_type": "private",
            "name": user.login,
            "company": null,
            "blog": "",
            "location": null,
            "email": null,
            "notification_email": null,
            "hireable": null,
            "bio": null,
            "twitter_username": null,
            "public_repos": own().count() - private,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": began,
            "updated_at": began,
            "private_gists": 0,
            "total_private_repos": private,
            "owned_private_repos": private,
            "disk_usage": 0,
            "collaborators": 0,
            "two_factor_authentication": true,
            "plan": {
                "name": name,
                "space": 976_562_499,
                "collaborators": 0,
                "private_repos": repositories_of_plan,
            },
        }),
    );
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
