use super::super::tests::{KEY, assert_is, client};
use super::*;
use crate::HttpClient;
use crate::UpstreamGuard;
use eventrelay_testing::{Reply, Responder};

const FILE: &str = r#"{"name":"files/abc123","displayName":"s.mp4","mimeType":"video/mp4","sizeBytes":"20971525",
    "createTime":"2026-11-24T08:00:00Z","expirationTime":"2026-11-26T08:00:00Z","sha256Hash":"YWJj",
    "uri":"https://generativelanguage.googleapis.com/v1beta/files/abc123","state":"ACTIVE","source":"UPLOADED",
    "videoMetadata":{"videoDuration":"12.3s"}}"#;
const START: UploadStart<'_> = UploadStart {
    name: "files/abc123",
    display_name: "s.mp4",
    mime_type: "video/mp4",
    size_bytes: 600_000,
};

async fn file_server(status: u16, body: &'static str) -> Responder {
    Responder::start(move |_| Reply::new(status, body)).await
}

#[tokio::test]
async fn an_upload_goes_over_the_wire_as_the_official_sdks_send_it() {
    let server = Responder::start(|seen| {
        let host = seen.header("host");
        let session = format!("http://{host}/upload/s?upload_id=XYZ&upload_protocol=resumable");
        match seen.header(COMMAND) {
            "start" => Reply::new(200, "").header("x-goog-upload-url", session),
            "upload" => Reply::new(200, "").header(STATUS, "active"),
            "query" => Reply::new(200, "")
                .header(STATUS, "active")
                .header("x-goog-upload-size-received", "524288"),
            _ => Reply::new(200, format!(r#"{{"file":{FILE}}}"#)).header(STATUS, "final"),
        }
    })
    .await;
    let gemini = client(&server);
    let session = gemini.start_upload(&START).await.unwrap();
    let chunk = Bytes::from(vec![7; 524_288]);
    let outcome = gemini
        .upload_chunk(&session, 0, chunk, false)
        .await
        .unwrap();
    assert_eq!(outcome, ChunkOutcome::Active);
    assert_eq!(gemini.query_upload(&session).await.unwrap(), Some(524_288));
    let rest = Bytes::from(vec![7; 600_000 - 524_288]);
    let outcome = gemini
        .upload_chunk(&session, 524_288, rest, true)
        .await
        .unwrap();
    let ChunkOutcome::Final(file) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (file.name.as_str(), file.duration_s),
        ("files/abc123", Some(12.3))
    );
    assert_eq!(
        (file.state, file.size_bytes),
        (FileState::Active, Some(20_971_525))
    );

    let seen = server.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/upload/v1beta/files")
    );
    for (name, value) in [
        ("x-goog-api-key", KEY),
        ("x-goog-upload-protocol", "resumable"),
        ("x-goog-upload-command", "start"),
        ("x-goog-upload-header-content-length", "600000"),
        ("x-goog-upload-header-content-type", "video/mp4"),
        ("x-goog-upload-file-name", "s.mp4"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(seen[0].header(name), value, "{name}");
    }
    assert_is("CreateFileRequest", &seen[0].body);
    let sent: Vec<_> = seen[1..]
        .iter()
        .map(|s| {
            (
                s.header(COMMAND),
                s.header("x-goog-upload-offset"),
                s.body.len(),
            )
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("upload", "0", 524_288),
            ("query", "", 0),
            ("upload, finalize", "524288", 75_712)
        ]
    );
    assert!(
        seen[1..]
            .iter()
            .all(|s| s.path == "/upload/s?upload_id=XYZ&upload_protocol=resumable")
    );
    assert!(seen.iter().all(|s| !s.path.contains(KEY)));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_name_that_cannot_be_a_header_is_only_in_the_body() {
    let server = Responder::start(|_| Reply::new(200, "")).await;
    let start = UploadStart {
        display_name: "a\r\nx-evil: 1",
        ..START
    };
    client(&server).start_upload(&start).await.unwrap_err();
    assert_eq!(server.seen()[0].header("x-goog-upload-file-name"), "");
    assert_eq!(server.seen()[0].header("x-evil"), "");
    assert_is("CreateFileRequest", &server.seen()[0].body);
}

#[test]
fn an_upload_is_not_directed_elsewhere() {
    let base = "https://generativelanguage.googleapis.com".parse().unwrap();
    let gemini = Gemini::new(
        HttpClient::new().unwrap(),
        base,
        "v1beta",
        KEY.into(),
        UpstreamGuard::open(),
    );
    for good in [
        "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=a",
        "https://eu-storage.googleapis.com/upload",
    ] {
        assert_eq!(gemini.resume_upload(good).unwrap().url().as_str(), good);
    }
    for bad in [
        "",
        "/upload/v1beta/files",
        "http://generativelanguage.googleapis.com/upload",
        "https://googleapis.com.evil.example/",
        "https://evilgoogleapis.com/",
        "https://googleapis.com@evil.example/",
        "https://user@generativelanguage.googleapis.com/",
        "https://generativelanguage.googleapis.com:8443/",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/",
        "file:///etc/passwd",
    ] {
        assert!(gemini.resume_upload(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_session_hides_its_url_from_the_log() {
    let server = file_server(200, "").await;
    let url = server.url.join("/u?upload_id=SECRET").unwrap();
    let session = client(&server).resume_upload(url.as_str()).unwrap();
    assert!(!format!("{session:?}").contains("SECRET"));
}

#[tokio::test]
async fn an_upload_that_does_not_end_as_it_should_is_an_error() {
    for (status, last) in [("active", true), ("cancelled", false), ("", true)] {
        let server = Responder::start(move |_| Reply::new(200, "{}").header(STATUS, status)).await;
        let gemini = client(&server);
        let session = gemini.resume_upload(server.url.as_str()).unwrap();
        let outcome = gemini.upload_chunk(&session, 0, Bytes::new(), last).await;
        assert!(
            matches!(outcome, Err(Error::UpstreamMalformed { .. })),
            "{status} {outcome:?}"
        );
    }
    let server = file_server(404, "").await;
    let session = client(&server).resume_upload(server.url.as_str()).unwrap();
    let outcome = client(&server)
        .upload_chunk(&session, 0, Bytes::new(), true)
        .await;
    assert!(matches!(outcome, Err(Error::FileGone)), "{outcome:?}");
}

#[tokio::test]
async fn an_upload_that_is_over_has_no_offset() {
    let server = Responder::start(|_| Reply::new(200, "").header(STATUS, "final")).await;
    let session = client(&server).resume_upload(server.url.as_str()).unwrap();
    assert_eq!(client(&server).query_upload(&session).await.unwrap(), None);
    let server = Responder::start(|_| Reply::new(200, "").header(STATUS, "active")).await;
    let session = client(&server).resume_upload(server.url.as_str()).unwrap();
    assert!(client(&server).query_upload(&session).await.is_err());
}

#[tokio::test]
async fn a_files_states_are_told_apart() {
    for (state, expected) in [
        ("PROCESSING", FileState::Processing),
        ("ACTIVE", FileState::Active),
        ("FAILED", FileState::Failed),
        ("THAWING", FileState::Other("THAWING".to_owned())),
    ] {
        let body = format!(r#"{{"name":"files/a","state":"{state}","error":{{"message":"m"}}}}"#);
        let server = Responder::start(move |_| Reply::new(200, body.clone())).await;
        let file = client(&server).get_file("files/a").await.unwrap();
        assert_eq!((file.state, file.error.as_deref()), (expected, Some("m")));
        assert_eq!(server.seen()[0].path, "/v1beta/files/a");
        assert_eq!(server.seen()[0].header("x-goog-api-key"), KEY);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_gone_and_its_deletion_is_done() {
    for status in [403, 404] {
        let server = file_server(status, r#"{"error":{"message":"You do not have permission to access the File a or it may not exist."}}"#).await;
        let file = client(&server).get_file("files/a").await;
        assert!(matches!(file, Err(Error::FileGone)), "{file:?}");
        client(&server).delete_file("files/a").await.unwrap();
    }
    let server = file_server(200, "{}").await;
    client(&server).delete_file("files/a").await.unwrap();
    assert_eq!(server.seen()[0].method, "DELETE");
    let server = file_server(500, "").await;
    assert!(client(&server).delete_file("files/a").await.is_err());
}

#[tokio::test]
async fn a_name_that_is_not_a_files_reaches_nothing() {
    let server = file_server(200, "{}").await;
    for name in [
        "",
        "files/",
        "files/..",
        "files/a/b",
        "files/a?b",
        "models/a",
        "a",
    ] {
        assert!(client(&server).delete_file(name).await.is_err(), "{name}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_no_file_is_malformed() {
    for body in ["", "<html>", "[]", r#"{"name":7}"#] {
        let server = file_server(200, body).await;
        let file = client(&server).get_file("files/a").await;
        assert!(
            matches!(file, Err(Error::UpstreamMalformed { .. })),
            "{body} {file:?}"
        );
    }
}

#[test]
fn a_description_has_bounds() {
    let with = |name: &str, uri: usize, mime_type: usize| {
        let (uri, mime_type) = ("u".repeat(uri), "m".repeat(mime_type));
        let wire = serde_json::json!({"name": name, "uri": uri, "mimeType": mime_type});
        serde_json::from_value::<File>(wire)
    };
    assert!(with("files/a-1", MAX_URI_LENGTH, MAX_MEDIA_TYPE_LENGTH).is_ok());
    assert!(with("files/a", MAX_URI_LENGTH + 1, 1).is_err());
    assert!(with("files/a", 1, MAX_MEDIA_TYPE_LENGTH + 1).is_err());
    for name in [
        "",
        "files/",
        "a",
        "files/../models",
        "files/a/b",
        "files/a?key=b",
    ] {
        assert!(with(name, 1, 1).is_err(), "{name}");
    }
}

#[tokio::test]
async fn files_are_listed_page_by_page() {
    let server = Responder::start(|seen| {
        let next = r#""nextPageToken":"a+b/c=""#;
        match seen.path.as_str() {
            "/v1beta/files?pageSize=100" => Reply::new(
                200,
                format!(r#"{{"files":[{{"name":"a/b"}},{FILE}],{next}}}"#),
            ),
            // An empty page is an empty object.
            "/v1beta/files?pageSize=100&pageToken=a%2Bb%2Fc%3D" => Reply::new(200, "{}"),
            other => Reply::new(404, other.to_owned()),
        }
    })
    .await;
    let first = client(&server).list_files(None).await.unwrap();
    let file = &first.files[0];
    assert_eq!(file.display_name.as_deref(), Some("s.mp4"));
    let created_at = file.created_at.unwrap();
    assert_eq!(created_at.rfc3339(), "2026-11-24T08:00:00Z");
    let token = first.next_page_token.unwrap();
    let last = client(&server).list_files(Some(&token)).await.unwrap();
    assert_eq!(last, FilePage::default());
    assert_eq!(server.seen()[1].header("x-goog-api-key"), KEY);
}

#[tokio::test]
async fn a_list_that_is_refused_is_an_error_and_no_missing_file() {
    for (status, body) in [(403, ""), (404, ""), (500, ""), (200, "[]"), (200, "")] {
        let server = file_server(status, body).await;
        let listed = client(&server).list_files(None).await;
        assert!(
            !matches!(listed, Ok(_) | Err(Error::FileGone)),
            "{status} {body}"
        );
    }
}
