//! Bodies of objects. What is small lies in the index, all else in a file of its own: a file system
//! takes longer to make a small file than SQLite takes for the bytes
//! (<https://sqlite.org/intern-v-extern-blob.html>).

use std::{
    io::{self, SeekFrom},
    path::Path,
};

use bytes::{Bytes, BytesMut};
use futures_util::stream::try_unfold;
use s3s::dto::StreamingBlob;
use tempfile::NamedTempFile;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufWriter},
};

/// Largest body in the index, in bytes.
pub(super) const SMALL_BYTES: usize = 64 << 10;

/// How much of a larger one is in memory at once, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// A body that is written but not yet that of an object.
pub(super) enum Draft {
    Small(Vec<u8>),
    /// Deleted again unless an object takes it.
    Large(NamedTempFile),
}

/// The body of an object.
pub(super) enum Body {
    Small(Bytes),
    Large(std::fs::File),
}

/// A body on its way into the index or to the disk.
pub(super) struct Writer<'a> {
    folder: &'a Path,
    small: Vec<u8>,
    large: Option<(NamedTempFile, BufWriter<File>)>,
}

impl<'a> Writer<'a> {
    /// Of a body that gets a file in `folder` where it needs one.
    pub(super) fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            small: Vec::new(),
            large: None,
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, writer)) = &mut self.large {
            return writer.write_all(bytes).await;
        }
        if self.small.len() + bytes.len() <= SMALL_BYTES {
            self.small.extend_from_slice(bytes);
            return Ok(());
        }
        let file = new_file(self.folder).await?;
        let writer = File::from_std(file.reopen()?);
        let mut writer = BufWriter::with_capacity(CHUNK_BYTES, writer);
        writer.write_all(&std::mem::take(&mut self.small)).await?;
        writer.write_all(bytes).await?;
        self.large = Some((file, writer));
        Ok(())
    }

    pub(super) async fn finish(self) -> io::Result<Draft> {
        let Some((file, mut writer)) = self.large else {
            return Ok(Draft::Small(self.small));
        };
        writer.flush().await?;
        Ok(Draft::Large(file))
    }
}

async fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let folder = folder.to_owned();
    let create = move || {
        tempfile::Builder::new()
            .prefix("")
            .rand_bytes(24)
            .tempfile_in(folder)
    };
    tokio::task::spawn_blocking(create).await?
}

impl Body {
    /// `length` bytes of it from `start` on, both within it.
    pub(super) async fn read(self, start: u64, length: u64) -> io::Result<StreamingBlob> {
        let file = match self {
            Self::Small(bytes) => {
                // No larger than what is small.
                let (start, length) = (start as usize, length as usize);
                let part = bytes.slice(start..start + length);
                return Ok(StreamingBlob::from(s3s::Body::from(part)));
            }
            Self::Large(file) => file,
        };
        let mut file = File::from_std(file);
        file.seek(SeekFrom::Start(start)).await?;
        Ok(StreamingBlob::wrap(try_unfold(
            file.take(length),
            |mut file| async move {
                let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
                let read = file.read_buf(&mut chunk).await?;
                Ok::<_, io::Error>((read > 0).then(|| (chunk.freeze(), file)))
            },
        )))
    }
}
