//! Bodies and what they are said to be.

use eventrelay_tests::Stack;

use super::{JSON, problem, send};

pub(crate) fn nested(open: &str, close: &str, levels: usize) -> Vec<u8> {
    format!(
        "{{\"videos\":{}1{}}}",
        open.repeat(levels),
        close.repeat(levels)
    )
    .into_bytes()
}

pub(crate) async fn bodies(stack: &Stack) {
    let malformed = |place: &str| format!("The body is not JSON: error at {place}.");
    let large = format!("{{\"url\":\"{}\"}}", "a".repeat(5 * 1024 * 1024));
    let values = format!("{{\"videos\":[{}1]}}", "1,".repeat(10_000));
    let cases: Vec<(&str, Vec<u8>, u16, &str, String)> = vec![
        (
            "nothing",
            vec![],
            400,
            "malformed-body",
            malformed("line 1, column 0"),
        ),
        (
            "a list",
            b"[]".to_vec(),
            400,
            "malformed-body",
            "The body is not a JSON object.".into(),
        ),
        (
            "a text",
            b"\"url\"".to_vec(),
            400,
            "malformed-body",
            "The body is not a JSON object.".into(),
        ),
        (
            "cut off",
            b"{\"url\":".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 7"),
        ),
        (
            "two",
            b"{}{}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 3"),
        ),
        (
            "a byte order mark",
            b"\xef\xbb\xbf{}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 1"),
        ),
        (
            "UTF-16",
            "{}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            400,
            "malformed-body",
            malformed("line 1, column 2"),
        ),
        (
            "a lone surrogate",
            b"{\"url\":\"\\ud800\"}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 15"),
        ),
        (
            "a NUL",
            b"{\"url\":\"\0\"}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 9"),
        ),
        (
            "NaN",
            b"{\"start_s\":NaN}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 12"),
        ),
        (
            "Infinity",
            b"{\"start_s\":-Infinity}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 13"),
        ),
        (
            "a number beyond all",
            b"{\"start_s\":1e999}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 16"),
        ),
        (
            "a member twice",
            b"{\"url\":\"dQw4w9WgXcQ\",\"\\u0075rl\":\"x\"}".to_vec(),
            400,
            "malformed-body",
            "The body has a member twice: at line 1, column 36.".into(),
        ),
        (
            "deep lists",
            nested("[", "]", 100_000),
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 18.".into(),
        ),
        (
            "deep objects",
            nested("{\"a\":", "}", 100_000),
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 46.".into(),
        ),
        (
            "open lists alone",
            vec![b'['; 1_000_000],
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 9.".into(),
        ),
        (
            "many values",
            values.into_bytes(),
            400,
            "malformed-body",
            "The body has too many values: at line 1, column 20007.".into(),
        ),
        (
            "a large body",
            large.into_bytes(),
            413,
            "too-large",
            "The request body, whose maximum is 5,242,880 bytes, is larger than can be processed."
                .into(),
        ),
    ];
    for (what, body, status, slug, detail) in cases {
        let path = if what.contains("deep") || what == "many values" {
            "/v1/videos/batch"
        } else {
            "/v1/videos"
        };
        let (got, kind, problem) = problem(send(stack, path, &[JSON], body).await, what);
        assert_eq!((got, kind.as_str()), (status, slug), "{what}");
        assert_eq!(problem["detail"], detail, "{what}");
    }
    // A gateway hands over what is no text as bytes, or with another character in its place.
    let no_text = send(stack, "/v1/videos", &[JSON], b"{\"url\":\"\xff\"}".to_vec()).await;
    let (status, slug, _) = problem(no_text, "no UTF-8");
    let refusals = [(400, "malformed-body"), (422, "not-a-video")];
    assert!(
        refusals.contains(&(status, slug.as_str())),
        "{status} {slug}"
    );
    // More than Lambda takes is the gateway's to refuse.
    let beyond = send(stack, "/v1/videos", &[JSON], vec![b' '; 7_000_000]).await;
    assert_eq!(beyond.status.as_u16(), 413);
}

pub(crate) async fn content_types(stack: &Stack) {
    let body = || b"{}".to_vec();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "text/json")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json, text/html")],
        &[JSON, ("content-type", "text/html")],
        &[JSON, JSON],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
    ] {
        let what = format!("{headers:?}");
        let (status, kind, _) = problem(send(stack, "/v1/videos", headers, body()).await, &what);
        assert_eq!(
            (status, kind.as_str()),
            (415, "unsupported-media-type"),
            "{what}"
        );
    }
    // Bodies with the media type of JSON that are not JSON.
    for other in [
        "<html></html>",
        "url=dQw4w9WgXcQ",
        "\u{1f}\u{8b}",
        "%PDF-1.7",
    ] {
        let (status, kind, _) = problem(
            send(stack, "/v1/videos", &[JSON], other.into()).await,
            other,
        );
        assert_eq!((status, kind.as_str()), (400, "malformed-body"), "{other}");
    }
    // JSON under its own name, however it is written, is read: the field is what is wrong.
    for name in [
        "application/json",
        "Application/JSON;charset=\"UTF-8\"",
        "application/json; v=1",
    ] {
        let headers = [("content-type", name)];
        let (status, kind, problem) =
            problem(send(stack, "/v1/videos", &headers, body()).await, name);
        assert_eq!((status, kind.as_str()), (422, "invalid-input"), "{name}");
        assert_eq!(problem["field"], "url");
    }
}
