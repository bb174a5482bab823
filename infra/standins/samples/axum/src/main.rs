//! A companion to a video, as a service.

mod companion;
mod problem;
mod routes;
mod search;

use std::{env, error::Error, net::Ipv4Addr};

use tokio::{net::TcpListener, signal};
use tracing_subscriber::EnvFilter;

const DEFAULT_PORT: u16 = 3000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let port = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => DEFAULT_PORT,
    };
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    tracing::info!("listening on {}", listener.local_addr()?);
    axum::serve(listener, routes::router())
        .with_graceful_shutdown(async {
            // Where the signal cannot be listened for, the process ends by it as ever.
            if signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    Ok(())
}
