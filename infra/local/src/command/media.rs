//! Upload of a file.

use std::{
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::{fs::File, io::AsyncReadExt as _, sync::mpsc};

use super::{client::Client, progress::Progress};

const CHUNK_BYTES: usize = 1024 * 1024;

/// Uploads the file unless it has already been uploaded, and returns the id of the upload.
pub(super) async fn upload(
    path: &Path,
    content_type: &str,
    client: &Client,
    progress: &Progress<'_>,
) -> anyhow::Result<String> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .context("the file has no name")?;
    let cannot_read = || format!("cannot read {}", path.display());
    progress.show_stage(0, "reading the file");
    let file = File::open(path).await.with_context(cannot_read)?;
    let (size, hash) = digest(file).await.with_context(cannot_read)?;
    if size == 0 {
        bail!("{} is empty", path.display());
    }
    let request = json!({
        "file_name": name,
        "content_type": content_type,
        "size_bytes": size,
        "sha256": hash,
    });
    let created = client.create_upload(&request).await?;
    if !created.uploaded {
        let target = created
            .upload
            .context("the API does not say where the file goes")?;
        progress.show_stage(0, "uploading the file");
        let file = File::open(path).await.with_context(cannot_read)?;
        let body = reqwest::Body::wrap(FileBody::new(file, size));
        client.put(&target, body).await?;
    }
    Ok(created.upload_id)
}

/// Returns the size in bytes and the SHA-256 in hexadecimal digits.
async fn digest(mut file: File) -> std::io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut buffer).await?;
        if count == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        size += count as u64;
        hash.update(&buffer[..count]);
    }
}

/// A file as the body of a request, read as fast as it is sent.
struct FileBody {
    chunks: mpsc::Receiver<std::io::Result<Bytes>>,
    left: u64,
}

impl FileBody {
    fn new(mut file: File, size: u64) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
                let read = file.read_buf(&mut chunk).await;
                let last = !matches!(read, Ok(count) if count > 0);
                // Only an error needs a message; the end of the file closes the channel.
                let message = match read {
                    Ok(0) => return,
                    read => read.map(|_| chunk.freeze()),
                };
                if sender.send(message).await.is_err() || last {
                    return;
                }
            }
        });
        Self { chunks, left: size }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let chunk = std::task::ready!(self.chunks.poll_recv(cx));
        if let Some(Ok(chunk)) = &chunk {
            self.left = self.left.saturating_sub(chunk.len() as u64);
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn file_body_is_read_in_pieces_and_complete() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.mp4");
        let content: Vec<u8> = (0..2 * CHUNK_BYTES + 7).map(|index| index as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let (size, hash) = digest(File::open(&path).await.unwrap()).await.unwrap();
        assert_eq!(size, content.len() as u64);
        assert_eq!(hash, hex::encode(Sha256::digest(&content)));
        let mut body = FileBody::new(File::open(&path).await.unwrap(), size);
        let mut pieces = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert!(pieces.len() > 1);
        assert_eq!(pieces.concat(), content);
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
