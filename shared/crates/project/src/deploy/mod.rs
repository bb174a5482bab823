//! Pure decisions of a deployment: target support, names, encoding of files, and API calls.

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
pub use tree::{Blob, Content, Entry, Present, blobs, changes, entries};

#[cfg(test)]
pub mod samples;
