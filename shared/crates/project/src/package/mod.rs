//! Packaging of a finished project: its manifest and its archive.

mod archive;
mod manifest;

pub use archive::{archive, unpack};
pub use manifest::{FileMode, Manifest, ManifestEntry};
