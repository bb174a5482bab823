//! Bodies of objects. Small ones are in the index, and larger ones in a file each. A file system
//! takes longer to create a small file than SQLite takes to store its bytes
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

/// Maximum size of a body that the index holds, in bytes.
pub(super) const SMALL_BYTES: usize = 64 << 10;

/// Size of the chunks in which a larger body is read, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// A written body that belongs to no object yet.
pub(super) enum Draft {
    Small(Vec<u8>),
    /// Deleted unless an object takes it.
    Large(NamedTempFile),
}

pub(super) enum Body {
    Small(Bytes),
    Large(std::fs::File),
}

/// Writer of a body into memory or a file.
pub(super) struct Writer<'a> {
    folder: &'a Path,
    small: Vec<u8>,
    large: Option<(NamedTempFile, BufWriter<File>)>,
}

impl<'a> Writer<'a> {
    /// Writes to a file in `folder` once the body exceeds [`SMALL_BYTES`].
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
    /// Returns `length` bytes from `start`, which must be within the body.
    pub(super) async fn read(self, start: u64, length: u64) -> io::Result<StreamingBlob> {
        let file = match self {
            Self::Small(bytes) => {
                // Both fit, because the body is small.
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
