//! A plain HTTP/1.1 server on the thread it is started on.

use std::{convert::Infallible, rc::Rc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::spawn_local};

/// Answers requests until the task is dropped. To be called within a `LocalSet`.
pub(crate) async fn serve<A>(listener: TcpListener, answer: A) -> anyhow::Result<()>
where
    A: AsyncFn(Request<Incoming>) -> Response<Full<Bytes>> + 'static,
{
    let answer = Rc::new(answer);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        spawn_local(async move {
            let service = service_fn(async |request| Ok::<_, Infallible>(answer(request).await));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away is the end of its connection and of nothing else.
            let _ = connection.await;
        });
    }
}
