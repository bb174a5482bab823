//! A finished project as one thing: the list of its files, and the archive that holds them.

mod archive;
mod manifest;

pub use archive::{archive, unpack};
pub use manifest::{FileMode, Manifest, ManifestEntry};
