//! What is decided before a project is brought to a target: whether the target takes it, what it is
//! called there, how its files are sent, and which calls that takes. All of it is pure.

mod dry_run;
mod hosts;
mod names;
mod objects;
mod target;
mod tree;

pub use dry_run::{Call, DryFile, DryRun, Where, dry_run};
pub use hosts::{VercelSettings, digests, host_name, is_published, required, vercel_settings};
pub use names::{
    Address, InvalidName, MAX_NAMES, Owner, RepositoryName, bears_marker, branch, commit_message,
    description, marker,
};
pub use objects::{NotAnObjectId, ObjectId, sha1};
pub use target::Target;
pub use tree::{Blob, Content, Entry, Mode, Present, blobs, changes, entries};

#[cfg(test)]
pub mod samples;
