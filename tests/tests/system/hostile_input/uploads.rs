//! Recordings that are none, and their names.

use eventrelay_tests::{Response, Stack};
use reqwest::Method;
use serde_json::json;
use sha2::Digest;

use super::problem;

/// Puts bytes under a type and submits them.
pub(crate) async fn submit(stack: &Stack, bytes: &[u8], content_type: &str) -> Response {
    let sha256 = hex::encode(sha2::Sha256::digest(bytes));
    let body = json!({"file_name": "a.mp4", "content_type": content_type,
        "size_bytes": bytes.len(), "sha256": sha256});
    let granted = stack
        .post("/v1/uploads", body)
        .await
        .unwrap()
        .expect(201)
        .json();
    assert_eq!(granted["uploaded"], false, "{content_type}");
    let id = stack.put_upload(&granted, bytes.to_vec()).await.unwrap();
    let body = json!({"upload_id": id});
    stack.post("/v1/videos", body).await.unwrap()
}

pub(crate) async fn uploads(stack: &Stack) {
    for (bytes, content_type) in [
        (
            &b"<!DOCTYPE html><script>alert(1)</script>"[..],
            "video/mp4",
        ),
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 a document of some length",
            "video/mp4",
        ),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0 an archive of some length",
            "video/webm",
        ),
        (
            b"\x7fELF\x02\x01\x01\0 a program of some length",
            "audio/mpeg",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic a picture", "video/mp4"),
        (b"x", "video/mp4"),
        // Recordings, but not those that they are said to be.
        (
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
            "video/mp4",
        ),
        (
            b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
            "audio/mpeg",
        ),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "video/avi"),
    ] {
        let what = format!("{} as {content_type}", bytes.escape_ascii());
        let (status, kind, problem) = problem(submit(stack, bytes, content_type).await, &what);
        assert_eq!((status, kind.as_str()), (422, "upload-mismatch"), "{what}");
        let detail = problem["detail"].as_str().unwrap();
        let start = "The uploaded recording differs from what was announced in its type: it ";
        assert!(detail.starts_with(start), "{detail}");
    }
    // A brand of MP4 that another encoder writes, and the same file put again under its own type.
    let mov = b"\0\0\0\x14ftypqt  \0\0\x02\0qt  \0\0\0\x08wide";
    let (status, kind, _) = problem(submit(stack, mov, "video/webm").await, "MOV as WebM");
    assert_eq!((status, kind.as_str()), (422, "upload-mismatch"));
    assert_eq!(submit(stack, mov, "video/mp4").await.status.as_u16(), 202);
}

/// The upload is signed for the media type as its caller writes it, and any name of the type is the
/// same type.
pub(crate) async fn media_types(stack: &Stack) {
    let webm = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm of a browser";
    let sha256 = hex::encode(sha2::Sha256::digest(webm));
    let create = async |content_type: &str| {
        let body = json!({"file_name": "a.webm", "content_type": content_type,
            "size_bytes": webm.len(), "sha256": sha256});
        let granted = stack.post("/v1/uploads", body).await.unwrap();
        granted.expect(201).json()
    };
    let recorded = "Video/WebM; codecs=\"vp9, opus\"";
    let granted = create(recorded).await;
    assert_eq!(granted["upload"]["headers"]["content-type"], recorded);
    assert_eq!(submit(stack, webm, recorded).await.status.as_u16(), 202);
    for (content_type, uploaded) in [
        ("video/webm;codecs=vp9,opus", true),
        ("video/x-matroska", true),
        ("audio/webm", false),
    ] {
        assert_eq!(
            create(content_type).await["uploaded"],
            uploaded,
            "{content_type}"
        );
    }
}

/// Titles that are not what they look like, from a file's name and from the platform.
pub(crate) async fn names(stack: &Stack) {
    let bytes = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 a recording";
    let sha256 = hex::encode(sha2::Sha256::digest(bytes));
    let name = format!(
        "\u{202e}gnp.exe\u{2066} <b>Cafe\u{301}</b>\u{e0041} {}.mp4",
        "\u{335}".repeat(30)
    );
    let body = json!({"file_name": name, "content_type": "video/mp4",
        "size_bytes": bytes.len(), "sha256": sha256});
    let granted = stack
        .post("/v1/uploads", body)
        .await
        .unwrap()
        .expect(201)
        .json();
    let put = &granted["upload"];
    for (_, value) in put["headers"].as_object().unwrap() {
        assert!(value.as_str().unwrap().is_ascii(), "{put}");
    }
    let id = stack.put_upload(&granted, bytes.to_vec()).await.unwrap();
    let job = stack.run(json!({"upload_id": id})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let analysis = stack
        .get_json(job["links"]["video"].as_str().unwrap())
        .await
        .unwrap();
    let title = analysis["video"]["title"].as_str().unwrap();
    assert_eq!(
        title,
        format!("gnp.exe <b>Caf\u{e9}</b> {}", "\u{335}".repeat(8))
    );

    let url = format!(
        "{}/_control/videos/dQw4w9WgXcQ",
        stack.ready.standins.youtube
    );
    let title = "Free\u{200b}\u{202e}\u{0} \n# money\u{2028}[x](javascript:alert(1)) \u{feff}";
    stack
        .control(Method::PUT, url, json!({"title": title}))
        .await
        .unwrap();
    let transcript = "WEBVTT\n\n00:01.000 --> 00:04.000\nToday we build a web server in Rust.\n";
    let job = stack
        .run(json!({"url": "dQw4w9WgXcQ", "transcript": transcript}))
        .await
        .unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let link = job["links"]["video"].as_str().unwrap();
    let analysis = stack.get_json(link).await.unwrap();
    assert_eq!(
        analysis["video"]["title"],
        "Free # money [x](javascript:alert(1))"
    );
    let accept = [("accept", "text/markdown")];
    let page = stack
        .call(Method::GET, link, &accept, None)
        .await
        .unwrap()
        .expect(200)
        .text();
    let first = page.lines().next().unwrap();
    assert_eq!(first, r"# Free \# money \[x\](javascript:alert(1))");
}
