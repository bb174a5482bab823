use axum::{
    Json, Router,
    extract::{Path, Query, rejection::PathRejection},
    http::StatusCode,
    routing::get,
};
use serde::Deserialize;

use crate::{
    companion::{ActionItem, COMPANION, Chapter, Companion},
    problem::Problem,
    search::{chapter_at, chapters_with},
};

/// Query of `GET /chapters`.
#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

pub fn router() -> Router {
    Router::new()
        .route("/", get(companion))
        .route("/chapters", get(chapters))
        .route("/chapters/at/{second}", get(at))
        .route("/action-items", get(action_items))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "nothing is here") })
}

async fn companion() -> Json<Companion> {
    Json(COMPANION)
}

async fn chapters(Query(search): Query<Search>) -> Json<Vec<&'static Chapter>> {
    Json(chapters_with(COMPANION.chapters, &search.q))
}

async fn at(second: Result<Path<f64>, PathRejection>) -> Result<Json<&'static Chapter>, Problem> {
    let Path(second) = second
        .map_err(|_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the second is a number"))?;
    chapter_at(COMPANION.chapters, second)
        .map(Json)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no chapter at that second"))
}

async fn action_items() -> Json<&'static [ActionItem]> {
    Json(COMPANION.action_items)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use serde_json::{Value, json};
    use tower_service::Service;

    use super::*;

    async fn call(path: &str) -> (StatusCode, Value) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router().call(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_companion_is_served() {
        let (status, body) = call("/").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, json!(COMPANION));
    }

    #[tokio::test]
    async fn chapters_are_found_by_their_words() {
        assert_eq!(call("/chapters").await.1, json!(COMPANION.chapters));
        assert_eq!(call("/chapters?q=zzzz+qqqq").await.1, json!([]));
    }

    #[tokio::test]
    async fn action_items_are_served() {
        let (_, body) = call("/action-items").await;
        assert_eq!(body, json!(COMPANION.action_items));
    }

    #[tokio::test]
    async fn what_goes_wrong_is_a_problem_document() {
        for (path, status) in [
            ("/chapters/at/soon", StatusCode::UNPROCESSABLE_ENTITY),
            ("/chapters/at/999999999", StatusCode::NOT_FOUND),
            ("/nowhere", StatusCode::NOT_FOUND),
        ] {
            let (answered, body) = call(path).await;
            assert_eq!(answered, status, "{path}");
            assert_eq!(body["status"], status.as_u16(), "{path}");
        }
    }
}
