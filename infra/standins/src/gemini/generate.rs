//! `generateContent`, `streamGenerateContent` and `countTokens`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Path, State},
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    Gemini, answer,
    control::{On, Said, strike},
    errors::ApiError,
    questions::Answering,
    request::GenerateContent,
    version_of,
};
use crate::server::{self, Cut};

/// <https://ai.google.dev/gemini-api/docs/file-input-methods>: inline data up to 100 MB.
const MAX_BODY: usize = 100 * 1024 * 1024;

/// Form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    ServerSentEvents,
    JsonArray,
}

pub(super) async fn call(
    State(state): State<Arc<Gemini>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    uri: http::Uri,
    Path(call): Path<String>,
    body: Body,
) -> Response {
    let Some((model, method)) = call.split_once(':') else {
        return ApiError::no_such_method().into_response();
    };
    let sse = uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    let form = match method {
        "streamGenerateContent" if sse => Form::ServerSentEvents,
        "streamGenerateContent" => Form::JsonArray,
        _ => Form::Whole,
    };
    let answer = answered(&state, &cut, &uri, model, method, form, body).await;
    answer.unwrap_or_else(|error| match form {
        Form::JsonArray => error.into_array_response(),
        Form::Whole | Form::ServerSentEvents => error.into_response(),
    })
}

async fn answered(
    state: &Gemini,
    cut: &Cut,
    uri: &http::Uri,
    model: &str,
    method: &str,
    form: Form,
    body: Body,
) -> Result<Response, ApiError> {
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| {
        let message = format!("Request payload size exceeds the limit: {MAX_BODY} bytes.");
        ApiError::invalid_argument(message)
    })?;
    let version = version_of(uri);
    let beta_only = version == "v1" && model.ends_with("-latest");
    if !model.starts_with("gemini-") || beta_only {
        return Err(ApiError::no_such_model(model, version, method));
    }
    match method {
        "countTokens" => return count_tokens(state, &body),
        "generateContent" | "streamGenerateContent" => {}
        _ => return Err(ApiError::no_such_method()),
    }
    let request = GenerateContent::parse(state, &body)?;
    let text = String::from_utf8_lossy(&body);
    let asked = request.question();
    let _under_way = asked
        .as_ref()
        .map(|(_, text)| Answering::begin(state, text));
    let question = asked.map(|(question, _)| question);
    let said = Said {
        body: &text,
        model,
        question: question.as_ref(),
    };
    let fault = match strike(state, cut, On::Generate, uri, said).await {
        Ok(fault) => fault,
        Err(response) => return Ok(response),
    };
    let settings = state.settings();
    server::pause(Duration::from_millis(settings.generate_ms)).await;
    let answer = answer::answer(
        &request,
        question.as_ref(),
        &settings,
        &body,
        fault.as_ref(),
    );
    Ok(match form {
        Form::Whole => Json(answer.whole()).into_response(),
        Form::ServerSentEvents => events(&answer.pieces()),
        Form::JsonArray => Json(Value::Array(answer.pieces())).into_response(),
    })
}

fn events(pieces: &[Value]) -> Response {
    let events: Vec<Result<String, Infallible>> = pieces
        .iter()
        .map(|piece| Ok(format!("data: {piece}\r\n\r\n")))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(events));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn count_tokens(state: &Gemini, body: &[u8]) -> Result<Response, ApiError> {
    let request = GenerateContent::parse_count(state, body)?;
    let tokens = request.prompt_tokens(state.settings().video_duration_s);
    Ok(Json(json!({
        "totalTokens": tokens.total(),
        "promptTokensDetails": answer::details(tokens),
    }))
    .into_response())
}
