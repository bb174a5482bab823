//! Listeners of this process on 127.0.0.1.

use std::{future::Future, io, net::SocketAddr};

use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, sync::watch};

/// Binds a port, or any free one for 0. Returns the listener with its base URL.
pub(crate) async fn bind(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Serves `router` until `end`, and then answers running requests.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // Without `TCP_NODELAY`, a response in two writes would wait for a delayed acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(end)
        .await
}

/// Resolves when `shutdown` is true or its sender is dropped.
pub(crate) async fn ended(mut shutdown: watch::Receiver<bool>) {
    // An error means that the sender was dropped.
    let _ = shutdown.wait_for(|stop| *stop).await;
}
