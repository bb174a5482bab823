//! The handlers of the API as plain function pointers, one for each function that answers requests.
//!
//! The crate that polls an `async fn` compiles it, with everything that it awaits. The boxed future
//! of these functions is polled through a pointer, so the handlers are compiled once, in this crate,
//! and not again in each of the forty functions.

use futures_util::future::BoxFuture;
use lambda_http::Request;

use super::{
    Answer, admin, analyses, dead_letters, deletion, feedback, health, jobs, listing, projects,
    search, stats, submissions, unknown, uploads, videos,
};
use eventrelay_workflow::context::Context;

/// A handler as [`crate::run::endpoint`] takes it.
pub type Handler = for<'a> fn(&'a Context, &'a Request) -> BoxFuture<'a, Answer>;

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident: $handler:path;)*) => {
        $(
            $(#[$doc])*
            pub fn $name<'a>(
                context: &'a Context,
                request: &'a Request,
            ) -> BoxFuture<'a, Answer> {
                Box::pin($handler(context, request))
            }
        )*
    };
}

endpoints! {
    /// `DELETE /v1/jobs/{job_id}`.
    cancel_job: jobs::cancel;
    /// `POST /v1/projects/{project_id}/deployments`.
    create_deployment: projects::create_deployment;
    /// `POST /v1/videos/{video_id}/feedback`.
    create_feedback: feedback::create;
    /// `POST /v1/videos/{video_id}/projects`.
    create_project: projects::create;
    /// `POST /v1/video-to-software`.
    create_software: projects::create_software;
    /// `POST /v1/uploads`.
    create_upload: uploads::create;
    /// `DELETE /v1/projects/{project_id}`.
    delete_project: projects::delete;
    /// `DELETE /v1/videos/{video_id}`.
    delete_video: deletion::delete;
    /// `DELETE /v1/videos?confirm=all`.
    delete_videos: admin::delete_videos;
    /// `PATCH /v1/projects/{project_id}/plan`.
    edit_plan: projects::edit_plan;
    /// `GET /v1/deployments/{deployment_id}`.
    get_deployment: projects::get_deployment;
    /// `GET /health`.
    get_health: health::get;
    /// `GET /v1/jobs/{job_id}`.
    get_job: jobs::get;
    /// `GET /v1/projects/{project_id}`.
    get_project: projects::get;
    /// `GET /v1/projects/{project_id}/archive`.
    get_project_archive: projects::archive;
    /// `GET /v1/projects/{project_id}/files/{path}`.
    get_project_file: projects::file;
    /// `GET /v1/stats`.
    get_stats: stats::get;
    /// `GET /v1/videos/{video_id}`.
    get_video: videos::get;
    /// `GET /v1/videos/{video_id}/analyses`.
    list_analyses: analyses::list;
    /// `GET /v1/admin/dead-letters`.
    list_dead_letters: dead_letters::list;
    /// `GET /v1/projects/{project_id}/deployments`.
    list_deployments: projects::list_deployments;
    /// `GET /v1/videos/{video_id}/feedback`.
    list_feedback: feedback::list;
    /// `GET /v1/videos/{video_id}/projects`.
    list_projects: projects::list;
    /// `GET /v1/videos`.
    list_videos: listing::list;
    /// `POST /v1/admin/recount`.
    recount_stats: admin::recount;
    /// `POST /v1/admin/dead-letters/redrive`.
    redrive_dead_letters: dead_letters::redrive;
    reject_unknown: unknown::refuse;
    /// `POST /v1/projects/{project_id}/retry`.
    retry_project: projects::retry;
    /// `GET /v1/search`.
    search_videos: search::find;
    /// `POST /v1/videos/batch`.
    submit_batch: submissions::submit_batch;
    /// `POST /v1/videos`.
    submit_video: submissions::submit;
}
