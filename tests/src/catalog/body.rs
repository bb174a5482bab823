//! Bodies of analyses, each with a different text.
//!
//! All have the same length and are as compressible as real ones: 20 kB become some 7.3 kB, packed
//! in parts.

use crate::words::sentence;
use eventrelay::store::packed::{self, Packed};
use fastrand::Rng;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Length of a body before compression, in bytes.
pub const LENGTH: usize = 20_000;

/// Length of a body that is too large for the index even when compressed.
pub const LARGE_LENGTH: usize = 120_000;

#[derive(Clone, Debug)]
pub struct Body {
    /// Body as a reader receives it.
    pub plain: String,
    /// Body as it is stored.
    pub packed: Packed,
    /// Hexadecimal SHA-256 of `plain`.
    pub etag: String,
}

/// Returns the body of a video, which depends on its id and length alone.
#[must_use]
pub fn body(id: &str, length: usize) -> Body {
    let seed = id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut rng = Rng::with_seed(seed);
    let frame = json!({ "summary": "", "transcript": [], "events": [], "actions": [] });
    let mut document = frame;
    document["schema_version"] = "1".into();
    document["video"] = json!({
        "id": format!("yt:{id}"), "platform": "youtube", "title": sentence(&mut rng, 6),
        "url": format!("https://www.youtube.com/watch?v={id}"), "duration_s": 1800.0,
    });
    // The summary fills the length that whole parts leave.
    let mut left = length - document.to_string().len();
    let mut tenths = 0;
    while left > 1_000 {
        tenths += rng.u32(20..120);
        let at_s = f64::from(tenths) / 10.0;
        let (list, part) = match rng.u8(0..10) {
            0 => ("events", event(&mut rng, at_s)),
            1 => ("actions", action(&mut rng, at_s)),
            _ => ("transcript", segment(&mut rng, at_s)),
        };
        left -= part.to_string().len() + 1;
        if let Some(parts) = document[list].as_array_mut() {
            parts.push(part);
        }
    }
    let mut summary = sentence(&mut rng, 1_000);
    let missing = length - document.to_string().len();
    summary.truncate(missing);
    document["summary"] = summary.into();
    // The identifying members come first, as in documents of the worker.
    let head = json!({"video": document["video"]}).to_string();
    if let Some(members) = document.as_object_mut() {
        members.remove("schema_version");
        members.remove("video");
    }
    let (head, rest) = (&head[1..head.len() - 1], &document.to_string()[1..]);
    let plain = format!("{{\"schema_version\":\"1\",{head},{rest}");
    let packed = packed::pack(&plain).unwrap_or_else(|error| panic!("{error}"));
    Body {
        etag: hex::encode(Sha256::digest(&plain)),
        plain,
        packed,
    }
}

fn segment(rng: &mut Rng, at_s: f64) -> Value {
    json!({ "start_s": at_s, "end_s": at_s.ceil() + 4.0, "text": sentence(rng, 14) })
}

fn event(rng: &mut Rng, at_s: f64) -> Value {
    json!({
        "id": format!("evt_{:016x}", rng.u64(..)), "type": "insight", "title": sentence(rng, 6),
        "description": sentence(rng, 20), "at_s": at_s, "confidence": f64::from(rng.u32(50..100)) / 100.0,
    })
}

fn action(rng: &mut Rng, at_s: f64) -> Value {
    json!({
        "id": format!("act_{:016x}", rng.u64(..)), "title": sentence(rng, 6), "priority": "medium",
        "description": sentence(rng, 20), "category": "build", "estimated_minutes": 10, "at_s": at_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_differ_but_in_length() {
        let (one, other) = (body("AAAAAAAAAAA", LENGTH), body("AAAAAAAAAAE", LENGTH));
        for body in [&one, &other] {
            assert_eq!(body.plain.len(), LENGTH);
            let _: Value = serde_json::from_str(&body.plain).unwrap();
        }
        assert_ne!(one.etag, other.etag);
        assert_eq!(one.etag, body("AAAAAAAAAAA", LENGTH).etag);
        let common = one.plain.bytes().zip(other.plain.bytes());
        assert!(common.filter(|(a, b)| a == b).count() < LENGTH / 2);
    }

    #[test]
    fn bodies_compress_as_analyses_do() {
        let small = body("AAAAAAAAAAA", LENGTH).packed.gzip.len();
        assert!((7_000..8_000).contains(&small), "{small}");
        let large = body("AAAAAAAAAAA", LARGE_LENGTH).packed.gzip.len();
        assert!(
            large > eventrelay::store::rows::INLINE_LIMIT,
            "{large} bytes fit into the index"
        );
    }
}
