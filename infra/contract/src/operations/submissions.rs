//! From a request to a job.

use eventrelay::error::Problem;
use serde_json::json;

use super::{READ, WRITE};
use crate::{
    operation::Operation,
    responses::{accepted, json as body, parameter},
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        submit_video(),
        submit_batch(),
        submit_playlist(),
        create_upload(),
        get_job(),
        cancel_job(),
    ]
}

/// A video whose last job has failed a moment ago is answered with what that failed by.
fn may_have_failed_before(operation: Operation) -> Operation {
    let never = [
        "malformed-body",
        "unsupported-media-type",
        "not-acceptable",
        "unauthorized",
        "forbidden",
        "precondition-failed",
        "too-many-requests",
        "method-not-allowed",
        "not-a-playlist",
        "playlist-not-found",
        "failed-before",
    ];
    let failures = Problem::ALL.iter().filter(|one| !never.contains(&one.slug));
    failures.fold(operation, |operation, problem| {
        operation.problems(problem.status, &[problem.slug])
    })
}

fn submit_video() -> Operation {
    let operation = Operation::new(
        ("post", "/v1/videos"),
        "submitVideo",
        "Submissions",
        "Submit a video",
        WRITE,
    )
    .about(
        "Answers 200 with the link where there is a fresh analysis, else 202 with the job that \
         makes one. The same video submitted at the same time is one job. A video whose last job \
         failed a moment ago is answered with the problem that it failed by.",
    )
    .body(
        "Submission",
        &[
            (
                "youtube",
                "A video of YouTube",
                json!({"url": "https://www.youtube.com/watch?v=jNQXAC9IVRw"}),
            ),
            (
                "part",
                "A part of it, in German, for at most 20 cents",
                json!({
                    "url": "https://youtu.be/jNQXAC9IVRw", "start_s": 0, "end_s": 90.5,
                    "language": "de", "resolution": "low", "max_cost_usd": 0.2,
                }),
            ),
            (
                "recording",
                "A recording that was uploaded",
                json!({"upload_id": UPLOAD}),
            ),
            (
                "transcript",
                "With the words that are spoken, as WebVTT or SRT",
                json!({
                    "url": "https://youtu.be/jNQXAC9IVRw",
                    "transcript": "WEBVTT\n\n00:00.000 --> 00:04.000\nAll right, so here we are.\n",
                    "force": true,
                }),
            ),
        ],
    )
    .ok(body("There is a fresh analysis", "ReadyVideo")
        .header("Content-Location")
        .link(
            "analysis",
            "getVideo",
            json!({"video_id": "$response.body#/video_id"}),
        ))
    .with(
        202,
        accepted("AnalysisJob").link(
            "analysis",
            "getVideo",
            json!({"video_id": "$response.body#/video_id"}),
        ),
    );
    may_have_failed_before(operation)
}

fn submit_batch() -> Operation {
    Operation::new(
        ("post", "/v1/videos/batch"),
        "submitBatch",
        "Submissions",
        "Submit up to fifty videos",
        WRITE,
    )
    .about(
        "One answer for each video, in their order: the status that it would have had alone, and \
         the analysis, the job or the problem. What is wrong with one does not concern the others.",
    )
    .body(
        "Batch",
        &[(
            "mixed",
            "URLs and submissions",
            json!({"videos": [
                "https://youtu.be/jNQXAC9IVRw",
                {"url": "https://youtu.be/dQw4w9WgXcQ", "language": "en"},
            ]}),
        )],
    )
    .ok(body("An answer for each", "BatchResult"))
}

fn submit_playlist() -> Operation {
    Operation::new(
        ("post", "/v1/playlists"),
        "submitPlaylist",
        "Submissions",
        "Submit every video of a playlist",
        WRITE,
    )
    .about(
        "202 with the job that goes through the playlist, page by page. What is asked holds for \
         each of its videos. Needs a key of the YouTube Data API in the deployment.",
    )
    .body(
        "Playlist",
        &[(
            "playlist",
            "A playlist",
            json!({
                "url": "https://www.youtube.com/playlist?list=PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI",
                "resolution": "low",
            }),
        )],
    )
    .with(202, accepted("PlaylistJob"))
    .problems(422, &["not-a-playlist"])
    .problems(501, &["not-configured"])
}

fn create_upload() -> Operation {
    Operation::new(
        ("post", "/v1/uploads"),
        "createUpload",
        "Submissions",
        "Be allowed to upload a recording",
        WRITE,
    )
    .about(
        "A presigned `PUT` with size, type and hash bound into it, good for an hour. Send the \
         bytes to `upload.url` with exactly `upload.headers`, then submit `upload_id`. The same \
         file is the same upload.",
    )
    .body(
        "Recording",
        &[(
            "talk",
            "A recording of 182 kB",
            json!({
                "file_name": "talk.mp4", "content_type": "video/mp4", "size_bytes": 182_044,
                "sha256": UPLOAD,
            }),
        )],
    )
    .with(201, body("Where to put it, and how", "Upload"))
}

fn get_job() -> Operation {
    Operation::new(
        ("get", "/v1/jobs/{job_id}"),
        "getJob",
        "Jobs",
        "See how far a job is",
        READ,
    )
    .about(
        "`kind` says what it does: it analyses a video, makes a project, deploys one, goes the whole \
         way from a video to software, or works on many videos. `Retry-After` says when to ask \
         again; it is missing once the job has ended.",
    )
    .parameter(parameter("JobId"))
    .ok(body("The job", "Job").maybe("Retry-After"))
    .may_miss()
}

fn cancel_job() -> Operation {
    Operation::new(
        ("delete", "/v1/jobs/{job_id}"),
        "cancelJob",
        "Jobs",
        "Give a job up",
        WRITE,
    )
    .about("What has ended stays as it is, and is shown; what was done stays done.")
    .parameter(parameter("JobId"))
    .ok(body("The job", "Job").maybe("Retry-After"))
    .may_miss()
    .problems(409, &["conflict"])
}

/// Id of an upload in examples.
const UPLOAD: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
