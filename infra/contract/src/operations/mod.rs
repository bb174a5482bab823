//! Every operation there is. What the tables below say of a route is the contract; that they say
//! something of each route is a test.

mod analyses;
mod deployments;
mod projects;
mod service;
mod submissions;
mod videos;

use crate::operation::Operation;

/// A key of this scope is needed.
const READ: &str = "read";
const WRITE: &str = "write";
const ADMIN: &str = "admin";

/// The groups of operations, in the order of the page.
pub(crate) const TAGS: [(&str, &str); 8] = [
    (
        "Submissions",
        "A video goes in: a YouTube URL, a playlist, or a recording of one's own.",
    ),
    (
        "Jobs",
        "What is being done, how far it is, and how it ended.",
    ),
    (
        "Analyses",
        "What was found out about a video, in several forms and parts.",
    ),
    (
        "Library",
        "All videos: listed, searched, counted, deleted, commented on.",
    ),
    (
        "Projects",
        "Software that is made of an analysis: planned, written file by file, checked, packed.",
    ),
    (
        "Deployments",
        "Software that is brought to GitHub, GitHub Pages, Vercel or Netlify.",
    ),
    (
        "Administration",
        "What only a key of the scope `admin` may do.",
    ),
    (
        "Service",
        "The API itself: whether it is well, and this contract.",
    ),
];

/// All of them.
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
