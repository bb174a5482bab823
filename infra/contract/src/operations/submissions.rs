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

/// Adds all problems that a recent job of the video may have failed with.
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
        "Returns 200 with a link if a fresh analysis exists, or else 202 with the job that \
         makes one. Concurrent submissions of a video share one job. If a recent job for the \
         video failed, returns the problem that it failed with.",
    )
    .body(
        "Submission",
        &[
            (
                "youtube",
                "A YouTube video",
                json!({"url": "https://www.youtube.com/watch?v=jNQXAC9IVRw"}),
            ),
            (
                "part",
                "A section, in German, for at most 20 cents",
                json!({
                    "url": "https://youtu.be/jNQXAC9IVRw", "start_s": 0, "end_s": 90.5,
                    "language": "de", "resolution": "low", "max_cost_usd": 0.2,
                }),
            ),
            (
                "recording",
                "An uploaded recording",
                json!({"upload_id": UPLOAD}),
            ),
            (
                "transcript",
                "A video with its transcript, as WebVTT or SRT",
                json!({
                    "url": "https://youtu.be/jNQXAC9IVRw",
                    "transcript": "WEBVTT\n\n00:00.000 --> 00:04.000\nAll right, so here we are.\n",
                    "force": true,
                }),
            ),
        ],
    )
    .ok(body("A fresh analysis exists", "ReadyVideo")
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
        "Returns one entry per video, in order: the status of a single submission, with the \
         analysis, the job or the problem. An invalid item does not affect the others.",
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
    .ok(body("One entry per video", "BatchResult"))
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
        "Returns 202 with the job that submits the playlist page by page. The options apply \
         to each video. The deployment needs a key of the YouTube Data API.",
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
        "Start an upload of a recording",
        WRITE,
    )
    .about(
        "Returns a presigned `PUT` that is valid for an hour and bound to size, type and \
         hash. Send the bytes to `upload.url` with exactly `upload.headers`, then submit \
         `upload_id`. The same file gets the same upload.",
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
    .with(
        201,
        body("The destination and headers of the upload", "Upload"),
    )
}

fn get_job() -> Operation {
    Operation::new(
        ("get", "/v1/jobs/{job_id}"),
        "getJob",
        "Jobs",
        "Get a job",
        READ,
    )
    .about(
        "Returns status, progress and result. `kind` names the work: the analysis of a video, \
         a project, a deployment, software from a video, or work on many videos. \
         `Retry-After` is the time until the next poll. It is missing once the job has ended.",
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
        "Cancel a job",
        WRITE,
    )
    .about(
        "Cancels the job and returns it. A finished job stays unchanged, and completed work \
         is kept.",
    )
    .parameter(parameter("JobId"))
    .ok(body("The job", "Job").maybe("Retry-After"))
    .may_miss()
    .problems(409, &["conflict"])
}

/// Id of an upload in examples.
const UPLOAD: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
