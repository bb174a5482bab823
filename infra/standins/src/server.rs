//! HTTP server on the loopback interface: start, stop, delays and broken connections.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::connect_info::Connected,
    response::{IntoResponse, Response},
    serve::{IncomingStream, Listener},
};
use http::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

/// Maximum time that [`Running::shutdown`] waits for running requests.
const GRACE: Duration = Duration::from_secs(1);

/// A running stand-in, which stops when it is dropped.
#[derive(Debug)]
pub struct Running {
    /// Base URL without a trailing slash: `http://127.0.0.1:<port>`.
    pub base_url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops accepting connections, waits up to a second for running requests, then frees the port.
    pub async fn shutdown(self) {
        let Self { stop, mut task, .. } = self;
        drop(stop);
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// A bound port that is not served yet, so that the state behind it can contain its address.
pub(crate) struct Bound {
    pub(crate) base_url: String,
    listener: TcpListener,
}

/// Binds a port of 127.0.0.1; 0 chooses a free port.
pub(crate) async fn bind(port: u16) -> anyhow::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let base_url = format!("http://{}", listener.local_addr()?);
    Ok(Bound { base_url, listener })
}

impl Bound {
    /// Serves `router` until the returned value is dropped.
    pub(crate) fn serve(self, router: Router) -> Running {
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<Cut>();
        let listener = Cuttable(self.listener);
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(error) = served.await {
                tracing::error!(%error, "a stand-in stopped");
            }
        });
        Running {
            base_url: self.base_url,
            stop,
            task,
        }
    }
}

/// Waits as long as the real service would take. No other code of a stand-in sleeps.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in imitates the time that the real service takes"
)]
pub(crate) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Number of the next connection of this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// Switch that breaks the connection of a request.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    armed: Arc<AtomicBool>,
    connection: u64,
}

impl Cut {
    fn accepted() -> Self {
        Self {
            armed: Arc::default(),
            connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Returns the number of the connection, which is unique in this process.
    pub(crate) fn connection(&self) -> u64 {
        self.connection
    }

    /// Returns whether the connection is about to break.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// Breaks the connection. The returned response never reaches the caller, because writing it
    /// fails.
    pub(crate) fn now(&self) -> Response {
        self.armed.store(true, Ordering::Release);
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(NeverSent);
        response
    }
}

/// Marks a response that never reaches the caller.
#[derive(Clone, Copy)]
pub(crate) struct NeverSent;

struct Cuttable(TcpListener);

impl Listener for Cuttable {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let cut = Cut::accepted();
        (CuttableStream { stream, cut }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().cut.clone()
    }
}

struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl CuttableStream {
    fn check(&self) -> io::Result<()> {
        if self.cut.is_armed() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
