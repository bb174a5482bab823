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
    cancel_job: jobs::cancel;
    create_deployment: projects::create_deployment;
    create_feedback: feedback::create;
    create_project: projects::create;
    create_software: projects::create_software;
    create_upload: uploads::create;
    delete_project: projects::delete;
    delete_video: deletion::delete;
    delete_videos: admin::delete_videos;
    edit_plan: projects::edit_plan;
    get_deployment: projects::get_deployment;
    get_health: health::get;
    get_job: jobs::get;
    get_project: projects::get;
    get_project_archive: projects::archive;
    get_project_file: projects::file;
    get_stats: stats::get;
    get_video: videos::get;
    list_analyses: analyses::list;
    list_dead_letters: dead_letters::list;
    list_deployments: projects::list_deployments;
    list_feedback: feedback::list;
    list_projects: projects::list;
    list_videos: listing::list;
    recount_stats: admin::recount;
    redrive_dead_letters: dead_letters::redrive;
    reject_unknown: unknown::refuse;
    retry_project: projects::retry;
    search_videos: search::find;
    submit_batch: submissions::submit_batch;
    submit_video: submissions::submit;
}
