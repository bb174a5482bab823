//! All operations. These tables define the contract of each route, and a test checks that each
//! route has one.

mod analyses;
mod deployments;
mod projects;
mod service;
mod submissions;
mod videos;

use crate::operation::Operation;

const READ: &str = "read";
const WRITE: &str = "write";
const ADMIN: &str = "admin";

/// Groups of operations, in the order of the page.
pub(crate) const TAGS: [(&str, &str); 8] = [
    (
        "Submissions",
        "Submit a YouTube URL, a playlist, or your own recording.",
    ),
    ("Jobs", "Progress and result of asynchronous work."),
    (
        "Analyses",
        "Knowledge about a video, in several forms and parts.",
    ),
    (
        "Library",
        "List, search, count, delete and comment on all videos.",
    ),
    (
        "Projects",
        "Software made from an analysis: planned, written file by file, checked and packed.",
    ),
    (
        "Deployments",
        "Deployments of software to GitHub, GitHub Pages, Vercel or Netlify.",
    ),
    (
        "Administration",
        "Operations that require the scope `admin`.",
    ),
    ("Service", "Status of the API, and this contract."),
];

pub(crate) fn all() -> Vec<Operation> {
    [
        submissions::all(),
        analyses::all(),
        videos::all(),
        projects::all(),
        deployments::all(),
        service::all(),
    ]
    .concat()
}
